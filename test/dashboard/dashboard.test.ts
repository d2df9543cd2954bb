import { describe, expect, it } from 'vitest'
import { stringAt, tryParseJson } from '../../src/api/json.ts'
import type { SignIn } from '../../src/dashboard/protocol.ts'
import { dashboard } from '../../src/dashboard/server/dashboard.ts'
import type { Served } from '../../src/dashboard/server/door.ts'
import { TooLarge, type PageRequest } from '../../src/dashboard/server/exchange.ts'
import type { ApiRequest, OutboundRequest } from '../../src/environment/environment.ts'
import { Unreachable } from '../../src/environment/unreachable.ts'
import { fakeClock } from '../support/clock.ts'
import { noOutbound, testEnvironment } from '../support/environment.ts'
import { answer, scriptedConnection, type Scripted } from '../support/scripted-connection.ts'
import { pageRequest, read } from './requests.ts'

const canary = `eyJhbGciOiJFZERTQSJ9.${'c'.repeat(20)}.${'d'.repeat(20)}`

const stored = (more: object = {}) => ({
  apiVersion: 'receiverhooks.dev/v1alpha1',
  kind: 'ReceiverHook',
  metadata: {
    name: 'web-up',
    namespace: 'shop',
    uid: 'u1',
    resourceVersion: '7',
    generation: 2,
    creationTimestamp: '2026-01-01T00:00:00Z',
    annotations: { secret: canary },
    managedFields: [{ manager: canary }],
  },
  spec: { driver: 'scale', scale: { target: { name: 'web' }, action: 'up', max: 3 }, token: { rotation: 4 } },
  status: {
    token: canary,
    triggerURL: `http://trigger.example.com/v1/trigger/${canary}`,
    conditions: [
      { type: 'Ready', status: 'True', reason: 'Valid', message: `in order ${canary}`, lastTransitionTime: '' },
    ],
  },
  ...more,
})

const review = (username: string) => answer(201, { status: { userInfo: { username, groups: ['people'] } } })

/** A dashboard whose API server is the test: what it was asked, and as whom. */
const start = async (
  answers: Scripted,
  options: {
    readonly signIn?: SignIn
    readonly served?: Served
    readonly outbound?: typeof noOutbound
    readonly triggerBase?: string
  } = {},
) => {
  const asked: { readonly as: string; readonly request: ApiRequest }[] = []
  const { outbound = noOutbound, served = { loopback: 8082 }, signIn = 'key', triggerBase } = options
  const closed: string[] = []
  const page = dashboard(
    { ...testEnvironment({ clock: fakeClock() }), outbound },
    {
      signIn,
      version: '1.0.0',
      cluster: 'https://cluster.example.com',
      sessionMs: 3_600_000,
      assets: { document: '<html data-sign-in="%sign-in%" data-version="%version%">', files: [] },
      ...(triggerBase === undefined ? {} : { triggerBase }),
      connectAs: token => {
        const as = token ?? 'the kubeconfig'
        const connection = scriptedConnection((request, count) => {
          asked.push({ as, request })
          return request.path.endsWith('selfsubjectreviews') ? review(`user of ${as}`) : answers(request, count)
        })
        return { ...connection, close: async () => void closed.push(as) }
      },
    },
  )
  const send = async (request: PageRequest) => read(await page.answer(served, request))
  const body = (value: unknown) => ({ body: () => Promise.resolve(JSON.stringify(value)) })
  const open = async () => {
    const opened = await send(pageRequest('POST', '/api/session', body({ key: page.makeKey() })))
    const headers = {
      cookie: opened.headers['set-cookie']?.split(';')[0] ?? '',
      'x-page-key': stringAt(opened.body, 'pageKey') ?? '',
    }
    return {
      get: (target: string) => send(pageRequest('GET', target, { headers })),
      write: (method: string, target: string, value: unknown) =>
        send(pageRequest(method, target, { headers, ...body(value) })),
    }
  }
  return { page, asked, closed, send, open, body }
}

const words = (asked: readonly { readonly as: string; readonly request: ApiRequest }[]): readonly string[] =>
  asked
    .filter(({ request }) => !request.path.endsWith('reviews'))
    .map(
      ({ request }) => `${request.method} ${request.path.replace('/apis/receiverhooks.dev/v1alpha1/namespaces/', '')}`,
    )

describe('the server of the page', () => {
  it('answers one hook without its token, its URL, its annotations and its managed fields', async () => {
    const { open } = await start(() => answer(200, stored()))
    const { body, status } = await (await open()).get('/api/hooks/shop/web-up')
    expect(status).toBe(200)
    expect(body).toMatchObject({ uid: 'u1', generation: 2, tryAt: 'http://trigger.example.com' })
    expect(JSON.stringify(body)).not.toContain('eyJ')
    expect(JSON.stringify(body)).not.toContain('annotations')
  })

  it('answers the URL to a POST for it, and to nothing else', async () => {
    const { open } = await start(() => answer(200, stored()))
    const alice = await open()
    expect((await alice.write('POST', '/api/hooks/shop/web-up/url', {})).body).toEqual({
      url: `http://trigger.example.com/v1/trigger/${canary}`,
    })
    expect((await alice.get('/api/hooks/shop/web-up/url')).status).toBe(404)
  })

  it('replaces the spec alone, of the hook that its author has seen', async () => {
    const { asked, open } = await start(({ method }) => answer(method === 'PUT' ? 200 : 200, stored()))
    const alice = await open()
    const spec = { driver: 'scale', scale: { target: { name: 'web' }, action: 'up', max: 9 } }
    expect((await alice.write('PUT', '/api/hooks/shop/web-up', { uid: 'u1', generation: 2, spec })).status).toBe(200)
    const put = asked.find(({ request }) => request.method === 'PUT')?.request
    expect(tryParseJson(put?.body ?? '')).toMatchObject({
      spec,
      metadata: { resourceVersion: '7', annotations: { secret: canary } },
    })
    expect(put?.query).toEqual({ fieldManager: 'receiver-hooks-dashboard', fieldValidation: 'Strict' })
  })

  it.each([
    [{ uid: 'u1', generation: 1 }, 'Changed'],
    [{ uid: 'u0', generation: 2 }, 'Replaced'],
  ])('changes nothing of a hook that was seen as %j', async (seen, reason) => {
    const { asked, open } = await start(() => answer(200, stored()))
    const alice = await open()
    for (const [method, action] of [
      ['PUT', ''],
      ['DELETE', ''],
      ['POST', '/suspend'],
      ['POST', '/rotate'],
    ] as const) {
      const { body, status } = await alice.write(method, `/api/hooks/shop/web-up${action}`, { ...seen, spec: {} })
      expect([status, body]).toMatchObject([409, { reason }])
    }
    expect(words(asked).every(word => word.startsWith('GET'))).toBe(true)
  })

  it('makes a change again where only the status was written meanwhile', async () => {
    let conflicts = 2
    const { asked, open } = await start(({ method }) =>
      method === 'PATCH' && conflicts-- > 0
        ? answer(409, { reason: 'Conflict', message: 'modified' })
        : answer(200, stored()),
    )
    const alice = await open()
    expect(
      (await alice.write('POST', '/api/hooks/shop/web-up/rotate', { uid: 'u1', generation: 2, overlap: '1h' })).status,
    ).toBe(200)
    const patches = asked.filter(({ request }) => request.method === 'PATCH')
    expect(patches).toHaveLength(3)
    expect(tryParseJson(patches[2]?.request.body ?? '')).toEqual({
      metadata: { resourceVersion: '7', uid: 'u1' },
      spec: { token: { rotation: 5, overlap: '1h' } },
    })
  })

  it('takes what a dry run answers, which has no resourceVersion', async () => {
    const { open } = await start(() =>
      answer(201, { metadata: { name: 'web-up', namespace: 'shop', uid: 'u2', generation: 1 } }),
    )
    const draft = { namespace: 'shop', name: 'web-up', spec: {} }
    expect(await (await open()).write('POST', '/api/hooks?dryRun=true', draft)).toMatchObject({ status: 201 })
  })

  it('deletes with the uid and the version as preconditions', async () => {
    const { asked, open } = await start(() => answer(200, stored()))
    await (await open()).write('DELETE', '/api/hooks/shop/web-up', { uid: 'u1', generation: 2 })
    const deleted = asked.find(({ request }) => request.method === 'DELETE')?.request
    expect(tryParseJson(deleted?.body ?? '')).toMatchObject({ preconditions: { uid: 'u1', resourceVersion: '7' } })
  })

  it('hands over what the API server says against fields, and when to try again', async () => {
    const causes = [{ field: 'spec.scale.max', message: 'Invalid value: "object": must not be below min' }]
    const { open } = await start((_request, count) =>
      count === 1
        ? answer(422, { reason: 'Invalid', message: `is invalid ${canary}`, details: { causes } })
        : answer(429, { message: 'busy' }, { 'retry-after': '7' }),
    )
    const alice = await open()
    const draft = { namespace: 'shop', name: 'web-up', spec: {} }
    const refused = await alice.write('POST', '/api/hooks?dryRun=true', draft)
    expect(refused).toMatchObject({
      status: 422,
      body: { reason: 'Invalid', message: 'is invalid [token]', fields: { 'spec.scale.max': 'must not be below min' } },
    })
    expect(await alice.write('POST', '/api/hooks', draft)).toMatchObject({
      status: 429,
      headers: { 'retry-after': '7' },
    })
  })

  it('ends a session at the first answer that its credential is no longer taken', async () => {
    const { closed, open } = await start(() => answer(401, { message: 'Unauthorized' }))
    const alice = await open()
    expect((await alice.get('/api/hooks/shop/web-up')).status).toBe(401)
    expect(closed).toEqual(['the kubeconfig'])
    expect((await alice.get('/api/me')).status).toBe(401)
  })

  it('says that the API server cannot be reached', async () => {
    const { open } = await start(() => new Unreachable('refused', false))
    expect(await (await open()).get('/api/namespaces')).toMatchObject({
      status: 503,
      body: { reason: 'ApiServerUnreachable' },
    })
  })

  it('posts a trial once, named, to the trigger that it is told, with the token alone', async () => {
    const posted: OutboundRequest[] = []
    const outbound = async (request: OutboundRequest) => {
      posted.push(request)
      return {
        status: 200,
        headers: {},
        body: '{"outcome":"applied","reason":"Stepped","message":"web went from 1 to 2"}',
      }
    }
    const { open } = await start(() => answer(200, stored()), { outbound, triggerBase: 'http://trigger.svc' })
    const tried = await (await open()).write('POST', '/api/hooks/shop/web-up/try', { dryRun: false, key: 'click-0001' })
    expect(tried.body).toEqual({
      status: 200,
      outcome: 'applied',
      reason: 'Stepped',
      message: 'web went from 1 to 2',
      dryRun: false,
    })
    expect(posted).toMatchObject([
      { url: `http://trigger.svc/v1/trigger/${canary}`, headers: { 'idempotency-key': 'click-0001' } },
    ])
  })

  it('writes how people sign in into its document, and serves it for every place', async () => {
    const { send } = await start(() => answer(200, {}))
    const document = '<html data-sign-in="key" data-version="1.0.0">'
    for (const place of ['/', '/new?from=shop/web-up', '/hooks/shop/web-up', '/hooks/shop/web.v1']) {
      expect({ place, ...(await send(pageRequest('GET', place))) }).toMatchObject({
        place,
        status: 200,
        body: document,
      })
    }
    expect((await send(pageRequest('GET', '/assets/gone-12345678.js'))).status).toBe(404)
    expect((await send(pageRequest('POST', '/'))).status).toBe(405)
  })

  it('refuses a body that is too large or of another type', async () => {
    const { page } = await start(() => answer(200, {}))
    const request = pageRequest('POST', '/api/session', { body: () => Promise.reject(new TooLarge(1)) })
    await expect(page.answer({ loopback: 8082 }, request)).rejects.toThrow(TooLarge)
    const other = pageRequest('POST', '/api/session', { headers: { 'content-type': 'text/plain' } })
    expect(read(await page.answer({ loopback: 8082 }, other)).status).toBe(415)
  })
})

describe('signing in', () => {
  const cluster: Served = { loopback: 'any', url: new URL('http://hooks.example.com/') }

  it('takes a token over TLS or loopback, and over nothing else', async () => {
    const { body, send } = await start(() => answer(200, {}), { signIn: 'token', served: cluster })
    const token = body({ token: ' Bearer "abc"\n' })
    expect((await send(pageRequest('POST', '/api/session', token))).status).toBe(200)
    const plain = pageRequest('POST', '/api/session', {
      ...token,
      hosts: ['hooks.example.com'],
      headers: { origin: 'http://hooks.example.com' },
    })
    expect(await send(plain)).toMatchObject({ status: 403, body: { reason: 'NoTLS' } })
  })

  it('asks as whom a token is known, and takes nobody for somebody', async () => {
    const { asked, body, closed, send } = await start(() => answer(200, {}), { signIn: 'token', served: cluster })
    await send(pageRequest('POST', '/api/session', body({ token: 'abc' })))
    expect(asked.map(({ as, request }) => `${as}: ${request.method} ${request.path}`)).toEqual([
      'abc: POST /apis/authentication.k8s.io/v1/selfsubjectreviews',
    ])
    expect((await send(pageRequest('POST', '/api/session', body({ token: '' })))).status).toBe(401)
    expect(closed).toEqual([])
  })

  it('behind a proxy takes the token of each request, and opens one connection for it', async () => {
    const served: Served = { loopback: 'none', url: new URL('https://hooks.example.com/') }
    const { asked, send } = await start(() => answer(200, { items: [] }), { signIn: 'header', served })
    const from = (headers: Record<string, string>) =>
      pageRequest('GET', '/api/me', { hosts: ['hooks.example.com'], headers })
    expect((await send(from({ 'x-page-key': 'page' }))).status).toBe(401)
    expect((await send(from({ authorization: 'Bearer alice' }))).status).toBe(401)
    const both = await Promise.all(
      [1, 2].map(() => send(from({ authorization: 'Bearer alice', 'x-page-key': 'page' }))),
    )
    expect(both.map(({ body }) => body)).toMatchObject([{ user: 'user of alice' }, { user: 'user of alice' }])
    expect((await send(from({ authorization: 'Bearer bob', 'x-page-key': 'page' }))).body).toMatchObject({
      user: 'user of bob',
    })
    expect(asked.map(({ as }) => as)).toEqual(['alice', 'bob'])
  })
})
