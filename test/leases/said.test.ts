import { describe, expect, it } from 'vitest'
import { isStoredObject } from '../../src/api/object.ts'
import { deliveryReportOf } from '../../src/controller/deliveries.ts'
import { leasesIn } from '../../src/controller/leases.ts'
import { alert, over, world } from './world.ts'

const second = 1000
const minute = 60 * second
const hour = 60 * minute
const lease = { forMs: 15 * minute }

describe('no time is said', () => {
  const again = alert('Busy', { identity: { key: 'Busy fires on' } })

  it('by a report that is refused, of a lease that somebody else has ended by the count', async () => {
    const here = world()
    const one = here.start()
    await here.posted(one, { ...lease, max: 6, delivery: alert('Busy') })
    here.scale(5)
    const letter = { ...lease, max: 6, overshoot: 'reject', delivery: again, dedupeWindowMs: 0 } as const
    expect(await here.posted(one, letter)).toMatchObject({ outcome: 'refused', from: 5, until: undefined })
  })

  it('by a dry run, of a lease that somebody else has ended by the count', async () => {
    const here = world()
    const one = here.start()
    await here.posted(one, { ...lease, max: 6, delivery: alert('Busy') })
    here.scale(7)
    await here.clock.advance(2 * second)
    const letter = { ...lease, max: 6, delivery: again, dedupeWindowMs: 0 }
    const wanted = { outcome: 'done', from: 7, to: 7, until: undefined }
    expect(await here.posted(one, { ...letter, dryRun: true })).toMatchObject(wanted)
    expect(await here.posted(one, letter)).toMatchObject(wanted)
  })

  it('by a copy of a post that changed nothing, which another process finishes', async () => {
    const here = world()
    const one = here.start()
    const named = (key: string) => ({ ...lease, max: 6, delivery: { identity: { key } } })
    await here.posted(one, { ...named('0'), dryRun: true })
    const first = one.post(named('a'))
    const other = one.post(named('b')).finally(() => one.die())
    await here.clock.advance(50)
    expect(await first).toMatchObject({ from: 4, to: 6 })
    expect(await other).toMatchObject({ from: 6, to: 6, until: undefined })
    expect(await here.posted(here.start(), named('b'))).toMatchObject({ from: 6, to: 6, until: undefined })
  })
})

it('a lease is held no more once its alert has fired again', async () => {
  const here = world(9)
  const one = here.start()
  const firing = { ...lease, delivery: alert('Busy'), dedupeWindowMs: 0, by: 1 }
  await here.posted(one, firing)
  await here.posted(one, { hook: 'down', forMs: 17 * minute, action: 'down', by: 9, min: 1 })
  await here.clock.advance(15 * minute + 30 * second)
  expect(here.memory()?.parts).toMatchObject([{ delta: 1, held: true }])
  await here.posted(one, firing)
  await here.clock.advance(5 * second)
  expect(leasesIn(here.memory() ?? {}, 'Deployment/web')?.shown).toMatchObject([{ by: 2, state: 'open' }])
})

describe('a lease is late no more', () => {
  it('once an undo has taken it back, although the triggers start again right after', async () => {
    const here = world()
    const one = here.start()
    const undone = { ...lease, undo: true, dedupeWindowMs: 0 }
    await here.posted(one, { ...undone, delivery: alert('Busy') })
    await here.posted(one, { ...undone, forMs: 5000 * minute, target: 'api', delivery: alert('Slow') })
    here.refusing.add('web')
    await here.clock.advance(lease.forMs + 8 * minute)
    expect(here.memory()?.overdue).toBeDefined()
    here.refusing.clear()
    await here.posted(one, { ...undone, delivery: over('Busy') })
    expect(here.replicas()).toBe(4)
    await here.clock.advance(2 * second)
    one.die()
    here.start()
    await here.clock.advance(hour)
    expect(here.memory()?.overdue).toBeUndefined()
  })
})

describe('a lease that is too short for its alert is said', () => {
  it('also if the hook cools down at the first report after its end', async () => {
    const here = world()
    const one = here.start()
    const firing = { ...lease, delivery: alert('Busy'), dedupeWindowMs: 0, cooldownMs: 30 * minute }
    await here.posted(one, firing)
    await here.clock.advance(20 * minute)
    expect(here.replicas()).toBe(4)
    expect(await here.posted(one, firing)).toMatchObject({ reason: 'CoolingDown' })
    await here.clock.advance(5 * second)
    expect(here.memory()?.tooShortAt).toBeDefined()
  })

  it('also if all reports are copies', async () => {
    const here = world()
    const one = here.start()
    const identity = { key: 'Busy fires', newsAt: 7, repeats: true } as const
    const firing = { ...lease, undo: true, delivery: alert('Busy', { identity }), dedupeWindowMs: 24 * hour }
    await here.posted(one, firing)
    await here.clock.advance(20 * minute)
    expect(here.replicas()).toBe(4)
    expect(await here.posted(one, firing)).toMatchObject({ reason: 'Duplicate' })
    await here.clock.advance(5 * second)
    expect(here.memory()?.tooShortAt).toBeDefined()
  })
})

it('the status shows a lease whose post nobody has reported', async () => {
  const here = world()
  const one = here.start()
  await here.posted(one, lease)
  one.die()
  here.start()
  await here.clock.advance(minute)
  expect(here.memory()?.parts).toHaveLength(1)
  const record = here.record()
  expect(isStoredObject(record) && deliveryReportOf(record)?.leased?.parts).toHaveLength(1)
})
