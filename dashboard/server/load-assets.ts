import { readFile } from 'node:fs/promises'
import { at, stringAt, tryParseJson } from '../../src/api/json.ts'
import type { Assets } from './assets.ts'
import { listOf } from './row.ts'

/** Loads the page. A bundle has the built page next to it. In a checkout the page is built now. */
export const loadAssets = (): Promise<Assets> =>
  import.meta.url.endsWith('.ts') ? buildNow() : readBuilt(new URL('page/', import.meta.url))

const buildNow = async (): Promise<Assets> => {
  // The path is computed, so that the bundle does not contain the bundler.
  const script = new URL('../../scripts/page.ts', import.meta.url).href
  const module: unknown = await import(script)
  const build = at(module, 'buildPage')
  if (typeof build !== 'function') throw new TypeError(`${script} has no buildPage`)
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the type of that script's one function
  return await (build as () => Promise<Assets>)()
}

const readBuilt = async (folder: URL): Promise<Assets> => {
  const read = (name: string): Promise<Buffer> => readFile(new URL(name, folder))
  const manifest = tryParseJson((await read('manifest.json')).toString())
  const files = listOf(at(manifest, 'files')).map(async file => {
    const name = stringAt(file, 'name') ?? ''
    const [brotli, gzip] = await Promise.all([read(`${name}.br`), read(`${name}.gz`)])
    return { path: stringAt(file, 'path') ?? '', type: stringAt(file, 'type') ?? '', brotli, gzip }
  })
  return { document: stringAt(manifest, 'document') ?? '', files: await Promise.all(files) }
}
