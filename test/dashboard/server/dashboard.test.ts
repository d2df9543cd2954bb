import { describe, expect, it } from 'vitest'
import { at, parseJson, tryParseJson } from '../../../src/api/json.ts'
import { noRequests } from '../../../src/api/run-request.ts'
import type { ServedNames } from '../../../dashboard/server/origin-check.ts'
import type { ApiRequest } from '../../../src/environment/environment.ts'
import { Unreachable } from '../../../src/environment/unreachable.ts'
import { answer, scriptedConnection, type Scripted } from '../../support/scripted-connection.ts'
import { startServed, type ServedOptions } from './served.ts'

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
    labels: { app: 'web' },
  },
  spec: { driver: 'scale', scale: { target: { name: 'web' }, action: 'up', max: 3 }, token: { rotation: 4 } },
  status: {
    token: canary,
    triggerURL: `http://trigger.example.com/v1/trigger/${canary}`,
    minted: { id: 'i1', rotation: 4 },
    conditions: [
      { type: 'Ready', status: 'True', reason: 'Valid', message: `in order ${canary}`, lastTransitionTime: '' },
    ],
  },
  ...more,
})

const review = (username: string) => answer(201, { status: { userInfo: { username, groups: ['people'] } } })

/** Starts a dashboard whose API server is the test: what it was asked, and as whom. */
const start = async (answers: Scripted, { signIn = 'key', ...options }: ServedOptions = {}) => {
  const asked: { readonly as: string; readonly request: ApiRequest }[] = []
  const closed: string[] = []
  const served = await startServed({
    signIn,
    ...options,
    connectAs: token => {
      const as = token ?? 'the kubeconfig'
      const connection = scriptedConnection((request, count) => {
        asked.push({ as, request })
        return request.path.endsWith('selfsubjectreviews') ? review(`user of ${as}`) : answers(request, count)
      })
      return { ...connection, close: async () => void closed.push(as) }
    },
  })
  return { ...served, asked, closed }
}

const assets = { document: '<html data-sign-in="%sign-in%" data-version="%version%">', files: [] }

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
    expect(body).toMatchObject({
      uid: 'u1',
      generation: 2,
      labels: { app: 'web' },
    })
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

  it('offers each pool inside of a Cluster that runs workloads, and every kind by hand', async () => {
    const pools = [
      { name: 'workers', quantity: 3 },
      { name: 'spare' },
      { name: 'masters', quantity: 3, controlPlaneRole: true },
    ]
    const cluster = {
      metadata: { name: 'prod', uid: 'u3', resourceVersion: '9' },
      spec: { rkeConfig: { machinePools: pools } },
    }
    const { open } = await start(({ path }) => {
      if (!path.endsWith('/clusters')) return answer(404, { reason: 'NotFound', message: 'no such kind' })
      return answer(200, {
        metadata: { resourceVersion: '10' },
        items: path.includes('provisioning.cattle.io') ? [cluster] : [],
      })
    })
    const { body } = await (await open()).get('/api/namespaces/shop/targets?driver=scaleNodes')
    const prod = { apiVersion: 'provisioning.cattle.io/v1', kind: 'Cluster', name: 'prod' }
    expect(at(body, 'targets')).toEqual([
      { ...prod, more: { pool: 'workers' }, replicas: 3 },
      { ...prod, more: { pool: 'spare' } },
    ])
    expect(at(body, 'types')).toContainEqual({ apiVersion: 'cluster.x-k8s.io/v1beta2', kind: 'MachinePool' })
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
      ['POST', '/end'],
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

  it('ends what a hook has leased until the second after now, and shows what the status says of it', async () => {
    const lease = { object: 'Deployment/web', by: 2, since: '2026-01-01T00:00:00Z', until: '2026-01-01T02:00:00Z' }
    const shown = [{ ...lease, of: 'alertmanager: WebBusy', state: 'held' }, { ...lease, state: 'odd' }, { by: 1 }]
    const hook = stored()
    const status = { ...hook.status, leases: { open: 2, sum: 4, next: lease.until, shown } }
    // The clock of the dashboard may be wrong.
    const there = '2026-01-01T12:00:00Z'
    const { asked, open } = await start(({ path }) =>
      path === '/version' ? answer(200, {}, { date: new Date(there).toUTCString() }) : answer(200, { ...hook, status }),
    )
    const alice = await open()
    expect((await alice.get('/api/hooks/shop/web-up')).body).toMatchObject({
      leases: [{ ...lease, of: 'alertmanager: WebBusy', state: 'held' }, lease],
    })
    expect((await alice.write('POST', '/api/hooks/shop/web-up/end', { uid: 'u1', generation: 2 })).status).toBe(200)
    const patch = asked.find(({ request }) => request.method === 'PATCH')?.request
    const endBefore = '2026-01-01T12:00:01Z'
    expect(tryParseJson(patch?.body ?? '')).toEqual({
      metadata: { resourceVersion: '7', uid: 'u1' },
      spec: { endBefore },
    })
  })

  it('says that the API server cannot be reached where its time is asked for', async () => {
    const { open } = await start(({ path }) => {
      if (path === '/version') throw new Unreachable('refused', false)
      return answer(200, stored())
    })
    const { body, status } = await (
      await open()
    ).write('POST', '/api/hooks/shop/web-up/end', { uid: 'u1', generation: 2 })
    expect([status, body]).toMatchObject([503, { reason: 'ApiServerUnreachable' }])
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

  it('runs a hook by a request, in the name that the API server has given', async () => {
    const { asked, open } = await start(({ method }) =>
      method === 'POST'
        ? answer(201, stored({ metadata: { name: 'web-up-x2', uid: 'u2', resourceVersion: '8' } }))
        : answer(200, stored()),
    )
    const alice = await open()
    const made = await alice.write('POST', '/api/hooks/shop/web-up/run', { dryRun: false, body: '{}', user: 'root' })
    expect(made).toMatchObject({ status: 201, body: { request: 'web-up-x2' } })
    expect(words(asked)).toEqual(['POST shop/receiverhookrequests'])
    expect(parseJson(asked.at(-1)?.request.body ?? '')).toMatchObject({
      metadata: { generateName: 'web-up-' },
      spec: { hook: 'web-up', by: { user: 'user of the kubeconfig' }, dryRun: false, body: '{}' },
    })
    // What does not ask for a run is a dry run.
    await alice.write('POST', '/api/hooks/shop/web-up/run', {})
    expect(at(parseJson(asked.at(-1)?.request.body ?? ''), 'spec', 'dryRun')).toBe(true)
  })

  it('hands over what a trigger has answered to a request, without a token, and nothing before', async () => {
    const said = { status: 200, outcome: 'applied', reason: 'Stepped', message: `done ${canary}`, state: 'progressing' }
    let status: object = {}
    const { open } = await start(() => answer(200, stored({ status })))
    const alice = await open()
    expect((await alice.get('/api/requests/shop/web-up-x2')).body).toEqual({})
    status = { state: 'Done', answer: { ...said, stateMessage: '1 of 3 are available' } }
    expect((await alice.get('/api/requests/shop/web-up-x2')).body).toEqual({
      answer: {
        outcome: 'applied',
        reason: 'Stepped',
        message: 'done [token]',
        state: 'progressing',
        stateMessage: '1 of 3 are available',
      },
    })
  })

  it('writes a decision in the name that the API server has given, about what was shown and nothing else', async () => {
    const { asked, open } = await start(() => answer(200, stored()))
    const alice = await open()
    const path = '/api/requests/shop/web-up-x2/decision'
    const decision = { is: 'Approved', uid: 'u2', effect: 'x3f', why: ' ', by: 'root' }
    expect(await alice.write('POST', path, decision)).toMatchObject({ status: 200, body: {} })
    expect(words(asked)).toEqual(['PATCH shop/receiverhookrequests/web-up-x2'])
    // Null removes the reason of an earlier decision.
    expect(parseJson(asked.at(-1)?.request.body ?? '')).toEqual({
      metadata: { uid: 'u2' },
      spec: { decision: { is: 'Approved', effect: 'x3f', by: 'user of the kubeconfig', why: null } },
    })
    for (const missing of ['uid', 'effect']) {
      expect((await alice.write('POST', path, { ...decision, [missing]: '' })).status).toBe(400)
    }
  })

  it('says where nobody runs requests, and which right a policy asks for', async () => {
    let refusal = answer(404, { reason: 'NotFound', message: 'the server could not find the requested resource' })
    const { open } = await start(() => refusal)
    const alice = await open()
    expect((await alice.write('POST', '/api/hooks/shop/web-up/run', {})).body).toMatchObject({ message: noRequests })
    const by =
      "receiverhookrequests.receiverhooks.dev \"x\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'p'"
    const sentence = 'alice may not run ReceiverHook/web-up: that needs the verb run'
    refusal = answer(403, { reason: 'Forbidden', message: `${by} denied request: ${sentence}` })
    expect(await alice.write('POST', '/api/hooks/shop/web-up/run', {})).toMatchObject({
      status: 403,
      body: { message: sentence },
    })
  })

  it('writes how people sign in into its document, and serves it for every place', async () => {
    const { send } = await start(() => answer(200, {}), { assets })
    const document = '<html data-sign-in="key" data-version="1.0.0">'
    for (const place of ['/', '/new?from=shop/web-up', '/hooks/shop/web-up', '/hooks/shop/web.v1']) {
      expect({ place, ...(await send('GET', place)) }).toMatchObject({
        place,
        status: 200,
        body: document,
      })
    }
    expect((await send('GET', '/assets/gone-12345678.js')).status).toBe(404)
    expect((await send('POST', '/')).status).toBe(405)
  })

  it.each([
    ['too large', {}, `{"x":"${'x'.repeat(256 * 1024)}"}`, 413, 'TooLarge'],
    ['of another type', { 'content-type': 'text/plain' }, '{}', 415, 'UnsupportedMediaType'],
    ['compressed', { 'content-encoding': 'gzip' }, '{}', 415, 'UnsupportedMediaType'],
    ['in another charset', { 'content-type': 'application/json; charset=x-other' }, '{}', 415, 'UnsupportedMediaType'],
    ['no JSON', {}, `{"token":"${canary}`, 400, 'BadRequest'],
    ['missing', {}, undefined, 400, 'BadRequest'],
  ])('refuses a body that is %s, and repeats nothing of it', async (_what, more, body, status, reason) => {
    const { lines, open, send } = await start(() => answer(200, {}))
    const { headers } = await open()
    const sent = { headers: { ...headers, ...more }, ...(body === undefined ? {} : { body }) }
    const refused = await send('POST', '/api/hooks', sent)
    expect(refused).toMatchObject({ status, body: { reason } })
    expect(JSON.stringify([refused, lines])).not.toContain('eyJ')
  })

  it('answers a path that is not valid percent-encoding, and says nothing of itself', async () => {
    const { lines, open } = await start(() => answer(200, {}))
    const { body, headers, status } = await (await open()).get('/api/hooks/shop/%zz')
    expect([status, body]).toEqual([400, { reason: 'BadRequest', message: 'the path is not valid percent-encoding' }])
    expect(headers['x-powered-by']).toBeUndefined()
    expect(lines).toEqual([])
  })

  it.each([
    '/api/hooks/shop/..',
    '/api/hooks/%2e%2e/web-up',
    '/api/hooks/shop/web-up%2f..',
    '/api/nothing',
    '/api/me/',
    '/api/ME',
  ])('has nothing at %s, and asks the API server nothing', async path => {
    const { asked, open } = await start(() => answer(200, {}))
    const alice = await open()
    expect(await alice.get(path)).toMatchObject({ status: 404, body: { reason: 'NotFound' } })
    expect(words(asked)).toEqual([])
  })

  it('has no stack in an answer to a failure of its own, and logs it', async () => {
    const { lines, open } = await start(() => new Error('planted'))
    const failed = await (await open()).get('/api/namespaces')
    expect([failed.status, failed.body]).toEqual([
      500,
      { reason: 'InternalError', message: 'the dashboard failed; its log says why' },
    ])
    expect(lines.join()).toContain('planted')
  })

  it('gives no digest of a secret: an answer has no ETag', async () => {
    const { open } = await start(() => answer(200, stored()))
    const { headers, status } = await (await open()).write('POST', '/api/hooks/shop/web-up/url', {})
    expect([status, headers['etag'], headers['cache-control']]).toEqual([200, undefined, 'no-store'])
  })

  it('takes the first of two values in a query, and no list or object', async () => {
    const { asked, open } = await start(() => answer(201, stored()))
    const alice = await open()
    const draft = { namespace: 'shop', name: 'web-up', spec: {} }
    await alice.write('POST', '/api/hooks?dryRun=true&dryRun=false', draft)
    await alice.write('POST', '/api/hooks?dryRun[a]=true', draft)
    const queries = asked.filter(({ request }) => request.method === 'POST').map(({ request }) => request.query)
    expect(queries.slice(1)).toMatchObject([{ dryRun: 'All' }, {}])
    expect(queries[2]).not.toHaveProperty('dryRun')
  })

  it.each([
    ['two Hosts', 'GET /api/me HTTP/1.1\r\nHost: HOST\r\nHost: HOST', '421'],
    ['no Host', 'GET / HTTP/1.1\r\nX-Nothing: 1', '400'],
    ['an absolute target', 'GET http://evil.example/ HTTP/1.1\r\nHost: HOST', '421'],
    ['a target that is no URL', 'GET http://a:b:c HTTP/1.1\r\nHost: HOST', '4'],
    ['a target that is a star', 'OPTIONS * HTTP/1.1\r\nHost: HOST', '421'],
  ])('refuses %s, without a stack', async (_what, head, status) => {
    const { raw } = await start(() => answer(200, {}))
    const said = await raw(`${head}\r\nConnection: close\r\n\r\n`)
    expect(said).toMatch(new RegExp(`^HTTP/1.1 ${status}`))
    expect(said).not.toContain('node_modules')
  })

  it('takes no body for a whole one where bytes follow that are no part of it', async () => {
    const { asked, open, raw } = await start(() => answer(201, stored()))
    const { headers } = await open()
    const body = JSON.stringify({ namespace: 'shop', name: 'web-up', spec: {} })
    const head = ['POST /api/hooks HTTP/1.1', 'Host: HOST', 'Origin: http://HOST', 'Content-Type: application/json']
    const ofSession = [`Cookie: ${headers.cookie}`, `X-Page-Key: ${headers['x-page-key']}`]
    const chunk = `${body.length.toString(16)}\r\n${body}\r\nno chunk`
    const said = await raw([...head, ...ofSession, 'Transfer-Encoding: chunked', '', chunk].join('\r\n'))
    expect(said).toMatch(/^HTTP\/1.1 400 /)
    expect(words(asked)).toEqual([])
  })

  it('answers another method of its document 405, and says which it takes', async () => {
    const { send } = await start(() => answer(200, {}))
    for (const method of ['POST', 'PUT', 'OPTIONS']) {
      expect(await send(method, '/')).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } })
    }
  })
})

describe('signing in', () => {
  const cluster: ServedNames = { loopback: 'any', url: new URL('http://hooks.example.com/') }

  it('takes a token over TLS or loopback, and over nothing else', async () => {
    const { signIn } = await start(() => answer(200, {}), { signIn: 'token', served: cluster })
    expect((await signIn(' Bearer "abc"\n')).status).toBe(200)
    const headers = { host: 'hooks.example.com', origin: 'http://hooks.example.com' }
    expect(await signIn('abc', { headers })).toMatchObject({ status: 403, body: { reason: 'NoTLS' } })
  })

  it('asks as whom a token is known, and takes nobody for somebody', async () => {
    const { asked, closed, signIn } = await start(() => answer(200, {}), { signIn: 'token', served: cluster })
    await signIn('abc')
    expect(asked.map(({ as, request }) => `${as}: ${request.method} ${request.path}`)).toEqual([
      'abc: POST /apis/authentication.k8s.io/v1/selfsubjectreviews',
    ])
    expect((await signIn('')).status).toBe(401)
    expect(closed).toEqual([])
  })

  it('takes a key once', async () => {
    const { open, write } = await start(() => answer(200, {}))
    expect((await (await open()).get('/api/me')).status).toBe(200)
    const again = await write('POST', '/api/session', { key: 'wrong' })
    expect(again).toMatchObject({ status: 401, body: { reason: 'UsedKey' } })
  })

  it('sets a cookie by port for the API alone, and one of the whole host where there is TLS', async () => {
    const served: ServedNames = { loopback: 'any', url: new URL('https://hooks.example.com/') }
    const { signIn, write } = await start(() => answer(200, {}), { signIn: 'token', served })
    const plain = await signIn('abc')
    expect(String(plain.headers['set-cookie'])).toMatch(
      /^receiver-hooks-8082=[\w-]+; Path=\/api\/; HttpOnly; SameSite=Strict$/,
    )
    const secure = await signIn('abc', { headers: { host: 'hooks.example.com', origin: 'https://hooks.example.com' } })
    expect(String(secure.headers['set-cookie'])).toMatch(
      /^__Host-receiver-hooks=[\w-]+; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
    )
    const cookie = String(plain.headers['set-cookie']).split(';', 1)[0] ?? ''
    const headers = { cookie, 'x-page-key': String(at(plain.body, 'pageKey')) }
    const out = await write('DELETE', '/api/session', {}, { headers })
    expect(String(out.headers['set-cookie'])).toMatch(/^receiver-hooks-8082=; Max-Age=0; /)
    expect((await write('DELETE', '/api/session', {}, { headers })).status).toBe(401)
  })

  it.each([
    ['COOKIE', 200],
    ['other=1; COOKIE; another=2', 200],
    ['COOKIE; receiver-hooks-8082=other', 401],
    ['receiver-hooks-8082=other; COOKIE', 401],
    ['receiver-hooks-80821=1; COOKIE', 200],
    ['', 401],
  ])('takes the cookie in %j with %d', async (header, status) => {
    const { open, send } = await start(() => answer(200, {}))
    const { headers } = await open()
    const cookie = header.replace('COOKIE', headers.cookie ?? '')
    expect((await send('GET', '/api/me', { headers: { ...headers, cookie } })).status).toBe(status)
  })

  it('behind a proxy takes the token of each request, and opens one connection for it', async () => {
    const served: ServedNames = { loopback: 'none', url: new URL('https://hooks.example.com/') }
    const { asked, send } = await start(() => answer(200, { items: [] }), { signIn: 'header', served })
    const from = (headers: Record<string, string>) =>
      send('GET', '/api/me', { headers: { host: 'hooks.example.com', ...headers } })
    expect((await from({ 'x-page-key': 'page' })).status).toBe(401)
    expect((await from({ authorization: 'Bearer alice' })).status).toBe(401)
    const both = await Promise.all([1, 2].map(() => from({ authorization: 'Bearer alice', 'x-page-key': 'page' })))
    expect(both.map(({ body }) => body)).toMatchObject([{ user: 'user of alice' }, { user: 'user of alice' }])
    expect((await from({ authorization: 'Bearer bob', 'x-page-key': 'page' })).body).toMatchObject({
      user: 'user of bob',
    })
    expect(asked.map(({ as }) => as)).toEqual(['alice', 'bob'])
  })
})
