import { expect, it } from 'vitest'
import type { ReceiverHook } from '../../src/api/hook.ts'
import type { HookStatus } from '../../src/api/status.ts'
import { deliveryLine, endLine, freshDeliveries } from '../../cli/commands/watch.ts'

type Delivery = NonNullable<HookStatus['recent']>[number]

const delivery = (seconds: number, more: Partial<Delivery> = {}): Delivery => ({
  time: `2026-01-01T00:00:${String(seconds).padStart(2, '0')}Z`,
  sender: 'ghcr',
  outcome: 'applied',
  reason: 'RolledOut',
  ...more,
})

/** Returns a hook whose status has these deliveries, newest first. */
const hookWith = (recent: readonly Delivery[], applied: number): Pick<ReceiverHook, 'status'> => ({
  status: { recent: [...recent], counts: { applied } },
})

const [first, second] = [delivery(1), delivery(2)]
const complete = { ...first, state: 'complete' as const }

it.each([
  {
    what: 'a delivery that is added is new',
    recent: [second, first],
    applied: 2,
    fresh: [second],
    ended: [],
    missed: 0,
  },
  {
    what: 'an end of a rollout is no delivery',
    recent: [complete],
    applied: 1,
    fresh: [],
    ended: [complete],
    missed: 0,
  },
  {
    what: 'an end hides no delivery that the status no longer has',
    recent: [second, complete],
    applied: 5,
    fresh: [second],
    ended: [complete],
    missed: 3,
  },
  {
    what: 'two deliveries that look alike are two',
    recent: [first, first],
    applied: 2,
    fresh: [first],
    ended: [],
    missed: 0,
  },
])('$what', ({ applied, ended, fresh, missed, recent }) => {
  expect(freshDeliveries(hookWith(recent, applied), { newest: [first], total: 1 })).toEqual({ fresh, ended, missed })
})

it('each end is said once', () => {
  expect(freshDeliveries(hookWith([complete], 1), { newest: [complete], total: 1 }).ended).toEqual([])
})

it('an end stands in the columns of deliveries', () => {
  const stalled = { ...first, state: 'stalled' as const, stateMessage: 'web: ImagePullBackOff (1 of 4)' }
  const plain = (_: unknown, text: string): string => text
  const [began, ended] = [
    deliveryLine('web-push', first, plain, undefined),
    endLine('web-push', stalled, plain, undefined),
  ]
  expect(ended.indexOf('stalled')).toBe(began.indexOf('applied'))
  expect(ended).toContain('web: ImagePullBackOff (1 of 4)\n')
})
