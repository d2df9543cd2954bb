import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { at } from '../../src/api/json.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import type { ApiConnection, ApiRequest } from '../../src/environment/environment.ts'
import { connectInProcess } from '../../apiserver/connection.ts'
import { createApiServer } from '../../apiserver/server.ts'
import { crds } from '../../src/drivers/registry.ts'
import { objectPath } from '../../src/kube/paths.ts'
import { create, read, send } from '../../src/kube/requests.ts'
import { configMaps, hooks } from '../../src/kube/resources.ts'
import { verdictOf } from '../../src/operations/checks.ts'
import { formatPublicKeys, signingKey } from '../../src/token/keys.ts'
import { mint } from '../../src/token/mint.ts'
import { keySetEntry, publicKeysConfigMap } from '../../src/token/published.ts'
import type { TriggerRequest } from '../../src/trigger/request.ts'
import { stopPatch } from '../../src/token/stop.ts'
import { triggerRole } from '../../src/trigger/trigger.ts'
import { answerOf } from '../support/deliveries.ts'
import { fakeClock, settle } from '../support/clock.ts'
import { testEnvironment } from '../support/environment.ts'
import { deployment } from '../support/objects.ts'
import { seededRandom } from '../support/random.ts'
import { signaturesTakeNoTime } from '../support/signatures.ts'

const deployments = { group: 'apps', version: 'v1', resource: 'deployments', kind: 'Deployment' }

/** Sets up a trigger alone, on an in-memory API server: one hook, published by nobody but its key. */
const setUp = async (options: { readonly memoryBytes?: number } = {}) => {
  signaturesTakeNoTime()
  const clock = fakeClock()
  const random = seededRandom(3)
  const api = connectInProcess(createApiServer({ clock, random }))
  /** Runs before a request of the trigger goes out. */
  const world = { before: async (_request: ApiRequest): Promise<void> => {} }
  const watched: ApiConnection = {
    request: async request => {
      await world.before(request)
      return await api.request(request)
    },
    watch: (request, stop) => api.watch(request, stop),
  }
  const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
  for (const crd of crds) await send(api, { method: 'POST', path, body: JSON.stringify(crd) })
  await create(api, deployments, 'default', deployment('web', 2))
  const key = signingKey(random.bytes(32))
  const data = { [keySetEntry]: formatPublicKeys([key]) }
  await create(api, configMaps, 'default', {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: publicKeysConfigMap },
    data,
  })
  const hook = await create(api, hooks, 'default', {
    apiVersion,
    kind: hookKind,
    metadata: { name: 'web-up' },
    spec: { driver: 'scale', scale: { target: { name: 'web' }, action: 'up', max: 10 } },
  })
  const token = await mint(key, { namespace: 'default', name: 'web-up', uid: hook.metadata.uid, rotation: 0 })

  const patch = (objectAt: string, change: object) => {
    const contentType = 'application/merge-patch+json'
    return send(api, { method: 'PATCH', path: objectAt, contentType, body: JSON.stringify(change) })
  }
  let touches = 0
  const environment = testEnvironment({ api: watched, clock })
  const role = triggerRole(environment, { namespace: 'default', ...options })
  const stop = new AbortController()
  void role.run(stop.signal)
  await clock.advance(100)
  return {
    clock,
    environment,
    world,
    ready: () => verdictOf(role.checks).passed,
    replicas: async () => at(await read(api, deployments, 'default', 'web'), 'spec', 'replicas'),
    patchHook: (change: object) => patch(objectPath(hooks, 'default', 'web-up'), change),
    stopHooks: () =>
      patch(objectPath(configMaps, 'default', publicKeysConfigMap), {
        metadata: { annotations: stopPatch({ reason: 'a drill', all: false, at: undefined }) },
      }),
    touchTarget: () =>
      patch(objectPath(deployments, 'default', 'web'), { metadata: { labels: { touched: String(touches++) } } }),
    deleteHook: () =>
      api.request({ method: 'DELETE', path: objectPath(hooks, 'default', 'web-up'), lane: 'bulk', timeoutMs: 1000 }),
    post: async (query = '', change: Partial<TriggerRequest> = {}, sent = () => {}) => {
      const bare = { method: 'POST', token, source: '192.0.2.1', query: new URLSearchParams(query), headers: {} }
      const answering = answerOf(
        (request, send) =>
          role.endpoint(request, answer => {
            sent()
            send(answer)
          }),
        { ...bare, ...change },
      )
      // What the world does meanwhile takes no time here, but some turns of the event loop.
      for (let turn = 0; turn < 10; turn++) await settle()
      await clock.advance(5000)
      const answer = await answering
      if (answer === 'no answer') return answer
      return { status: answer.status, reason: answer.body.reason, to: answer.body.to }
    },
  }
}

/** Does something once, when the trigger reads the target for the first time. */
const onRead = (act: () => Promise<unknown>) => {
  let done = false
  return async ({ method, path }: ApiRequest): Promise<void> => {
    if (done || method !== 'GET' || !path.includes('/deployments/')) return
    done = true
    await act()
    await settle()
  }
}

describe('a post that asks for an outcome while all hooks are stopped', () => {
  const ask = { headers: { 'idempotency-key': 'one' } }

  it('does not get the answer that nothing was changed if the record cannot be read', async () => {
    const { clock, post, stopHooks, world } = await setUp()
    await stopHooks()
    await clock.advance(3000)
    expect(await post('wait=0s', ask)).toMatchObject({ status: 503, reason: 'Stopped' })
    // Another replica may have run it since then.
    world.before = ({ path }) => (path.includes('/receiverhookrecords/') ? new Promise(() => {}) : Promise.resolve())
    expect(await post('wait=0s', ask)).toMatchObject({ status: 503, reason: 'ApiUnreachable' })
  })
})

describe('a hook that changes while its post waits', () => {
  it('is obeyed as it now is: suspended', async () => {
    const { patchHook, post, replicas, world } = await setUp()
    world.before = onRead(() => patchHook({ spec: { suspend: true } }))
    expect(await post()).toMatchObject({ status: 200, reason: 'Suspended' })
    expect(await replicas()).toBe(2)
  })

  it('is obeyed as it now is: another step', async () => {
    const { patchHook, post, replicas, world } = await setUp()
    world.before = onRead(() => patchHook({ spec: { scale: { by: 5 } } }))
    expect(await post()).toEqual({ status: 200, reason: 'Stepped', to: 7 })
    expect(await replicas()).toBe(7)
  })

  it('is not run when it is deleted', async () => {
    const { deleteHook, post, replicas, world } = await setUp()
    world.before = onRead(deleteHook)
    expect(await post()).toMatchObject({ status: 410, reason: 'HookDeleted' })
    expect(await replicas()).toBe(2)
  })

  it('is not run by a token that was rotated out without overlap', async () => {
    const { patchHook, post, replicas, world } = await setUp()
    world.before = onRead(() => patchHook({ spec: { token: { rotation: 1, overlap: '0s' } } }))
    expect(await post()).toMatchObject({ status: 410, reason: 'TokenRotated' })
    expect(await replicas()).toBe(2)
  })

  it('is not run for a post that proves nothing, once it asks for that', async () => {
    const { patchHook, post, replicas, world } = await setUp()
    const auth = { bearer: { secretKeyRef: { name: 'senders', key: 'token' } } }
    world.before = onRead(() => patchHook({ spec: { auth } }))
    expect(await post()).toMatchObject({ status: 422, reason: 'AuthSecretNotFound' })
    expect(await replicas()).toBe(2)
  })

  it('is run all the same when only its status changes', async () => {
    const { patchHook, post, world } = await setUp()
    world.before = onRead(() => patchHook({ metadata: { labels: { a: 'b' } } }))
    expect(await post()).toEqual({ status: 200, reason: 'Stepped', to: 3 })
  })
})

describe('a post', () => {
  it('whose hook changes each time that it is looked at gets 503, after a few rounds', async () => {
    const { patchHook, post, replicas, touchTarget, world } = await setUp()
    let reads = 0
    world.before = async ({ method, path }) => {
      if (!path.includes('/deployments/')) return
      // The write is too late each time, and while the target is read again its hook is changed.
      if (method === 'PATCH') await touchTarget()
      else await patchHook({ spec: { scale: { max: 100 + reads++ } } })
      await settle()
    }
    expect(await post()).toMatchObject({ status: 503, reason: 'Contended' })
    expect(reads).toBeLessThan(10)
    expect(await replicas()).toBe(2)
  })

  const unread = { body: () => Promise.reject(new Error('nobody asks for the body')) }

  it('beyond the rate limit of its hook gets 503 before its body is read, and changes nothing', async () => {
    const { clock, patchHook, post, replicas } = await setUp()
    await patchHook({ spec: { rateLimit: { perSecond: 1, burst: 1 } } })
    await clock.advance(100)
    const [first, second] = await Promise.all([post(), post('', unread)])
    expect(first).toMatchObject({ status: 200, to: 3 })
    expect(second).toMatchObject({ status: 503, reason: 'RateLimited' })
    expect(await replicas()).toBe(3)
    expect(await post()).toMatchObject({ status: 200, to: 4 })
  })

  it('makes room for the next one of its namespace once it is answered', async () => {
    // Two posts of a namespace may wait.
    const { post, replicas } = await setUp({ memoryBytes: 4 * 6 * 64 * 1024 })
    for (const to of [3, 4, 5, 6]) expect(await post()).toMatchObject({ status: 200, to })
    const answers = await Promise.all([post(), post(), post()])
    expect(answers).toMatchObject([{ status: 200 }, { status: 200 }, { status: 503, reason: 'Overloaded' }])
    expect(await replicas()).toBe(8)
  })

  it.each<Record<string, string>>([{ 'content-length': '70000' }, { 'transfer-encoding': 'chunked' }])(
    'with a long body, to a hook that is suspended, is answered before that is read: %j',
    async headers => {
      const { clock, patchHook, post } = await setUp()
      await patchHook({ spec: { suspend: true } })
      await clock.advance(100)
      expect(await post('', { headers, ...unread })).toMatchObject({ status: 200, reason: 'Suspended' })
      // A short one may name the delivery, whose copy is then remembered.
      expect(await post('', { headers: { 'content-length': '10' }, ...unread })).toMatchObject({ status: 400 })
    },
  )

  it.each([
    'dryRun=TRUE',
    'dryRun=1',
    'dryRun=',
    'dryrun=true',
    'dryRun=true&dryRun=false',
    'dry-run=server',
    'dry_run=true',
    'DRY-RUN',
  ])('with ?%s is refused, since it may mean a dry run and does not say so', async query => {
    const { post, replicas } = await setUp()
    expect(await post(query)).toMatchObject({ status: 400, reason: 'BadQuery' })
    expect(await replicas()).toBe(2)
  })

  it('with ?dryRun=false runs', async () => {
    expect(await (await setUp()).post('dryRun=false')).toMatchObject({ status: 200, to: 3 })
  })

  it('whose body does not arrive gets 503 while there is time to answer, and does nothing', async () => {
    const { post, replicas } = await setUp()
    expect(await post('', { body: () => new Promise(() => {}) })).toMatchObject({ status: 503, reason: 'BodyTooSlow' })
    expect(await replicas()).toBe(2)
  })

  const resolved = JSON.stringify({ version: '4', groupKey: '{}', status: 'resolved', alerts: [] })

  it.each([
    ['gzip', gzipSync(resolved)],
    ['X-GZIP', gzipSync(resolved)],
    ['deflate', deflateSync(resolved)],
    ['deflate', deflateRawSync(resolved)],
    ['identity', Buffer.from(resolved)],
  ])('whose body is compressed is read: %s', async (encoding, body) => {
    const { post } = await setUp()
    const compressed = { headers: { 'content-encoding': encoding }, body: () => Promise.resolve(body) }
    expect(await post('', compressed)).toMatchObject({ status: 200, reason: 'Resolved' })
  })

  it.each([
    ['br', brotliCompressSync(resolved), 415, 'EncodingNotSupported'],
    ['gzip, gzip', gzipSync(gzipSync(resolved)), 415, 'EncodingNotSupported'],
    ['gzip', Buffer.from(resolved), 400, 'BodyUnreadable'],
    ['gzip', gzipSync(resolved).subarray(0, -9), 400, 'BodyUnreadable'],
    ['gzip', gzipSync(Buffer.alloc(1024 * 1024 + 1)), 413, 'BodyTooLarge'],
    ['identity', Buffer.from(resolved.slice(0, -1)), 400, 'BodyUnreadable'],
  ])(
    'whose body cannot be read is refused, since it could say "resolved": %s',
    async (encoding, body, status, reason) => {
      const { post, replicas } = await setUp()
      const compressed = { headers: { 'content-encoding': encoding }, body: () => Promise.resolve(body) }
      expect(await post('', compressed)).toMatchObject({ status, reason })
      expect(await replicas()).toBe(2)
    },
  )
})

describe('a delivery', () => {
  it('is answered before it is logged', async () => {
    const { environment, post } = await setUp()
    const logged = (): number => environment.lines.filter(line => line.includes('"msg":"delivery"')).length
    const loggedAtSending: number[] = []
    await post('', {}, () => loggedAtSending.push(logged()))
    expect([...loggedAtSending, logged()]).toEqual([0, 1])
  })

  it('is counted by hook, sender, outcome and reason, and logged in one line', async () => {
    const { environment, post } = await setUp()
    await post()
    const labels = 'namespace="default",hook="web-up",driver="scale",sender="plain",outcome="applied",reason="Stepped"'
    expect(await environment.metrics.text()).toContain(`receiverhooks_deliveries_total{${labels}} 1`)
    const took = 'receiverhooks_delivery_duration_seconds_count{driver="scale",outcome="applied"} 1'
    expect(await environment.metrics.text()).toContain(took)
    const lines = environment.lines.filter(line => line.includes('"msg":"delivery"'))
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain('"outcome":"applied","reason":"Stepped","status":200,"from":2,"to":3')
  })

  it('that is refused is counted each time, and written to the log only now and then', async () => {
    const { environment, post } = await setUp()
    for (let refused = 0; refused < 3; refused++) {
      await Promise.all(Array.from({ length: 200 }, () => post('', { token: 'none' })))
    }
    expect(await environment.metrics.text()).toMatch(/receiverhooks_deliveries_total\{.*reason="UnknownToken"\} 600/)
    const lines = environment.lines.filter(line => line.includes('"reason":"UnknownToken"'))
    expect(lines.length).toBeLessThan(300)
    expect(lines.join('')).toMatch(/"omitted":\d+/)
  })

  it('that is a dry run counts as one, not as what it would have done', async () => {
    const { environment, post, replicas } = await setUp()
    expect(await post('dryRun=true')).toMatchObject({ status: 200, to: 3 })
    expect(await environment.metrics.text()).toContain('outcome="dry run"')
    expect(await environment.metrics.text()).not.toContain('outcome="applied"')
    expect(await replicas()).toBe(2)
  })
})
