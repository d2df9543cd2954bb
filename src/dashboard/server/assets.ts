import type { RequestHandler } from 'express'
import type { SignIn } from '../protocol.ts'

/** One file of the page, compressed when it was built. */
export interface Asset {
  /** As in `/assets/main-ABCDEFGH.js`. */
  readonly path: string
  readonly type: string
  readonly gzip: Uint8Array
  readonly brotli: Uint8Array
}

/** The page: its document, and the files that it names by their hash. */
export interface Assets {
  /** HTML in which `%sign-in%` and `%version%` are to be replaced. */
  readonly document: string
  readonly files: readonly Asset[]
}

const forEver = 'public, max-age=31536000, immutable'

/** Answers what is not under `/api`: every place of the page is its one document. */
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
      // A file that an older page asks for must not be this document, nor what browsers look for by themselves.
      response.status(404).type('text/plain').send('there is no such file\n')
    } else response.type('text/html').send(document)
  }
}
