import { describe, expect, it } from 'vitest'
import { originProblem, type RequestHead, type ServedNames } from '../../../dashboard/server/origin-check.ts'

const loopback: ServedNames = { loopback: 8082 }
const cluster: ServedNames = { loopback: 'any', url: new URL('https://hooks.example.com/') }
const behindProxy: ServedNames = { loopback: 'none', url: new URL('https://hooks.example.com/') }

interface Change {
  readonly hosts?: readonly string[]
  readonly headers?: RequestHead['headers']
}

/** Returns a request of the page itself; `change` makes it somebody else's. */
const pageRequest = (
  method: string,
  url: string,
  { headers, hosts = ['127.0.0.1:8082'] }: Change = {},
): RequestHead => ({
  method,
  url,
  headersDistinct: { host: [...hosts] },
  headers: {
    'sec-fetch-site': 'same-origin',
    ...(method === 'GET' ? {} : { origin: 'http://127.0.0.1:8082' }),
    ...headers,
  },
})

const statusOf = (served: ServedNames, request: RequestHead): number | 'passes' =>
  originProblem(served, request)?.status ?? 'passes'

const from = (host: string): Change => ({ hosts: [host] })

describe('the origin check', () => {
  it.each<readonly [name: string, request: RequestHead, expected: number | 'passes']>([
    ['the page', pageRequest('GET', '/api/me'), 'passes'],
    ['the page by the other name', pageRequest('GET', '/api/me', from('localhost:8082')), 'passes'],
    [
      'a client without fetch metadata',
      pageRequest('GET', '/api/me', { headers: { 'sec-fetch-site': undefined } }),
      'passes',
    ],
    [
      'a link from elsewhere to the document',
      pageRequest('GET', '/', { headers: { 'sec-fetch-site': 'cross-site' } }),
      'passes',
    ],
    ['a HEAD of the document', pageRequest('HEAD', '/', { headers: { origin: undefined } }), 'passes'],
    [
      'what only begins like the API',
      pageRequest('GET', '/apis', { headers: { 'sec-fetch-site': 'cross-site' } }),
      'passes',
    ],
    ['the API without a path', pageRequest('GET', '/api?x', { headers: { 'sec-fetch-site': 'cross-site' } }), 403],
    ['a HEAD of the API', pageRequest('HEAD', '/api/me', { headers: { origin: undefined } }), 403],
    ['a HEAD of a name that was rebound', pageRequest('HEAD', '/', from('evil.example:8082')), 421],
    ['a name that was rebound', pageRequest('GET', '/', from('evil.example:8082')), 421],
    ['a name that was rebound, without a port', pageRequest('GET', '/', from('evil.example')), 421],
    ['a name that begins like ours', pageRequest('GET', '/', from('127.0.0.1:8082.evil.example')), 421],
    ['our name with another port', pageRequest('GET', '/', from('127.0.0.1:8083')), 421],
    ['two hosts', pageRequest('GET', '/', { hosts: ['127.0.0.1:8082', 'evil.example'] }), 421],
    ['the same host twice', pageRequest('GET', '/', { hosts: ['127.0.0.1:8082', '127.0.0.1:8082'] }), 421],
    ['no host', pageRequest('GET', '/', { hosts: [] }), 421],
    ['an absolute target', pageRequest('GET', 'http://evil.example/'), 421],
    ['a target that begins like a host', pageRequest('GET', '//evil.example/api/me'), 421],
    ['a target that is a star', pageRequest('OPTIONS', '*'), 421],
    ['another site', pageRequest('GET', '/api/me', { headers: { 'sec-fetch-site': 'cross-site' } }), 403],
    [
      'another port of the same host',
      pageRequest('GET', '/api/me', { headers: { 'sec-fetch-site': 'same-site' } }),
      403,
    ],
    ['the address bar', pageRequest('GET', '/api/me', { headers: { 'sec-fetch-site': 'none' } }), 403],
    [
      'a write of another port',
      pageRequest('POST', '/api/session', { headers: { origin: 'http://127.0.0.1:3000' } }),
      403,
    ],
    ['a write without an origin', pageRequest('POST', '/api/session', { headers: { origin: undefined } }), 403],
    ['a write of a page without an origin', pageRequest('POST', '/api/session', { headers: { origin: 'null' } }), 403],
    [
      'a write of the other name',
      pageRequest('POST', '/api/session', { headers: { origin: 'http://localhost:8082' } }),
      403,
    ],
    ['a delete without an origin', pageRequest('DELETE', '/api/session', { headers: { origin: undefined } }), 403],
  ])('on loopback: %s', (_name, request, expected) => {
    expect(statusOf(loopback, request)).toBe(expected)
  })

  it.each<readonly [name: string, served: ServedNames, host: string, expected: number | 'passes']>([
    ['its own host', cluster, 'hooks.example.com', 'passes'],
    ['a port-forward from any port', cluster, '127.0.0.1:51234', 'passes'],
    ['another host', cluster, 'hooks.example.com.evil.example', 421],
    ['its own host with a port', cluster, 'hooks.example.com:8443', 421],
    ['a port-forward around a proxy', behindProxy, '127.0.0.1:8082', 421],
    ['the host that the proxy passes on', behindProxy, 'hooks.example.com', 'passes'],
  ])('in the cluster: %s', (_name, served, host, expected) => {
    expect(statusOf(served, pageRequest('GET', '/', from(host)))).toBe(expected)
  })

  it('takes an origin without TLS for another where people come through TLS', () => {
    const write = (origin: string): RequestHead =>
      pageRequest('POST', '/api/session', { ...from('hooks.example.com'), headers: { origin } })
    expect(statusOf(cluster, write('https://hooks.example.com'))).toBe('passes')
    expect(statusOf(cluster, write('http://hooks.example.com'))).toBe(403)
  })
})
