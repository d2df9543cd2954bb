import { expect, it } from 'vitest'
import { alert, world } from './world.ts'

const second = 1000
const minute = 60 * second
const hour = 60 * minute
const lease = { forMs: 15 * minute }

it('a step of a hook that leases nothing any more is for good, and what was leased before ends', async () => {
  const here = world()
  const { clock } = here
  const one = here.start()
  const firing = { undo: true, delivery: alert('Busy'), dedupeWindowMs: 0 }
  await here.posted(one, { ...lease, ...firing })
  await clock.advance(5 * minute)
  expect(await here.posted(one, { ...firing, by: 1 })).toMatchObject({ from: 6, to: 7, until: undefined })
  await clock.advance(15 * minute)
  expect(here.replicas()).toBe(5)
})

it.each([
  ['is a duplicate', 'Duplicate', { dedupeWindowMs: 24 * hour }],
  ['comes while the hook cools down', 'CoolingDown', { dedupeWindowMs: 0, cooldownMs: hour }],
] as const)('once a hook leases, a report that %s gives what was changed before an end', async (_, reason, more) => {
  const here = world()
  const { clock } = here
  const one = here.start()
  const firing = { undo: true, delivery: alert('Busy'), ...more }
  await here.posted(one, firing)
  await clock.advance(5 * minute)
  const report = await here.posted(one, { ...lease, ...firing })
  expect(report).toMatchObject({ outcome: 'skipped', reason })
  expect('until' in report && report.until).toBeTypeOf('number')
  await clock.advance(20 * minute)
  expect(here.replicas()).toBe(4)
})

it('what was never leased stays when a hook is deleted that leases something else', async () => {
  const here = world()
  const one = here.start()
  here.makeAutoscaler(2, 10)
  await here.posted(one, { count: 'min', undo: true, by: 3, delivery: alert('Busy') })
  one.onDelete('end')
  await here.posted(one, { ...lease, target: 'api', delivery: alert('Slow') })
  await here.clock.advance(3 * second)
  here.remove('web-up')
  await here.clock.advance(10 * second)
  expect(here.replicas('api')).toBe(4)
  expect(here.bounds()[0]).toBe(5)
})
