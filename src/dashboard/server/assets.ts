import type { SignIn } from '../protocol.ts'
import type { PageAnswer, PageRequest } from './exchange.ts'

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

/** Answers whatever is not under `/api/`: every place of the page is its one document. */
export const serveAssets = (
  assets: Assets,
  signIn: SignIn,
  version: string,
): ((path: string, request: PageRequest) => PageAnswer) => {
  const files = new Map(assets.files.map(file => [file.path, file]))
  const document = assets.document.replaceAll('%sign-in%', signIn).replaceAll('%version%', version)
  return (path, { headers, method }) => {
    if (method !== 'GET' && method !== 'HEAD') return { status: 405, headers: { allow: 'GET, HEAD' }, body: '' }
    const file = files.get(path)
    if (file !== undefined) {
      const encoding = /\bbr\b/.test(headers['accept-encoding'] ?? '') ? 'br' : 'gzip'
      return {
        status: 200,
        headers: {
          'content-type': file.type,
          'cache-control': forEver,
          'content-encoding': encoding,
          vary: 'accept-encoding',
        },
        body: encoding === 'br' ? file.brotli : file.gzip,
      }
    }
    // A file that an older page asks for must not be this document, nor what browsers look for by themselves.
    if (path.startsWith('/assets/') || /^\/[^/]*\.[a-z0-9]+$/.test(path)) {
      return { status: 404, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: 'there is no such file\n' }
    }
    return { status: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body: document }
  }
}
