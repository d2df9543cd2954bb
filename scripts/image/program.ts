import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, relative } from 'node:path'
import { promisify } from 'node:util'
import { at, isObject, parseJson, stringAt } from '../../src/api/json.ts'
import { file, type Entry } from './entry.ts'

/** What a container runs, and what that starts for expressions. */
const programs: readonly string[] = ['receiver-hooks.mjs', 'receiver-hooks-evaluator.mjs', 'receiver-hooks-reader.mjs']

/** Bundles the product, and resolves with it as files of the image. */
export const programLayer = async (): Promise<readonly Entry[]> => {
  const work = await mkdtemp(join(tmpdir(), 'receiver-hooks-bundle-'))
  try {
    await promisify(execFile)(process.execPath, ['scripts/build.ts', work])
    const names = [...(await reached(work)), ...(await pageFiles(work)), 'NOTICES.txt']
    return await Promise.all(names.map(async name => file(`app/${name}`, await readFile(join(work, name)))))
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** Returns the dashboard's page, which it looks for next to the bundle. */
const pageFiles = async (work: string): Promise<readonly string[]> =>
  (await readdir(join(work, 'page'), { recursive: true, withFileTypes: true }))
    .filter(entry => entry.isFile() && !entry.name.endsWith('.map'))
    .map(entry => relative(work, join(entry.parentPath, entry.name)))

/** Returns the programs and every part that they load, also on demand; the source maps are no part of the image. */
const reached = async (work: string): Promise<readonly string[]> => {
  const outputs = at(parseJson(await readFile(join(work, 'meta.json'), 'utf8')), 'outputs')
  const paths = new Map(Object.keys(isObject(outputs) ? outputs : {}).map(path => [basename(path), path]))
  const names = new Set(programs)
  for (const name of names) {
    const imports = at(outputs, paths.get(name) ?? '', 'imports')
    for (const imported of Array.isArray(imports) ? imports : []) {
      if (at(imported, 'external') !== true) names.add(basename(stringAt(imported, 'path') ?? ''))
    }
  }
  return [...names]
}
