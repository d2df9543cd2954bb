import { refuse, type PageAnswer, type PageRequest } from './exchange.ts'

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

/** A request that came under a name that is served, by the page or by somebody without a browser. */
export interface Passed {
  /** Percent-encoded, without the query. */
  readonly path: string
  readonly query: URLSearchParams
  /** Whether people reach the page through TLS. */
  readonly secure: boolean
  readonly loopback: boolean
  readonly cookie: string
}

const loopbackName = /^(?:127\.0\.0\.1|localhost)(?::([0-9]{1,5}))?$/

/** The origin that the page has under this Host, or undefined where that is not served. */
const originOf = ({ loopback, url }: Served, host: string): { origin: string; loopback: boolean } | undefined => {
  if (url !== undefined && host === url.host) return { origin: url.origin, loopback: loopbackName.test(host) }
  const port = loopbackName.exec(host)
  if (port === null || loopback === 'none') return undefined
  return loopback === 'any' || Number(port[1] ?? 80) === loopback
    ? { origin: `http://${host}`, loopback: true }
    : undefined
}

/**
 * Decides by the head of a request whether the page may have sent it. A page of another site cannot: its Host is another
 * (DNS rebinding), or its fetch metadata and Origin tell. Who has no browser can send anything, and needs a session anyway.
 */
export const door = (served: Served, request: PageRequest): Passed | { readonly refused: PageAnswer } => {
  const { headers, hosts, method, target } = request
  const [host = ''] = hosts
  // What begins with two slashes is a host to some that read it.
  const origin = hosts.length === 1 && /^\/(?!\/)/.test(target) ? originOf(served, host) : undefined
  if (origin === undefined) {
    return {
      refused: refuse(
        421,
        'MisdirectedRequest',
        'this address is not served here; open the one that the command printed',
      ),
    }
  }
  const [path = '/', query = ''] = target.split('?', 2)
  const isApi = path.startsWith('/api/')
  if (isApi) {
    const site = headers['sec-fetch-site']
    if (site !== undefined && site !== 'same-origin') return { refused: notThePage }
  }
  // A HEAD of the API has no use for the page, and stays with what changes something.
  const isRead = method === 'GET' || (method === 'HEAD' && !isApi)
  if (!isRead && headers['origin'] !== origin.origin) return { refused: notThePage }
  const secure = origin.origin.startsWith('https:')
  return {
    path,
    query: new URLSearchParams(query),
    secure,
    loopback: origin.loopback,
    cookie: secure ? '__Host-receiver-hooks' : `receiver-hooks-${host.split(':')[1] ?? '80'}`,
  }
}

const notThePage = refuse(403, 'NotThePage', 'only the page itself may ask this')

/** The value of a cookie; undefined where it is missing, or there twice. */
export const cookieIn = (header: string | undefined, name: string): string | undefined => {
  const values = (header ?? '')
    .split(';')
    .map(pair => pair.trim())
    .filter(pair => pair.startsWith(`${name}=`))
    .map(pair => pair.slice(name.length + 1))
  return values.length === 1 ? values[0] : undefined
}

/**
 * The header that sets a session's cookie, or takes it away. The `__Host-` prefix asks for the whole host (RFC 6265bis, 4.1.3.2);
 * without TLS the cookie goes to /api/ alone.
 */
export const setCookie = ({ cookie, secure }: Passed, value: string | undefined): string =>
  [
    `${cookie}=${value ?? ''}`,
    'HttpOnly',
    'SameSite=Strict',
    secure ? 'Path=/' : 'Path=/api/',
    ...(secure ? ['Secure'] : []),
    ...(value === undefined ? ['Max-Age=0'] : []),
  ].join('; ')
