import type { RequestHandler } from 'express'
import type { SignIn } from '../protocol.ts'

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
