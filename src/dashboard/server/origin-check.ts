import type { IncomingMessage } from 'node:http'
import type { RequestHandler } from 'express'
import { Refused } from './refused.ts'

/** The names under which the page is served. */
export interface Served {
  /** The address that people open, as in `https://hooks.example.com`; its host is served. */
  readonly url?: URL
  /**
   * Which loopback names are served: of one port (the server's own), of any (a port-forward chooses its own), or none (behind
   * a proxy that signs people in).
   */
  readonly loopback: number | 'any' | 'none'
}

/** How people reach the page under the Host of a request. */
export interface Reached {
  readonly origin: string
  /** Whether they come through TLS. */
  readonly secure: boolean
  readonly loopback: boolean
}

const loopbackName = /^(?:127\.0\.0\.1|localhost)(?::([0-9]{1,5}))?$/

/** Returns how the page is reached under this Host, or undefined where that is not served. */
export const reachedBy = ({ loopback, url }: Served, host: string): Reached | undefined => {
  if (url !== undefined && host === url.host) {
    return { origin: url.origin, secure: url.protocol === 'https:', loopback: loopbackName.test(host) }
  }
  const port = loopbackName.exec(host)
  if (port === null || loopback === 'none') return undefined
  return loopback === 'any' || Number(port[1] ?? 80) === loopback
    ? { origin: `http://${host}`, secure: false, loopback: true }
    : undefined
}

/** What the check looks at of a request. `headersDistinct` has every Host that was sent. */
export type RequestHead = Pick<IncomingMessage, 'method' | 'url' | 'headers' | 'headersDistinct'>

/**
 * Decides by the head of a request whether the page may have sent it: returns why not. A page of another site cannot: its Host is
 * another (DNS rebinding), or its fetch metadata and Origin show it. A client that is no browser can send anything, and needs a
 * session anyway.
 */
export const originProblem = (served: Served, head: RequestHead): Refused | undefined => {
  const { headers, headersDistinct, method, url = '' } = head
  const [host = '', ...others] = headersDistinct['host'] ?? []
  // What begins with two slashes is a host to some that read it.
  const reached = others.length === 0 && /^\/(?!\/)/.test(url) ? reachedBy(served, host) : undefined
  if (reached === undefined) {
    const message = 'this address is not served here; open the one that the command printed'
    return new Refused(421, 'MisdirectedRequest', message)
  }
  const isApi = /^\/api(?![^/?])/.test(url)
  const site = headers['sec-fetch-site']
  if (isApi && site !== undefined && site !== 'same-origin') return notThePage()
  // A HEAD of the API has no use for the page, and stays with what changes something.
  const isRead = method === 'GET' || (method === 'HEAD' && !isApi)
  return isRead || headers.origin === reached.origin ? undefined : notThePage()
}

const notThePage = (): Refused => new Refused(403, 'NotThePage', 'only the page itself may ask this')

export const originCheck =
  (served: () => Served): RequestHandler =>
  (request, _response, next) =>
    next(originProblem(served(), request))
