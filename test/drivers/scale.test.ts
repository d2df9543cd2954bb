import { describe, expect, it } from 'vitest'
import type { Outcome } from '../../src/api/outcome.ts'
import type { ValidationContext } from '../../src/drivers/driver.ts'
import type { Execution } from '../../src/drivers/driver.ts'
import { scale } from '../../src/drivers/scale/scale.ts'
import { viaScale } from '../../src/steps/target/via-scale.ts'
import type { Scale } from '../../src/drivers/scale/schema.ts'
import type { Plan, Step } from '../../src/steps/steps.ts'
import type { Target } from '../../src/steps/target/target.ts'
import { noApi, noDefinitions, noOutbound } from '../support/environment.ts'
import { fakeClock } from '../support/clock.ts'

const member: Scale = {
  target: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
  action: 'up',
  by: 2,
  min: 1,
  max: 10,
  overshoot: 'clamp',
}
const { max: _, ...endless } = member
const web = { kind: 'Deployment', metadata: { name: 'web' } }
const reading = (change: Partial<ValidationContext> = {}): ValidationContext => ({
  namespace: 'shop',
  get: () => Promise.resolve(web),
  autoscalerOf: () => Promise.resolve(undefined),
  getWhole: () => Promise.reject(new Error('metadata is enough')),
  definitions: noDefinitions,
  ...change,
})

it('says what it does and to what, and how many replicas each kind has', () => {
  expect(scale.target(member)).toBe('Deployment/web')
  const autoscaler = { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', name: 'web' }
  expect(scale.target({ ...member, target: { ...autoscaler, count: 'min' } })).toBe('HorizontalPodAutoscaler/web')
  expect(scale.target({ ...member, target: { ...autoscaler, count: 'max' } })).toBe(
    'HorizontalPodAutoscaler/web count max',
  )
  expect(scale.describe(member)).toBe('scale up by 2, to at most 10')
  expect(scale.describe({ ...member, action: 'down', by: '25%' })).toBe('scale down by 25%, to at least 1')
  expect(scale.describe({ ...endless, action: 'down', by: 1 })).toBe('scale down by 1, to at least 1')
  const counted = { ...web, spec: { replicas: 3 }, status: { readyReplicas: 2 } }
  const [autoscalers, workloads] = [true, false].map(is =>
    scale.targets.filter(({ type }) => ['HorizontalPodAutoscaler', 'ScaledObject'].includes(type.kind) === is),
  )
  expect(workloads).toHaveLength(4)
  for (const { replicas } of workloads ?? []) {
    expect(replicas?.(counted)).toEqual({ wanted: 3, ready: 2 })
    expect(replicas?.(web)).toEqual({ wanted: 1, ready: 0 })
  }
  const kept = { ...web, spec: { minReplicas: 3, maxReplicas: 9, minReplicaCount: 3 } }
  expect(autoscalers?.map(({ replicas }) => replicas?.(kept))).toEqual([
    { wanted: 3, ready: 3 },
    { wanted: 3, ready: 3 },
  ])
  expect(autoscalers?.map(({ replicas }) => replicas?.(web)?.wanted)).toEqual([1, 0])
  const stored = { ...kept, metadata: { ...kept.metadata, uid: 'u', resourceVersion: '1' } }
  expect(autoscalers?.map(({ parts }) => parts?.(stored).map(({ more, wanted }) => [more, wanted]))).toEqual([
    [
      [{}, 3],
      [{ count: 'max' }, 9],
    ],
    [
      [{}, 3],
      [{ count: 'max' }, 100],
    ],
  ])
})

describe('what keeps a hook from scaling', () => {
  const owner = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'shop', uid: 'u', controller: true }
  const owned = { ...web, metadata: { ...web.metadata, ownerReferences: [owner] } }
  const ending = { ...web, metadata: { ...web.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } }

  it.each<[string, Partial<Scale>, Partial<ValidationContext>, string, string, string]>([
    [
      'a kind that it cannot scale',
      { target: { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'web' } },
      {},
      'NotScalable',
      'stalled',
      'use one of apps/v1 Deployment',
    ],
    [
      'an apiVersion that it does not know',
      { target: { apiVersion: 'apps/v1beta1', kind: 'Deployment', name: 'web' } },
      {},
      'NotScalable',
      'stalled',
      'cannot scale apps/v1beta1 Deployment',
    ],
    [
      'a target that is missing',
      {},
      { get: () => Promise.resolve(undefined) },
      'TargetNotFound',
      'reconciling',
      'there is no Deployment/web in namespace shop',
    ],
    [
      'a target that is owned',
      {},
      { get: () => Promise.resolve(owned) },
      'OwnedByController',
      'stalled',
      'Deployment/shop',
    ],
    [
      'a target on its way out',
      {},
      { get: () => Promise.resolve(ending) },
      'TargetBeingDeleted',
      'reconciling',
      'is being deleted',
    ],
    [
      'an autoscaler',
      {},
      { autoscalerOf: () => Promise.resolve('HorizontalPodAutoscaler/web') },
      'ManagedByAutoscaler',
      'stalled',
      'HorizontalPodAutoscaler/web sets the count of Deployment/web',
    ],
  ])('is %s', async (_name, written, seen, reason, lasts, message) => {
    const problem = await scale.validate({ ...member, ...written }, reading(seen))
    expect(problem).toMatchObject({ reason, lasts })
    expect(problem?.message).toContain(message)
  })

  it('is nothing when all is well', async () => {
    expect(await scale.validate(member, reading())).toBeUndefined()
  })
})

describe('a delivery', () => {
  const asked: { target: Target; plan: Plan }[] = []
  const execution = (step: Step): Execution => {
    const make = (target: Target, plan: Plan): Promise<Step> => {
      asked.push({ target, plan })
      return Promise.resolve(step)
    }
    return {
      hook: { namespace: 'shop', name: 'web-up', uid: 'u' },
      step: make,
      stepOfPart: () => make,
      acts: {
        once: () => Promise.reject(new Error('a step is no act')),
        settle: () => Promise.reject(new Error('a step is no act')),
      },
      api: noApi,
      countKept: () => true,
      charge: () => {},
      outbound: noOutbound,
      post: { body: new Uint8Array(), headers: {}, query: new URLSearchParams() },
      clock: fakeClock(),
      definitions: noDefinitions,
    }
  }
  const run = (step: Step, written: Partial<Scale> = {}): Promise<Outcome> =>
    scale.execute({ ...member, ...written })({ sender: 'plain', phase: 'none' }, execution(step))

  it.each<[Step, Outcome]>([
    [
      { outcome: 'done', from: 2, to: 4 },
      { outcome: 'applied', reason: 'Stepped', from: 2, to: 4 },
    ],
    [
      { outcome: 'done', from: 10, to: 10 },
      { outcome: 'unchanged', reason: 'AtBound', from: 10, to: 10, bound: "the hook's max is 10" },
    ],
    [
      { outcome: 'done', from: 12, to: 12 },
      { outcome: 'unchanged', reason: 'AtBound', from: 12, to: 12, bound: "the hook's max is 10" },
    ],
    // The target's own bound is narrower, and the hook's spec does not know it.
    [
      { outcome: 'done', from: 5, to: 5 },
      { outcome: 'unchanged', reason: 'AtBound', from: 5, to: 5 },
    ],
    [
      { outcome: 'refused', refused: 'WouldPassBound', from: 9 },
      {
        outcome: 'rejected',
        reason: 'WouldPassBound',
        message: 'a step up by 2 from 9 would end above max 10',
        from: 9,
      },
    ],
    [
      { outcome: 'failed', reason: 'TargetNotFound', message: 'no' },
      { outcome: 'failed', reason: 'TargetNotFound', message: 'no' },
    ],
    [
      { outcome: 'unavailable', reason: 'Contended', message: 'busy' },
      { outcome: 'unavailable', reason: 'Contended', message: 'busy' },
    ],
    [{ outcome: 'unknown' }, { outcome: 'unknown' }],
  ])('whose step is %j comes to %j', async (step, outcome) => {
    expect(await run(step)).toEqual(outcome)
  })

  it('that goes down stops at the min, and says so', async () => {
    const bound = "the hook's min is 1"
    const stays = { outcome: 'unchanged', reason: 'AtBound', from: 1, to: 1, bound }
    expect(await run({ outcome: 'done', from: 1, to: 1 }, { action: 'down', min: 1 })).toEqual(stays)
  })

  it('asks for a step of its target, in its own namespace, by its own arithmetic', async () => {
    await run({ outcome: 'done', from: 1, to: 1 }, { by: '50%' })
    const last = asked.at(-1)
    expect(last?.target).toEqual({
      type: { group: 'apps', version: 'v1', resource: 'deployments', kind: 'Deployment' },
      namespace: 'shop',
      name: 'web',
      at: viaScale,
    })
    expect(last?.plan(5, 0)).toBe(8)
  })

  it('that is the end of an alert takes back what its firings have changed, within the bounds', async () => {
    const resolved = { sender: 'alertmanager', phase: 'resolved' } as const
    const undone = await scale.undo(member)(resolved, execution({ outcome: 'done', from: 7, to: 4 }))
    expect(undone).toEqual({ outcome: 'applied', reason: 'Undone', from: 7, to: 4 })
    const last = asked.at(-1)
    expect([last?.plan(7, 3), last?.plan(2, 3), last?.plan(7, -3), last?.plan(9, -3), last?.plan(7, 0)]).toEqual([
      4, 1, 10, 10, 7,
    ])
  })

  it('that takes steps down back has no bound where the hook has no max', async () => {
    const resolved = { sender: 'alertmanager', phase: 'resolved' } as const
    await scale.undo({ ...endless, action: 'down' })(resolved, execution({ outcome: 'done', from: 40, to: 70 }))
    expect(asked.at(-1)?.plan(40, -30)).toBe(70)
  })
})
