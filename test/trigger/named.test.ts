import { createHmac } from 'node:crypto'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import type { ApiConnection, Outbound } from '../../src/environment/environment.ts'
import { Unreachable } from '../../src/environment/unreachable.ts'
import { connectInProcess } from '../../apiserver/connection.ts'
import { createApiServer } from '../../apiserver/server.ts'
import { crds } from '../../src/drivers/registry.ts'
import { objectPath } from '../../src/kube/paths.ts'
import { create, send } from '../../src/kube/requests.ts'
import { configMaps, hooks, secrets } from '../../src/kube/resources.ts'
import { formatPublicKeys, signingKey } from '../../src/token/keys.ts'
import { issuerKeysOf } from '../../src/token/issuer-keys.ts'
import { mint } from '../../src/token/mint.ts'
import { keySetEntry, publicKeysConfigMap } from '../../src/token/published.ts'
import type { TriggerAnswer } from '../../src/trigger/answer.ts'
import { Distrust } from '../../src/trigger/distrust.ts'
import { checkRates, lookupRates, refusedEveryMs, refusedRate } from '../../src/trigger/limits.ts'
import { BodyTooLarge, type NamedPath, type TriggerRequest } from '../../src/trigger/request.ts'
import { triggerRole } from '../../src/trigger/trigger.ts'
import { fakeClock, settle } from '../support/clock.ts'
import { testEnvironment } from '../support/environment.ts'
import { deployment } from '../support/objects.ts'
import { seededRandom } from '../support/random.ts'
import { signaturesTakeNoTime } from '../support/signatures.ts'

const deployments = { group: 'apps', version: 'v1', resource: 'deployments', kind: 'Deployment' }
const proof = 'a proof that nobody can guess'
const inPath = 'a-secret-of-thirty-two-characters-at-least'
const values = { token: proof, path: inPath, weak: 'short', signing: `whsec_${'A'.repeat(44)}` }
const entry = (key: string, name = 'sender') => ({ secretKeyRef: { name, key } })

/** The `auth` of each hook whose URL has its name. */
const auths: Readonly<Record<string, object>> = {
  'by-bearer': { bearer: entry('token') },
  'by-user': { basic: { secretRef: { name: 'user' } } },
  'by-header': { header: { name: 'X-Secret', ...entry('token') } },
  'by-path': { path: entry('path') },
  'by-hmac': { hmac: entry('token') },
  'by-webhook': { standardWebhooks: entry('signing') },
  'by-weak-value': { bearer: entry('weak') },
  'by-no-secret': { bearer: entry('token', 'none') },
  'by-forbidden': { bearer: entry('token', 'forbidden') },
  'by-issuer': {
    oidc: { issuer: 'https://gitlab.com', audience: 'hooks', claims: [{ name: 'project_id', oneOf: ['7'] }] },
  },
}

/** Returns the header with an ID token that nobody has signed. It is right otherwise, but for the changes. */
const forged = (changes: object = {}, kid = 'unknown'): Readonly<Record<string, string>> => {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const iat = Date.UTC(2026, 0, 1) / 1000
  const claims = { iss: 'https://gitlab.com', aud: 'hooks', project_id: '7', iat, exp: iat + 3600, ...changes }
  return { authorization: `Bearer ${part({ alg: 'EdDSA', kid, typ: 'JWT' })}.${part(claims)}.${'A'.repeat(86)}` }
}

/** The key set of the issuer. */
const jwk = { kty: 'OKP', crv: 'Ed25519', kid: 'known', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }

/** Returns a network with an issuer that counts what it is asked. */
const issuerWith =
  (mood: 'answers' | 'hangs', world: { issuer: number }): Outbound =>
  () => {
    world.issuer += 1
    const body = JSON.stringify({ issuer: 'https://gitlab.com', jwks_uri: 'https://gitlab.com/keys', keys: [jwk] })
    return mood === 'hangs' ? new Promise(() => {}) : Promise.resolve({ status: 200, headers: {}, body })
  }

interface World {
  isAway: boolean
  /** Whether no answer shows that a watch is current. */
  provesNothing: boolean
  issuer: number
  readonly requests: string[]
}

/** Returns a connection to an API server that can be away, or prove nothing. */
const connectionIn = (world: World, server: ApiConnection): ApiConnection => ({
  request: async request => {
    world.requests.push(`${request.method} ${request.path}`)
    if (world.isAway) throw new Unreachable('refused', false)
    if (request.path.endsWith('/secrets/forbidden')) return { status: 403, headers: {}, body: '{}' }
    return await server.request(request)
  },
  watch: (request, stop) => {
    const { ask, ...watch } = server.watch(request, stop)
    return {
      ...watch,
      ask: asked =>
        world.isAway || world.provesNothing ? Promise.reject(new Unreachable('refused', false)) : ask(asked),
    }
  },
})

/** Sets up a trigger alone with a hook for each `auth`, on an in-memory API server. */
const setUp = async (issuer: 'answers' | 'hangs' = 'answers') => {
  signaturesTakeNoTime()
  const clock = fakeClock()
  const random = seededRandom(3)
  const server = connectInProcess(createApiServer({ clock, random }))
  const world: World = { isAway: false, provesNothing: false, requests: [], issuer: 0 }
  const api = connectionIn(world, server)
  const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
  for (const crd of crds) await send(server, { method: 'POST', path, body: JSON.stringify(crd) })
  await create(server, deployments, 'default', deployment('web', 2))
  const key = signingKey(random.bytes(32))
  const data = { [keySetEntry]: formatPublicKeys([key]) }
  const keys = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: publicKeysConfigMap }, data }
  await create(server, configMaps, 'default', keys)
  const encode = (entries: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(entries).map(([name, value]) => [name, Buffer.from(value).toString('base64')]))
  const secretOf = (name: string, entries: Readonly<Record<string, string>>) =>
    create(server, secrets, 'default', { apiVersion: 'v1', kind: 'Secret', metadata: { name }, data: encode(entries) })
  await secretOf('sender', values)
  await secretOf('user', { username: 'ann', password: proof })
  const hookOf = (name: string, spec: object) =>
    create(server, hooks, 'default', {
      apiVersion,
      kind: hookKind,
      metadata: { name },
      spec: { driver: 'scale', scale: { target: { name: 'web' }, action: 'up', max: 1000 }, ...spec },
    })
  for (const [name, auth] of Object.entries(auths)) await hookOf(name, { auth, token: { url: 'named' } })
  await hookOf('by-token', { auth: auths['by-bearer'] })
  await hookOf('suspended', { auth: auths['by-bearer'], token: { url: 'named' }, suspend: true })

  const outbound = issuerWith(issuer, world)
  const environment = testEnvironment({ api, clock, outbound })
  const issuers = issuerKeysOf(environment, [{ url: 'https://gitlab.com', keys: undefined }])
  const role = triggerRole(environment, { namespace: 'default', issuers })
  void role.run(new AbortController().signal)
  await clock.advance(100)
  world.requests.length = 0

  const post = async (to: Partial<NamedPath> & { token?: string }, change: Partial<TriggerRequest> = {}) => {
    const { token, ...named } = to
    const address = token === undefined ? { token, named: { namespace: 'default', name: '', ...named } } : { token }
    const head = { method: 'POST', source: '192.0.2.1', ...address }
    const began = clock.monotonic()
    let answered: { readonly answer: TriggerAnswer; readonly ms: number } | undefined
    const answerWith = (answer: TriggerAnswer): void => void (answered = { answer, ms: clock.monotonic() - began })
    const early = role.preflight({ ...head, ...change, isLong: () => false })
    if (early) answerWith(early)
    else void role.endpoint({ ...head, query: new URLSearchParams(), headers: {}, ...change }, answerWith)
    const isOver = (): boolean => answered !== undefined
    for (let turn = 0; turn < 500 && !isOver(); turn++) {
      for (let each = 0; each < 5; each++) await settle()
      if (!isOver()) await clock.advance(10)
    }
    if (!answered || answered.answer === 'no answer') throw new Error('the post was not answered')
    return { ms: answered.ms, ...answered.answer }
  }
  const patch = (name: string, change: object, type = hooks) =>
    send(server, {
      method: 'PATCH',
      path: objectPath(type, 'default', name),
      contentType: 'application/merge-patch+json',
      body: JSON.stringify(change),
    })
  return { clock, encode, environment, hookOf, key, patch, post, role, server, world }
}

const bearer = { authorization: `Bearer ${proof}` }
const hmacOf = (body: string): string => `sha256=${createHmac('sha256', proof).update(body).digest('hex')}`

/** A post without a right proof, and the name that it is sent to. */
const wrong: readonly (readonly [string, Partial<NamedPath>, Readonly<Record<string, string>>])[] = [
  ['a name of no hook', { name: 'none' }, bearer],
  ['a namespace of no hook', { namespace: 'none', name: 'by-bearer' }, bearer],
  ['the name of a hook whose URL has a token', { name: 'by-token' }, bearer],
  ['no proof', { name: 'by-bearer' }, {}],
  ['another token', { name: 'by-bearer' }, { authorization: 'Bearer another' }],
  ['a secret in the path that is not asked for', { name: 'by-bearer', secret: inPath }, bearer],
  ['another password', { name: 'by-user' }, bearer],
  ['another value in the header', { name: 'by-header' }, { 'x-secret': 'x' }],
  ['no secret in the path', { name: 'by-path' }, bearer],
  ['another secret in the path', { name: 'by-path', secret: `${inPath}x` }, bearer],
  ['no signature', { name: 'by-hmac' }, {}],
  ['another signature', { name: 'by-hmac' }, { 'x-hub-signature-256': hmacOf('another body') }],
  ['no signature of Standard Webhooks', { name: 'by-webhook' }, {}],
  ['a value that could be guessed', { name: 'by-weak-value' }, { authorization: `Bearer ${values.weak}` }],
  ['a Secret that is not there', { name: 'by-no-secret' }, bearer],
  ['a Secret that may not be read', { name: 'by-forbidden' }, bearer],
  ['a suspended hook and no proof', { name: 'suspended' }, {}],
  ['no ID token', { name: 'by-issuer' }, {}],
  ['an ID token with another claim', { name: 'by-issuer' }, forged({ project_id: '8' })],
  ['an ID token with an unknown key', { name: 'by-issuer' }, forged()],
  ['an ID token with a wrong signature', { name: 'by-issuer' }, forged({}, 'known')],
  ['an ID token of another issuer', { name: 'by-issuer' }, forged({ iss: 'https://example.com' })],
  ['an ID token with an unknown key, for a name of no hook', { name: 'none' }, forged()],
]

describe('posts that prove nothing at a URL with a name', () => {
  it('get one answer at one time, regardless of what is there and of what is wrong', async () => {
    const { post } = await setUp()
    for (const [what, to, headers] of wrong) {
      const { body, headers: sent, ms, status } = await post(to, { headers })
      expect({ what, ms, status, sent, reason: body.reason, members: Object.keys(body) }).toEqual({
        what,
        ms: 100,
        status: 401,
        sent: {
          'www-authenticate': 'Bearer realm="receiver-hooks", Basic realm="receiver-hooks", charset="UTF-8"',
        },
        reason: 'Unproved',
        members: ['message', 'reason'],
      })
    }
  })

  it.each<[string, (clock: { after(ms: number, run: () => void): unknown }) => Promise<void>, number, string]>([
    ['a moment later', clock => new Promise(resolve => void clock.after(130, resolve)), 200, '401 Unproved'],
    ['never', () => new Promise(() => {}), 3100, '503 BodyTooSlow'],
    ['beyond the limit', () => Promise.reject(new BodyTooLarge()), 100, '413 BodyTooLarge'],
    ['cut short', () => Promise.reject(new Error('cut short')), 100, '400 BodyUnreadable'],
  ])('whose body comes %s get one answer at one time', async (_what, arrive, expectedMs, expected) => {
    const { clock, post } = await setUp()
    for (const [what, to, headers] of wrong) {
      const body = () => arrive(clock).then(() => Buffer.from('a body'))
      const discard = () => arrive(clock)
      const { body: answer, ms, status } = await post(to, { headers, body, discard })
      expect({ what, ms, answer: `${status} ${answer.reason}` }).toEqual({ what, ms: expectedMs, answer: expected })
    }
  })

  it('wait alike for an issuer that does not answer, regardless of which hook the token is for', async () => {
    const { post } = await setUp('hangs')
    const posts: readonly (readonly [string, object, string])[] = [
      ['by-issuer', {}, '2100 503 IssuerUnavailable'],
      ['by-issuer', { project_id: '8' }, '2100 503 IssuerUnavailable'],
      ['by-bearer', {}, '2100 503 IssuerUnavailable'],
      ['none', {}, '2100 503 IssuerUnavailable'],
      ['by-issuer', { iss: 'https://example.com' }, '100 401 Unproved'],
      ['none', { iss: 'https://example.com' }, '100 401 Unproved'],
    ]
    for (const [name, changes, expected] of posts) {
      const { body, ms, status } = await post({ name }, { headers: forged(changes) })
      expect([name, changes, `${ms} ${status} ${body.reason}`]).toEqual([name, changes, expected])
    }
  })

  it('with ID tokens of unknown keys cause one read of the keys in ten seconds', async () => {
    const { clock, post, world } = await setUp()
    const flood = async () => {
      const posts = Array.from({ length: 100 }, (_, n) => post({ name: 'by-issuer' }, { headers: forged({}, `${n}`) }))
      return new Set((await Promise.all(posts)).map(({ body, status }) => `${status} ${body.reason}`))
    }
    // Those beyond the 32 that wait for the keys are to be sent again.
    expect(await flood()).toEqual(new Set(['401 Unproved', '503 IssuerUnavailable']))
    expect(await flood()).toEqual(new Set(['401 Unproved']))
    expect(world.issuer).toBe(2)
    await clock.advance(10_000)
    await flood()
    expect(world.issuer).toBe(4)
  })

  it('with ID tokens of an issuer that is away count as failed', async () => {
    const { post } = await setUp('hangs')
    const counted = vi.spyOn(Distrust.prototype, 'refusedNamed')
    onTestFinished(() => counted.mockRestore())
    expect(await post({ name: 'by-issuer' }, { headers: forged() })).toMatchObject({ status: 503 })
    expect(counted.mock.calls).toEqual([['192.0.2.1', expect.objectContaining({ name: 'by-issuer' })]])
  })

  it('cost no request where no hook has the name, while the cache is proven to be current', async () => {
    const { clock, post, world } = await setUp()
    // The first post after a pause has proofs requested again.
    await post({ name: 'none' }, { headers: bearer })
    await clock.advance(1500)
    await post({ name: 'none' }, { headers: bearer })
    world.requests.length = 0
    for (let each = 0; each < 20; each++) await post({ name: `none-${each}` }, { headers: bearer })
    expect(world.requests).toEqual([])
  })

  it.each(['by-bearer', 'by-path', 'by-hmac', 'by-no-secret', 'none'])(
    'to %s are refused at one rate for all names while the cache is not proven to be current',
    async flooded => {
      const { clock, post, world } = await setUp()
      world.provesNothing = true
      await clock.advance(3000)
      const statusOf = async (name: string): Promise<number> => (await post({ name }, {})).status
      const statuses: number[] = []
      for (let each = 0; each < 2 * lookupRates.post.burst; each++) {
        statuses.push(await statusOf(flooded === 'none' ? `none-${each}` : flooded))
      }
      // Each refusal takes 100 ms, in which the rate allows a fifth of another one.
      expect(statuses.filter(status => status === 401).length).toBeLessThan(1.5 * lookupRates.post.burst)
      expect(statuses.slice(0, lookupRates.post.burst)).toEqual(
        Array.from({ length: lookupRates.post.burst }, () => 401),
      )
      const names = ['by-bearer', 'by-path', 'by-hmac', 'by-user', 'by-header', 'by-token', 'none', 'none-again']
      const next = await Promise.all(names.map(statusOf))
      expect(next.filter(status => status === 401).length).toBeLessThan(3)
      await clock.advance(1000)
      expect(await statusOf('by-bearer')).toBe(401)
      expect(await post({ name: 'by-bearer' }, { headers: bearer })).toMatchObject({ status: 200 })
    },
  )

  it('are answered 503 for every name while the API server is away, once the cache may be old', async () => {
    const { clock, post, world } = await setUp()
    world.isAway = true
    await clock.advance(3000)
    for (const name of ['by-bearer', 'by-path', 'by-token', 'none']) {
      const { body, headers, ms, status } = await post({ name }, {})
      expect({ status, headers, body: Object.keys(body), reason: body.reason, rest: ms % 100 }).toEqual({
        status: 503,
        headers: { 'retry-after': '1' },
        body: ['message', 'reason'],
        reason: 'ApiUnreachable',
        rest: 0,
      })
    }
  })
})

describe('posts with a proof at a URL with a name', () => {
  it.each<[string, Partial<NamedPath>, Readonly<Record<string, string>>]>([
    ['a bearer token', { name: 'by-bearer' }, bearer],
    ['a user', { name: 'by-user' }, { authorization: `Basic ${Buffer.from(`ann:${proof}`).toString('base64')}` }],
    ['a header', { name: 'by-header' }, { 'x-secret': proof }],
    ['a secret in the path', { name: 'by-path', secret: inPath }, {}],
    ['a signature', { name: 'by-hmac' }, { 'x-hub-signature-256': hmacOf('') }],
  ])('of %s run the hook, and are not held', async (_what, to, headers) => {
    const { post } = await setUp()
    const { ms, ...answer } = await post(to, { headers })
    expect(answer).toMatchObject({ status: 200, body: { outcome: 'applied', to: 3 } })
    expect(ms).toBeLessThan(refusedEveryMs)
  })

  it('get the reason why nothing runs, as with a token', async () => {
    const { clock, patch, post } = await setUp()
    expect(await post({ name: 'suspended' }, { headers: bearer })).toMatchObject({
      status: 200,
      body: { reason: 'Suspended' },
    })
    await patch('by-bearer', { spec: { rateLimit: { perSecond: 1, burst: 1 } } })
    await clock.advance(100)
    expect(await post({ name: 'by-bearer' }, { headers: bearer })).toMatchObject({ status: 200 })
    expect(await post({ name: 'by-bearer' }, { headers: bearer })).toMatchObject({
      status: 503,
      body: { reason: 'RateLimited', hook: 'default/by-bearer' },
    })
    // Who proves nothing does not learn that the rate is used up.
    expect(await post({ name: 'by-bearer' }, {})).toMatchObject({ status: 401, ms: 100 })
  })

  it('count no longer once the Secret was changed, within two seconds', async () => {
    const { clock, encode, patch, post } = await setUp()
    const path = { name: 'by-path', secret: inPath }
    expect(await post(path)).toMatchObject({ status: 200 })
    const other = `${inPath}-2`
    await patch('sender', { data: encode({ path: other }) }, secrets)
    await clock.advance(2000)
    expect(await post(path)).toMatchObject({ status: 401 })
    expect(await post({ ...path, secret: other })).toMatchObject({ status: 200 })
  })

  it('run a hook that was deleted and created again, at the same URL', async () => {
    const { clock, hookOf, post, server } = await setUp()
    const path = objectPath(hooks, 'default', 'by-bearer')
    await server.request({ method: 'DELETE', path, lane: 'bulk', timeoutMs: 1000 })
    await clock.advance(100)
    expect(await post({ name: 'by-bearer' }, { headers: bearer })).toMatchObject({ status: 401 })
    await hookOf('by-bearer', { auth: auths['by-bearer'], token: { url: 'named' } })
    await clock.advance(100)
    expect(await post({ name: 'by-bearer' }, { headers: bearer })).toMatchObject({ status: 200 })
  })

  it('that wait for their outcome end without a 410 when the hook is deleted', async () => {
    const { clock, post, server } = await setUp()
    const path = objectPath(hooks, 'default', 'by-bearer')
    clock.after(500, () => void server.request({ method: 'DELETE', path, lane: 'bulk', timeoutMs: 1000 }))
    const waiting = { headers: bearer, query: new URLSearchParams('wait=25s') }
    expect(await post({ name: 'by-bearer' }, waiting)).toMatchObject({ status: 401, body: { reason: 'Unproved' } })
  })

  it('may have a token from before, until the rotation is raised, and never without the proof', async () => {
    const { clock, hookOf, key, patch, post } = await setUp()
    const { metadata } = await hookOf('later', { auth: auths['by-bearer'], token: { url: 'named' } })
    await clock.advance(100)
    const token = await mint(key, { namespace: 'default', name: 'later', uid: metadata.uid, rotation: 0 })
    expect(await post({ token }, { headers: bearer })).toMatchObject({ status: 200 })
    expect(await post({ token })).toMatchObject({ status: 401, body: { reason: 'Unauthorized' } })
    // The overlap of 5 minutes would be for senders that get a newer token. There is none.
    await patch('later', { spec: { token: { rotation: 1 } } })
    await clock.advance(100)
    expect(await post({ token }, { headers: bearer })).toMatchObject({ status: 410 })
    expect(await post({ name: 'later' }, { headers: bearer })).toMatchObject({ status: 200 })
  })
})

describe('a flood of wrong proofs', () => {
  it('from one source is limited, and does not affect the sender of good ones', async () => {
    const { post, world } = await setUp()
    const good = { headers: bearer, source: '198.51.100.7' }
    const answers: string[] = []
    for (let each = 0; each < 30; each++) {
      const flood = Array.from({ length: 100 }, () => post({ name: 'by-bearer' }, { source: '192.0.2.1' }))
      for (const { body, status } of await Promise.all(flood)) answers.push(`${status} ${body.reason}`)
      expect(await post({ name: 'by-bearer' }, good)).toMatchObject({ status: 200 })
    }
    expect(new Set(answers)).toEqual(new Set(['401 Unproved']))
    // One read of the Secret a second serves all of them.
    const reads = world.requests.filter(request => request.includes('/secrets/'))
    expect(reads.length).toBeLessThan(6)
  })

  it('does not affect another name, and good proofs take nothing', async () => {
    const { post } = await setUp()
    for (let each = 0; each < refusedRate.burst + 50; each++) {
      expect(await post({ name: 'by-bearer' }, { headers: bearer })).toMatchObject({ status: 200 })
    }
    await Promise.all(Array.from({ length: refusedRate.burst + 50 }, () => post({ name: 'by-bearer' })))
    expect(await post({ name: 'by-header' }, { headers: { 'x-secret': proof } })).toMatchObject({ status: 200 })
  })

  it('that may be long, from elsewhere, does not shut out a sender that has proved itself there', async () => {
    const { clock, post, role } = await setUp()
    const [known, stranger] = ['198.51.100.7', '192.0.2.1']
    const headers = { 'x-hub-signature-256': hmacOf('') }
    expect(await post({ name: 'by-hmac' }, { headers, source: known })).toMatchObject({ status: 200 })
    const to = { method: 'POST', token: undefined, named: { namespace: 'default', name: 'by-hmac' } }
    const wrong = { ...to, source: stranger, query: new URLSearchParams(), headers: {} }
    for (let each = 0; each < refusedRate.burst + 50; each++) void role.endpoint(wrong, () => {})
    await clock.advance(refusedEveryMs)
    const isLetIn = (source: string) => role.preflight({ ...to, source, isLong: () => true }) === undefined
    const { ofAll, ofHook } = checkRates.long
    const letIn = Array.from({ length: 200 }, () => isLetIn(stranger)).filter(isIn => isIn)
    expect(letIn).toHaveLength(ofAll.burst + ofHook.burst)
    expect([isLetIn(known), isLetIn('203.0.113.9')]).toEqual([true, false])
  })

  it('on names of no hook is refused beyond the rate of all, and hooks are not', async () => {
    const { post } = await setUp()
    const flood = async (count: number) => {
      const posted = await Promise.all(Array.from({ length: count }, (_, each) => post({ name: `none-${each}` })))
      return posted.map(({ body, status }) => `${status} ${body.reason}`)
    }
    expect(new Set(await flood(refusedRate.burst + 50))).toEqual(new Set(['401 Unproved']))
    const beyond = await flood(checkRates.short.ofAll.burst + 200)
    expect(new Set(beyond)).toEqual(new Set(['401 Unproved', '503 Overloaded']))
    expect(await post({ name: 'by-bearer' }, { headers: bearer })).toMatchObject({ status: 200 })
  })
})

it('no log line has a proof or a secret of a path', async () => {
  const { environment, post } = await setUp()
  await post({ name: 'by-bearer' }, { headers: bearer })
  await post({ name: 'by-path', secret: inPath })
  await post({ name: 'by-header', secret: inPath })
  await post({ name: 'by-weak-value' }, { headers: { authorization: `Bearer ${values.weak}-value` } })
  const lines = environment.lines.join('\n')
  expect(lines).toContain('Unproved')
  for (const text of [proof, inPath]) expect(lines).not.toContain(text)
})
