import { readFile } from 'node:fs/promises'
import type { RequestHandler } from 'express'
import { at, stringAt, tryParseJson } from '../../src/api/json.ts'
import type { SignIn } from '../protocol.ts'
import { listOf } from './row.ts'

/** One file of the page, in both compressed forms that the build makes. */
export interface Asset {
  /** The path of the file's URL, such as `/assets/main-ABCDEFGH.js`. */
  readonly path: string
  readonly type: string
  readonly gzip: Uint8Array
  readonly brotli: Uint8Array
}

/** The page: its document, and the files with a hash in their names. */
export interface Assets {
  /** HTML with the placeholders `%sign-in%` and `%version%`. */
  readonly document: string
  readonly files: readonly Asset[]
}

const forEver = 'public, max-age=31536000, immutable'

/** Answers everything outside `/api`. All places of the page share one document. */
export const serveAssets = (assets: Assets, signIn: SignIn, version: string): RequestHandler => {
  const files = new Map(assets.files.map(file => [file.path, file]))
  const document = assets.document.replaceAll('%sign-in%', signIn).replaceAll('%version%', version)
  return ({ headers, method, path }, response) => {
    if (method !== 'GET' && method !== 'HEAD') {
      response.status(405).set('allow', 'GET, HEAD').end()
      return
    }
    const file = files.get(path)
    if (file !== undefined) {
      const encoding = /\bbr\b/.test(String(headers['accept-encoding'])) ? 'br' : 'gzip'
      response.set({ 'cache-control': forEver, 'content-encoding': encoding, vary: 'accept-encoding' })
      response.type(file.type).send(encoding === 'br' ? file.brotli : file.gzip)
    } else if (path.startsWith('/assets/') || /^\/[^/]*\.[a-z0-9]+$/.test(path)) {
      // A missing file must not be answered with the document. An older page may ask for its files,
      // and a browser for an icon.
      response.status(404).type('text/plain').send('there is no such file\n')
    } else response.type('text/html').send(document)
  }
}

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
