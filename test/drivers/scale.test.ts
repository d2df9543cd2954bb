import { describe, expect, it } from 'vitest'
import type { Outcome } from '../../src/api/outcome.ts'
import type { Reading } from '../../src/drivers/driver.ts'
import type { Execution } from '../../src/drivers/driver.ts'
import { scale } from '../../src/drivers/scale/scale.ts'
import type { Scale } from '../../src/drivers/scale/schema.ts'
import type { Plan, Step, Target, UndoPlan } from '../../src/steps/steps.ts'
import { noApi } from '../support/environment.ts'
import { fakeClock } from '../support/clock.ts'

const member: Scale = {
  target: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
  action: 'up',
  by: 2,
  min: 1,
  max: 10,
  overshoot: 'clamp',
}
const web = { kind: 'Deployment', metadata: { name: 'web' } }
const reading = (change: Partial<Reading> = {}): Reading => ({
  namespace: 'shop',
  get: () => Promise.resolve(web),
  autoscalerOf: () => Promise.resolve(undefined),
  ...change,
})

describe('what keeps a hook from scaling', () => {
  const owner = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'shop', uid: 'u', controller: true }
  const owned = { ...web, metadata: { ...web.metadata, ownerReferences: [owner] } }
  const ending = { ...web, metadata: { ...web.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } }

  it.each<[string, Partial<Scale>, Partial<Reading>, string, string, string]>([
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
      'cannot scale a apps/v1beta1 Deployment',
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
  const asked: { target: Target; plan: UndoPlan; how: 'change' | 'undo' }[] = []
  const execution = (step: Step): Execution => {
    const answer = (how: 'change' | 'undo') => (target: Target, plan: Plan | UndoPlan) => {
      asked.push({ target, plan, how })
      return Promise.resolve(step)
    }
    const steps = { change: answer('change'), undo: answer('undo') }
    return { namespace: 'shop', steps, api: noApi, clock: fakeClock() }
  }
  const run = (step: Step, written: Partial<Scale> = {}): Promise<Outcome> =>
    scale.execute({ ...member, ...written }, { sender: 'plain', phase: 'none' }, execution(step))

  it.each<[Step, Outcome]>([
    [
      { step: 'done', from: 2, to: 4 },
      { outcome: 'applied', reason: 'Stepped', from: 2, to: 4 },
    ],
    [
      { step: 'done', from: 10, to: 10 },
      { outcome: 'unchanged', reason: 'AtBound', from: 10, to: 10 },
    ],
    [
      { step: 'refused', refused: 'WouldPassBound', from: 9 },
      {
        outcome: 'rejected',
        reason: 'WouldPassBound',
        message: 'a step up by 2 from 9 would end above max 10',
        from: 9,
      },
    ],
    [
      { step: 'failed', reason: 'TargetNotFound', message: 'no' },
      { outcome: 'failed', reason: 'TargetNotFound', message: 'no' },
    ],
    [
      { step: 'unavailable', reason: 'Contended', message: 'busy' },
      { outcome: 'unavailable', reason: 'Contended', message: 'busy' },
    ],
    [{ step: 'unknown' }, { outcome: 'unknown' }],
  ])('whose step is %j comes to %j', async (step, outcome) => {
    expect(await run(step)).toEqual(outcome)
  })

  it('asks for a step of its target, in its own namespace, by its own arithmetic', async () => {
    await run({ step: 'done', from: 1, to: 1 }, { by: '50%' })
    const last = asked.at(-1)
    expect(last?.target).toEqual({
      type: { group: 'apps', version: 'v1', resource: 'deployments', kind: 'Deployment' },
      namespace: 'shop',
      name: 'web',
    })
    expect(last?.plan(5, 0)).toBe(8)
    expect(last?.how).toBe('change')
  })

  it('that is the end of an alert takes back what its firings have changed, within the bounds', async () => {
    const resolved = { sender: 'alertmanager', phase: 'resolved' } as const
    const undone = await scale.undo(member, resolved, execution({ step: 'done', from: 7, to: 4 }))
    expect(undone).toEqual({ outcome: 'applied', reason: 'Undone', from: 7, to: 4 })
    const last = asked.at(-1)
    expect(last?.how).toBe('undo')
    expect([last?.plan(7, 3), last?.plan(2, 3), last?.plan(7, -3), last?.plan(9, -3), last?.plan(7, 0)]).toEqual([
      4, 1, 10, 10, 7,
    ])
  })
})
