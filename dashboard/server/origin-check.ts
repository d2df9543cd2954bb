import type { IncomingMessage } from 'node:http'
import type { RequestHandler } from 'express'
import { RefusedError } from './refused.ts'

/** The host names under which the page is served. */
export interface ServedNames {
  /** The public address, such as `https://hooks.example.com`. */
  readonly url?: URL | undefined
  /**
   * Which loopback names are accepted. A number: with this port, the server's own. `any`: with any
   * port, because a port-forward may use any. `none`: no loopback name, because the page is behind
   * a proxy.
   */
  readonly loopback: number | 'any' | 'none'
}

/** How the page is reached with a given Host header. */
export interface Reached {
  readonly origin: string
  /** True if the browser reaches the page over TLS. */
  readonly secure: boolean
  readonly loopback: boolean
}

const loopbackName = /^(?:127\.0\.0\.1|localhost)(?::([0-9]{1,5}))?$/

/**
 * Returns how the page is reached with this Host header. Returns undefined if the page is not
 * served under this name.
 */
export const reachedBy = ({ loopback, url }: ServedNames, host: string): Reached | undefined => {
  if (url !== undefined && host === url.host) {
    return { origin: url.origin, secure: url.protocol === 'https:', loopback: loopbackName.test(host) }
  }
  const port = loopbackName.exec(host)
  if (port === null || loopback === 'none') return undefined
  return loopback === 'any' || Number(port[1] ?? 80) === loopback
    ? { origin: `http://${host}`, secure: false, loopback: true }
    : undefined
}

/** The part of a request that is checked. `headersDistinct` has every Host that was sent. */
export type RequestHead = Pick<IncomingMessage, 'method' | 'url' | 'headers' | 'headersDistinct'>

/**
 * Returns why a request cannot come from the page, or undefined. A page of another site has another
 * Host (DNS rebinding), or its fetch metadata and Origin differ. A client that is no browser can
 * send any headers, but needs a session.
 */
export const originProblem = (served: ServedNames, head: RequestHead): RefusedError | undefined => {
  const { headers, headersDistinct, method, url = '' } = head
  const [host = '', ...others] = headersDistinct['host'] ?? []
  // A path that begins with two slashes is refused, because some parsers read a host from it.
  const reached = others.length === 0 && /^\/(?!\/)/.test(url) ? reachedBy(served, host) : undefined
  if (reached === undefined) {
    const message = 'this address is not served here; open the one that the command printed'
    return new RefusedError(421, 'MisdirectedRequest', message)
  }
  const isApi = /^\/api(?![^/?])/.test(url)
  const site = headers['sec-fetch-site']
  if (isApi && site !== undefined && site !== 'same-origin') return notThePage()
  // The page never sends HEAD to the API, so HEAD is checked like a write.
  const isRead = method === 'GET' || (method === 'HEAD' && !isApi)
  return isRead || headers.origin === reached.origin ? undefined : notThePage()
}

const notThePage = (): RefusedError => new RefusedError(403, 'NotThePage', 'only the page itself may request this')

export const originCheck =
  (served: () => ServedNames): RequestHandler =>
  (request, _response, next) =>
    next(originProblem(served(), request))
