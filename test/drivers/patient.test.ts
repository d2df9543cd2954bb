import { describe, expect, it } from 'vitest'
import type { Act, Acts, Worked } from '../../src/acts/acts.ts'
import type { Delivery } from '../../src/api/delivery.ts'
import { connectInProcess } from '../../apiserver/connection.ts'
import type { Bound, Execution } from '../../src/drivers/driver.ts'
import { redeploy } from '../../src/drivers/redeploy/redeploy.ts'
import { restart } from '../../src/drivers/restart/restart.ts'
import { runJob } from '../../src/drivers/run-job/run-job.ts'
import type { ApiConnection, ApiRequest, ApiResponse } from '../../src/environment/environment.ts'
import { Unreachable } from '../../src/environment/unreachable.ts'
import { StepService } from '../../src/steps/service.ts'
import { ask } from '../apiserver/ask.ts'
import { fakeClock } from '../support/clock.ts'
import { contextOf } from '../support/deliveries.ts'
import { noDefinitions, noOutbound, testEnvironment } from '../support/environment.ts'
import { answer } from '../support/scripted-connection.ts'

/** What the API server does with the nth read; undefined lets it pass. */
type Fault = (read: number) => ApiResponse | Error | undefined

const away = new Unreachable('the connection was reset', true)
const busy = answer(500, {})
const forbidden = answer(403, { kind: 'Status', reason: 'Forbidden', message: 'no role says so' })

const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'acme/web:1' }] } }
const path = '/apis/apps/v1/namespaces/shop/deployments'

/** A hook of each of these drivers, which does one thing for a delivery. */
const does = {
  'a rollout': execution =>
    redeploy.execute({
      target: { kind: 'Deployment', name: 'web' },
      tags: { glob: '*' },
      pin: 'tag',
      withoutImage: 'skip',
    })(
      { phase: 'none', sender: 'docker-hub', ...execution.named, pushes: [{ path: 'acme/web', tag: '2' }] },
      execution,
    ),
  'a rollout by a selector': execution =>
    redeploy.execute({ selector: {}, kinds: ['Deployment'], tags: { glob: '*' }, pin: 'tag', withoutImage: 'skip' })(
      { phase: 'none', sender: 'docker-hub', ...execution.named, pushes: [{ path: 'acme/web', tag: '2' }] },
      execution,
    ),
  'a restart': execution =>
    restart.execute({ target: { kind: 'Deployment', name: 'web' } })(
      { phase: 'none', sender: 'plain', ...execution.named },
      execution,
    ),
  'a Job': execution =>
    runJob.execute({ cronJob: 'report', concurrency: 'allow', body: 'none', ttl: '24h' })(
      { phase: 'none', sender: 'plain', ...execution.named },
      execution,
    ),
  'a Job that runs alone': execution =>
    runJob.execute({ cronJob: 'report', concurrency: 'forbid', body: 'none', ttl: '24h' })(
      { phase: 'none', sender: 'plain', ...execution.named },
      execution,
    ),
} satisfies Record<string, (execution: Execution & Named) => ReturnType<Bound['execute']>>

interface Named {
  readonly named: Pick<Delivery, 'identity'>
}

interface Asked {
  readonly isNamed?: boolean
  readonly mayContinue?: () => boolean
}

const setUp = (fault: Fault) => {
  const clock = fakeClock()
  const { patch, post, server } = ask()
  post('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } })
  const spec = { selector: { matchLabels: { app: 'web' } }, template }
  post(path, { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec })
  const pods = { replicas: 1, updatedReplicas: 1, availableReplicas: 1, observedGeneration: 1 }
  patch(`${path}/web/status`, 'merge', { status: pods })
  post('/apis/batch/v1/namespaces/shop/cronjobs', {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'report' },
    spec: { schedule: '@yearly', jobTemplate: { spec: { template } } },
  })
  const real = connectInProcess(server)
  const reads: ApiRequest[] = []
  const writes: ApiRequest[] = []
  const api: ApiConnection = {
    ...real,
    request: async request => {
      const fails = request.method === 'GET' ? fault(reads.push(request) - 1) : void writes.push(request)
      if (fails instanceof Error) throw fails
      return fails ?? (await real.request(request))
    },
  }
  const soFar: string[] = []
  /** Does one thing. Its work has six seconds, unless `mayContinue` says otherwise. */
  const run = async (
    what: keyof typeof does,
    { isNamed = true, mayContinue = () => clock.monotonic() < 6000 }: Asked = {},
  ): Promise<Worked & { readonly ms: number }> => {
    let worked: Worked | undefined
    let ms = 0
    const act: Act = { id: 'act-1', at: clock.now() }
    const acts: Acts = {
      once: async work => {
        const done = work(
          act,
          () => Promise.resolve(mayContinue()),
          text => soFar.push(text),
        ).then(found => {
          ms = clock.monotonic()
          return found
        })
        for (let i = 0; i < 80; i += 1) await clock.advance(100)
        worked = await done
        return worked.outcome
      },
      settle: () => Promise.resolve(true),
    }
    const execution: Execution & Named = {
      named: isNamed ? { identity: { key: 'one' } } : {},
      hook: { namespace: 'shop', name: 'web-push', uid: 'hook-uid' },
      ...{
        api,
        acts,
        clock,
        charge: () => {},
        countKept: () => true,
        outbound: noOutbound,
        definitions: noDefinitions,
      },
      post: { body: new Uint8Array(), headers: {}, query: new URLSearchParams() },
      step: new StepService(testEnvironment()).of(contextOf({ deadline: 0 })),
      stepOfPart: () => new StepService(testEnvironment()).of(contextOf({ deadline: 0 })),
    }
    await does[what](execution)
    if (!worked) throw new Error('no act has begun')
    return { ...worked, ms }
  }
  return { reads, run, soFar, writes }
}

const all: readonly (keyof typeof does)[] = [
  'a rollout',
  'a rollout by a selector',
  'a restart',
  'a Job',
  'a Job that runs alone',
]

describe.each(all)('%s whose reads fail', what => {
  it.each<[string, Fault]>([
    ['once, by a connection that is cut', read => (read === 0 ? away : undefined)],
    ['twice, by a busy server', read => (read < 2 ? answer(429, {}) : undefined)],
    ['for a moment, by a server that starts', read => (read < 4 ? forbidden : undefined)],
    ['now and then', read => (read % 2 === 0 ? busy : undefined)],
  ])('%s, is done once', async (_how, fault) => {
    const { run, writes } = setUp(fault)
    expect(await run(what)).toMatchObject({ worked: 'done', outcome: { outcome: 'applied' } })
    expect(writes).toHaveLength(1)
  })

  it('as long as the act may go on, has changed nothing, and says so', async () => {
    const { reads, run, soFar, writes } = setUp(() => away)
    const { ms, ...worked } = await run(what)
    expect(worked).toMatchObject({
      worked: 'unfinished',
      outcome: { outcome: 'unavailable', reason: 'ApiUnreachable', message: 'the connection was reset' },
    })
    expect(ms).toBeGreaterThanOrEqual(6000)
    expect(ms).toBeLessThanOrEqual(7000)
    expect(reads.length).toBeLessThan(15)
    expect(soFar.at(-1)).toBe('trying again after a failed read: the connection was reset')
    expect(writes).toEqual([])
  })

  it('ends once its hook may not act any more', async () => {
    let may = true
    const { reads, run, writes } = setUp(read => {
      if (read === 1) may = false
      return away
    })
    expect(await run(what, { mayContinue: () => may })).toMatchObject({ worked: 'unfinished' })
    expect([reads.length, writes.length]).toEqual([2, 0])
  })

  it('for good, by the roles, is refused soon', async () => {
    const { reads, run, writes } = setUp(() => forbidden)
    const { ms, ...worked } = await run(what)
    expect(worked).toMatchObject({ worked: 'failed', outcome: { outcome: 'failed', reason: 'Forbidden' } })
    expect([reads.length, writes.length]).toEqual([5, 0])
    expect(ms).toBeLessThan(1000)
  })

  it('and whose post has no key, is answered before its sender goes away', async () => {
    const { run, writes } = setUp(() => away)
    const { ms, ...worked } = await run(what, { isNamed: false })
    expect(worked).toMatchObject({ worked: 'unfinished', outcome: { reason: 'ApiUnreachable' } })
    expect(ms).toBeLessThanOrEqual(500)
    expect(writes).toEqual([])
    const once = setUp(read => (read === 0 ? busy : undefined))
    expect(await once.run(what, { isNamed: false })).toMatchObject({ worked: 'done' })
  })
})

it('an answer that refuses a read for good is not asked for again', async () => {
  const { reads, run } = setUp(() => answer(405, {}))
  expect(await run('a rollout')).toMatchObject({ worked: 'unfinished', outcome: { reason: 'ApiUnreachable' } })
  expect(reads).toHaveLength(1)
})
