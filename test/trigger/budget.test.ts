import { describe, expect, it } from 'vitest'
import { connectInProcess } from '../../apiserver/connection.ts'
import { createApiServer } from '../../apiserver/server.ts'
import { at, stringAt, tryParseJson } from '../../src/api/json.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import { crds } from '../../src/drivers/registry.ts'
import type { ApiConnection } from '../../src/environment/environment.ts'
import { collectionPath } from '../../src/kube/paths.ts'
import { create, read, send } from '../../src/kube/requests.ts'
import { configMaps, hooks, records } from '../../src/kube/resources.ts'
import { formatPublicKeys, signingKey } from '../../src/token/keys.ts'
import { mint } from '../../src/token/mint.ts'
import { keySetEntry, publicKeysConfigMap } from '../../src/token/published.ts'
import { maxKept, writeBudget } from '../../src/trigger/limits.ts'
import { triggerRole } from '../../src/trigger/trigger.ts'
import { answerOf } from '../support/deliveries.ts'
import { fakeClock, settle } from '../support/clock.ts'
import { testEnvironment } from '../support/environment.ts'
import { deployment } from '../support/objects.ts'
import { seededRandom } from '../support/random.ts'
import { signaturesTakeNoTime } from '../support/signatures.ts'

const namespace = 'default'
const deployments = { group: 'apps', version: 'v1', resource: 'deployments', kind: 'Deployment' }

/** Returns large workloads, so that few posts use up a budget. */
const workload = (name: string, more: object = {}) => {
  const made = deployment(name, 0)
  return { ...made, metadata: { name, annotations: { note: 'x'.repeat(60_000) }, ...more } }
}

const scale = (name: string) => ({
  driver: 'scale',
  scale: { target: { name }, action: 'up', max: 1_000_000 },
})
const redeploy = (app: string) => ({
  driver: 'redeploy',
  redeploy: { selector: { matchLabels: { app } }, withoutImage: 'restart' },
})

/** Returns a connection that looks after each write how large the object has become. */
const metered = (server: ApiConnection) => {
  let stored = 0
  const api: ApiConnection = {
    watch: (request, stop) => server.watch(request, stop),
    request: async request => {
      const response = await server.request(request)
      if (request.method === 'GET' || request.method === 'DELETE' || response.status > 299) return response
      const name = stringAt(tryParseJson(response.body), 'metadata', 'name') ?? ''
      const path = request.method === 'POST' ? `${request.path}/${name}` : request.path.replace(/\/scale$/, '')
      const { body } = await server.request({ method: 'GET', path, lane: 'bulk', timeoutMs: 1000 })
      stored += body.length
      return response
    },
  }
  return { api, stored: () => stored }
}

/** Creates workloads, a signing key and hooks, and returns the tokens of the hooks. */
const install = async (
  server: ApiConnection,
  seed: Uint8Array,
  specs: Readonly<Record<string, object>>,
  more: Readonly<Record<string, string>>,
): Promise<ReadonlyMap<string, string>> => {
  const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
  for (const crd of crds) await send(server, { method: 'POST', path, body: JSON.stringify(crd) })
  for (const [name, app] of Object.entries({ web: 'web', other: 'other', ...more })) {
    await create(server, deployments, namespace, workload(name, { labels: { app } }))
  }
  const key = signingKey(seed)
  const data = { [keySetEntry]: formatPublicKeys([key]) }
  await create(server, configMaps, namespace, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: publicKeysConfigMap },
    data,
  })
  const tokens = new Map<string, string>()
  for (const [name, spec] of Object.entries(specs)) {
    const hook = await create(server, hooks, namespace, { apiVersion, kind: hookKind, metadata: { name }, spec })
    tokens.set(name, await mint(key, { namespace, name, uid: hook.metadata.uid, rotation: 0 }))
  }
  return tokens
}

/** Sets up a trigger alone, on an in-memory API server of which it is known how much each hook's namesakes have made it store. */
const setUp = async (specs: Readonly<Record<string, object>>, more: Readonly<Record<string, string>> = {}) => {
  signaturesTakeNoTime()
  const clock = fakeClock()
  const random = seededRandom(3)
  const server = connectInProcess(createApiServer({ clock, random }))
  const { api, stored } = metered(server)
  const tokens = await install(server, random.bytes(32), specs, more)
  const role = triggerRole(testEnvironment({ api, clock }), { namespace })
  const stop = new AbortController()
  void role.run(stop.signal)
  await clock.advance(100)

  let posts = 0
  const nothing = new Uint8Array()
  const begin = (
    hook: string,
    isNamed: boolean,
    body = (): Promise<Uint8Array> => Promise.resolve(nothing),
    byHead = true,
    query = '',
  ) => {
    const token = tokens.get(hook) ?? ''
    const head = { method: 'POST', token, source: '192.0.2.1' }
    const early = byHead ? role.preflight({ ...head, mayBeDry: query !== '', isLong: () => false }) : undefined
    if (early) return Promise.resolve(early)
    return answerOf(role.endpoint, {
      ...head,
      query: new URLSearchParams(query),
      headers: isNamed ? { 'idempotency-key': `post ${posts++}` } : {},
      body,
    })
  }
  const reasonOf = (answer: Awaited<ReturnType<typeof begin>>): string =>
    answer === 'no answer' ? answer : `${answer.status} ${answer.body.reason}`
  /** Posts so many at once, and lets a twentieth of a second pass until all are answered. */
  const post = async (hook: string, isNamed: boolean, count = 1): Promise<readonly string[]> => {
    let answers: readonly string[] | undefined
    void Promise.all(Array.from({ length: count }, () => begin(hook, isNamed))).then(all => {
      answers = all.map(reasonOf)
    })
    for (;;) {
      await settle()
      await clock.advance(50)
      if (answers) return answers
    }
  }
  /** Posts so many whose bodies arrive one after another, once all have been let in. */
  const postHeld = async (hook: string, isNamed: boolean, count: number): Promise<readonly string[]> => {
    const releases: (() => void)[] = []
    const answers = Array.from({ length: count }, () =>
      begin(hook, isNamed, () => new Promise(resolve => releases.push(() => resolve(nothing)))),
    )
    await settle()
    expect(releases).toHaveLength(count)
    const reasons: string[] = []
    for (const [index, release] of releases.entries()) {
      release()
      void answers[index]?.then(answer => reasons.push(reasonOf(answer)))
      for (let ms = 0; ms < 50 && reasons.length <= index; ms++) {
        await settle()
        await clock.advance(1)
      }
    }
    return reasons
  }
  /** Returns what the record of the hook `flooded` says. */
  const limitedAt = async (): Promise<unknown> =>
    at(tryParseJson(String((await read(server, records, namespace, 'flooded'))?.['content'])), 'limitedAt')
  return { begin, clock, limitedAt, post, postHeld, server, stored, stop: () => stop.abort() }
}

const jobs = { group: 'batch', version: 'v1', resource: 'jobs', kind: 'Job' }
const cronJobs = { group: 'batch', version: 'v1', resource: 'cronjobs', kind: 'CronJob' }

const ok = (answer: string): boolean => answer.startsWith('200')

describe('what the posts to one hook make the API server store', () => {
  it.each([
    ['named, one by one, to scale', scale('web'), true, 1],
    ['named, 8 at a time, to scale', scale('web'), true, 8],
    ['without a name, one by one, to scale', scale('web'), false, 1],
    ['named, one by one, to redeploy', redeploy('web'), true, 1],
    ['without a name, one by one, to redeploy', redeploy('web'), false, 1],
  ])('has a budget: %s', async (_, spec, isNamed, count) => {
    const rateLimit = { perSecond: 10_000, burst: 100_000 }
    const x = await setUp({ flooded: { ...spec, rateLimit }, quiet: scale('other') })
    const answers: string[] = []
    for (const end = x.clock.monotonic() + 20_000; x.clock.monotonic() < end;) {
      answers.push(...(await x.post('flooded', isNamed, count)))
    }
    const seconds = x.clock.monotonic() / 1000
    const most = writeBudget.burst + writeBudget.perSecond * seconds
    // What was in progress when the budget was used up is in there as well.
    expect(x.stored()).toBeLessThan(most + 200_000)
    // As much as the budget allows is taken.
    expect(x.stored()).toBeGreaterThan(0.8 * most)
    expect(new Set(answers.filter(answer => !ok(answer)))).toEqual(new Set(['503 WritesLimited']))
    expect(answers.filter(ok).length).toBeGreaterThan(100)
    // Another hook has its own.
    expect(await x.post('quiet', true)).toEqual(['200 Stepped'])
    // It fills again.
    await x.clock.advance(80_000)
    const before = x.stored()
    const later = await x.post('flooded', isNamed, count)
    expect(later.every(ok)).toBe(true)
    expect(x.stored()).toBeGreaterThan(before)
    x.stop()
  })

  it('is not overdrawn by as much as many restarts would write that are let in at once', async () => {
    const more = Object.fromEntries(Array.from({ length: 4 }, (_, i) => [`web-${i}`, 'web']))
    const x = await setUp({ flooded: redeploy('web') }, more)
    const answers = await x.post('flooded', false, 45)
    const most = writeBudget.burst + (writeBudget.perSecond * x.clock.monotonic()) / 1000
    expect(x.stored()).toBeLessThan(most + 1_000_000)
    // The one that began first is not among those that end early.
    expect(answers.filter(ok).length).toBeGreaterThan(0)
    expect(new Set(answers.filter(answer => !ok(answer)))).toEqual(new Set(['no answer']))
    x.stop()
  })

  it('is no matter to a dry run, which writes nothing', async () => {
    const x = await setUp({ flooded: scale('web') })
    // Nothing comes in: the clock stands still.
    let answer: Awaited<ReturnType<typeof x.begin>>
    do answer = await x.begin('flooded', true)
    while (answer !== 'no answer' && answer.status === 200)
    expect(answer).toMatchObject({ status: 503, body: { reason: 'WritesLimited' } })
    const before = x.stored()
    for (const byHead of [true, false]) {
      const dry = await x.begin('flooded', true, undefined, byHead, 'dryRun=true')
      expect(dry).toMatchObject({ status: 200, body: { reason: 'Stepped', dryRun: true } })
      const live = await x.begin('flooded', true, undefined, byHead, 'dryRun=false')
      expect(live).toMatchObject({ status: 503, body: { reason: 'WritesLimited' } })
    }
    expect(x.stored()).toBe(before)
    x.stop()
  })

  it('shuts no hook for longer than the budget takes to come in', async () => {
    // All of it is one push.
    const more = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`web-${i}`, 'web']))
    const x = await setUp({ flooded: redeploy('web') }, more)
    expect(await x.post('flooded', true)).toEqual(['200 Restarted'])
    expect(x.stored()).toBeGreaterThan(2 * writeBudget.burst)
    const asked = await Promise.all([true, false].map(byHead => x.begin('flooded', true, undefined, byHead)))
    const [seconds = 0, ...others] = asked.map(refused => {
      if (refused === 'no answer') throw new Error(refused)
      expect(refused.body.reason).toBe('WritesLimited')
      return Number(refused.headers['retry-after'])
    })
    expect(others).toEqual([seconds])
    expect(seconds).toBeGreaterThan(70)
    expect(seconds).toBeLessThanOrEqual(81)
    await x.clock.advance(seconds * 1000)
    expect(await x.post('flooded', true)).toEqual(['200 Restarted'])
    x.stop()
  })

  it('is reported to the owner of the hook where it ends restarts', async () => {
    const more = Object.fromEntries(Array.from({ length: 4 }, (_, i) => [`web-${i}`, 'web']))
    const x = await setUp({ flooded: redeploy('web') }, more)
    const answers = await x.post('flooded', true, 45)
    expect(answers.filter(ok).length).toBeGreaterThan(0)
    expect(new Set(answers.filter(answer => !ok(answer)))).toEqual(new Set(['503 WritesLimited']))
    await x.clock.advance(5000)
    expect(await x.limitedAt()).toBeGreaterThan(0)
    x.stop()
  })

  it.each([
    ['named, to scale', scale('web'), true, 200, 200_000],
    ['without a name, to scale', scale('web'), false, 200, 200_000],
    ['named, to redeploy', redeploy('web'), true, 12, 21 * 61_000],
    ['without a name, to redeploy', redeploy('web'), false, 12, 21 * 61_000],
  ])('is looked at again once a body has come: %s', async (_, spec, isNamed, count, post) => {
    const more = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`web-${i}`, 'web']))
    const x = await setUp({ flooded: { ...spec, rateLimit: { perSecond: 1000, burst: 1000 } } }, more)
    const before = x.stored()
    const answers = await x.postHeld('flooded', isNamed, count)
    const most = writeBudget.burst + (writeBudget.perSecond * x.clock.monotonic()) / 1000
    expect(x.stored() - before).toBeLessThan(most + post)
    expect(x.stored() - before).toBeGreaterThan(0.8 * most)
    expect(new Set(answers.filter(answer => !ok(answer)))).toEqual(new Set(['503 WritesLimited']))
    expect(answers).toHaveLength(count)
    x.stop()
  })

  it('is reported to the owner of the hook, once a minute', async () => {
    const x = await setUp({ flooded: scale('web') })
    const untilRefused = async (): Promise<number> => {
      for (let posts = 0; posts < 1000; posts++) {
        if (!ok((await x.post('flooded', true))[0] ?? '')) return x.clock.now()
      }
      throw new Error('no post was refused')
    }
    const first = await untilRefused()
    await x.clock.advance(5000)
    const limitedAt = await x.limitedAt()
    expect(limitedAt).toBeGreaterThan(first - 1000)
    expect(limitedAt).toBeLessThanOrEqual(first)
    await untilRefused()
    await x.clock.advance(5000)
    expect(await x.limitedAt()).toBe(limitedAt)
    await x.clock.advance(60_000)
    const second = await untilRefused()
    await x.clock.advance(5000)
    expect(await x.limitedAt()).toBeGreaterThan(second - 1000)
    x.stop()
  })
})

it('a hook makes so many Jobs, and no more before they end', { timeout: 60_000 }, async () => {
  const x = await setUp({ flooded: { driver: 'runJob', runJob: { cronJob: 'report' } }, quiet: scale('other') })
  const pods = { spec: { restartPolicy: 'Never', containers: [{ name: 'report', image: 'acme/report' }] } }
  await create(x.server, cronJobs, namespace, {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'report' },
    spec: { schedule: '@yearly', suspend: true, jobTemplate: { spec: { template: pods } } },
  })
  const answers: string[] = []
  while (!answers.includes('503 WritesLimited') && answers.length < 2 * maxKept) {
    answers.push(...(await x.post('flooded', false, 5)))
  }
  expect(answers.filter(ok)).toHaveLength(maxKept)
  const listing = { method: 'GET', path: collectionPath(jobs, namespace), lane: 'bulk', timeoutMs: 1000 } as const
  const { body } = await x.server.request(listing)
  expect(at(tryParseJson(body), 'items')).toHaveLength(maxKept)
  expect(await x.post('quiet', false)).toEqual(['200 Stepped'])
  await x.clock.advance(23_000)
  expect(await x.post('flooded', false, 5)).toContain('200 JobCreated')
  expect(await x.post('flooded', false, 5)).not.toContain('200 JobCreated')
  x.stop()
})
