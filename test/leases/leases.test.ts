import { describe, expect, it } from 'vitest'
import { at } from '../../src/api/json.ts'
import { alert, over, world } from './world.ts'

const second = 1000
const minute = 60 * second
const lease = { forMs: 15 * minute }

describe('a step with a lease', () => {
  it('says until when it lasts, and is taken back then, once', async () => {
    const here = world()
    const { clock } = here
    const one = here.start()
    here.start()
    const now = clock.now()
    const step = await here.posted(one, lease)
    expect(step).toMatchObject({ outcome: 'done', from: 4, to: 6 })
    expect(step.outcome === 'done' && step.until).toBeGreaterThanOrEqual(now + lease.forMs)
    await clock.advance(lease.forMs - second)
    expect(here.replicas()).toBe(6)
    await clock.advance(11 * second)
    expect(here.replicas()).toBe(4)
    await clock.advance(lease.forMs)
    expect(here.replicas()).toBe(4)
  })

  const twice = { ...lease, undo: true }
  const long = { ...twice, forMs: 4 * lease.forMs, delivery: alert('Busy') }
  const again = { ...twice, delivery: alert('Busy', { identity: { key: 'Busy fires again', newsAt: 10 } }) }

  it('does not last as long as one before it that another process has just taken back', async () => {
    const here = world()
    const { clock } = here
    const one = here.start()
    await here.posted(one, long)
    await clock.advance(5 * second)
    const end = one.post({ ...twice, delivery: over('Busy') })
    expect(await end).toMatchObject({ from: 6, to: 4 })
    one.die()
    const now = clock.now()
    const step = await here.posted(here.start(), again)
    expect(step).toMatchObject({ outcome: 'done', from: 4, to: 6 })
    expect(step.outcome === 'done' && (step.until ?? 0) - now).toBeLessThan(lease.forMs + minute)
  })

  it('does not last as long as one before it that the same write takes back', async () => {
    const here = world()
    const { clock } = here
    const one = here.start()
    await here.posted(one, long)
    await clock.advance(5 * second)
    const now = clock.now()
    const first = one.post({ by: 1 })
    const end = one.post({ ...twice, delivery: over('Busy') })
    const step = await here.posted(one, again)
    expect(await first).toMatchObject({ from: 6, to: 7 })
    expect(await end).toMatchObject({ from: 7, to: 5 })
    expect(step).toMatchObject({ outcome: 'done', from: 5, to: 7 })
    expect(step.outcome === 'done' && (step.until ?? 0) - now).toBeLessThan(lease.forMs + minute)
  })

  it('is no more once another process has just taken it back, and a report says no time', async () => {
    const here = world()
    const { clock } = here
    const one = here.start()
    await here.posted(one, long)
    await clock.advance(5 * second)
    expect(await one.post({ ...twice, delivery: over('Busy') })).toMatchObject({ from: 6, to: 4 })
    one.die()
    const report = await here.posted(here.start(), { ...again, by: 20, overshoot: 'reject' })
    expect(report).toMatchObject({ outcome: 'refused', until: undefined })
  })

  it('is reported as ended when it ended, and not when that was stored', async () => {
    const here = world()
    const { clock } = here
    await here.posted(here.start(), lease)
    await clock.advance(lease.forMs - second)
    let release = (): void => {}
    const held = new Promise<void>(resolve => (release = resolve))
    here.gate.before = async ({ method }) => {
      if (method === 'PUT' && here.replicas() === 4) await held
    }
    while (here.replicas() !== 4) await clock.advance(10)
    const endedAt = clock.now()
    await clock.advance(10)
    delete here.gate.before
    // The process that ended it has to store its report on top of what another one has stored meanwhile.
    await here.posted(here.start(), { by: 1, delivery: { identity: { key: 'another' } } })
    await clock.advance(second)
    release()
    await clock.advance(5 * second)
    const end = here.memory()?.recent.find(({ reason }) => reason === 'LeaseEnded')
    expect(endedAt - (end?.at ?? NaN)).toBeGreaterThanOrEqual(0)
  })

  it('ends though its process is dead, and each other one was at that time', async () => {
    const here = world()
    const { clock } = here
    const one = here.start()
    await here.posted(one, lease)
    await clock.advance(3 * second)
    one.die()
    await clock.advance(2 * lease.forMs)
    expect(here.replicas()).toBe(6)
    expect(at(here.record(), 'metadata', 'labels', 'receiverhooks.dev/leases')).toBe('open')
    here.start()
    await clock.advance(10 * second)
    expect(here.replicas()).toBe(4)
    await clock.advance(10 * second)
    expect(here.memory()?.parts).toBeUndefined()
    expect(at(here.record(), 'metadata', 'labels', 'receiverhooks.dev/leases')).toBeUndefined()
  })

  it('ends though its process died before it could note what it wrote', async () => {
    const here = world()
    const { clock } = here
    const one = here.start()
    await here.posted(one, lease)
    one.die()
    here.start()
    await clock.advance(lease.forMs + 11 * second)
    expect(here.replicas()).toBe(4)
  })

  it('costs hooks without one no label, and no timer but that of the watch', async () => {
    const here = world()
    const { clock } = here
    const one = here.start()
    await here.posted(one, { delivery: { identity: { key: 'a' } } })
    await clock.advance(5 * second)
    const before = here.requests.length
    await clock.advance(2 * minute)
    expect(here.requests.slice(before).filter(request => !request.startsWith('WATCH'))).toEqual([])
    expect(at(here.record(), 'metadata', 'labels')).toBeUndefined()
  })

  it('ends below `min` where it began below it', async () => {
    const here = world()
    const { clock } = here
    here.scale(0)
    await here.posted(here.start(), { ...lease, min: 1, by: 1 })
    expect(here.replicas()).toBe(1)
    await clock.advance(lease.forMs + 11 * second)
    expect(here.replicas()).toBe(0)
  })

  it('ends for steps of one count that were made at about the same time together', async () => {
    const here = world()
    const { clock } = here
    const one = here.start()
    await clock.advance(second)
    for (let i = 0; i < 3; i++) await here.posted(one, { ...lease, by: 1 })
    await clock.advance(5 * second)
    expect(here.memory()?.parts).toMatchObject([{ delta: 3 }])
    await clock.advance(lease.forMs + 40 * second)
    expect(here.replicas()).toBe(4)
  })
})

describe('whose word stands', () => {
  it('that of somebody else who has set the count since', async () => {
    const here = world()
    const { clock } = here
    await here.posted(here.start(), lease)
    await clock.advance(minute)
    here.scale(8)
    await clock.advance(lease.forMs)
    expect(here.replicas()).toBe(8)
    expect(here.memory()?.parts).toBeUndefined()
  })

  it('that of somebody else: a report of an alert at the bound says no time at which anything of it ends', async () => {
    const here = world()
    const one = here.start()
    await here.posted(one, { ...lease, max: 6, delivery: alert('Busy') })
    here.scale(7)
    const again = alert('Busy', { identity: { key: 'Busy fires on' } })
    const step = await here.posted(one, { ...lease, max: 6, delivery: again, dedupeWindowMs: 0 })
    expect(step).toMatchObject({ outcome: 'done', from: 7, to: 7 })
    expect(step).toMatchObject({ until: undefined })
  })

  it('that of somebody else, and a later step of another hook is not taken for it', async () => {
    const here = world()
    const { clock } = here
    const one = here.start()
    await here.posted(one, lease)
    here.scale(8)
    await here.posted(one, { hook: 'other', forMs: 40 * minute, by: 1 })
    await clock.advance(20 * minute)
    expect(here.replicas()).toBe(9)
    await clock.advance(25 * minute)
    expect(here.replicas()).toBe(8)
  })
})

describe('what bounds keep back', () => {
  it('stays open, so that leases up and down that overlap come back to the base', async () => {
    const here = world(9)
    const { clock } = here
    const one = here.start()
    expect(await here.posted(one, { ...lease, by: 3 })).toMatchObject({ from: 9, to: 10 })
    await here.posted(one, { hook: 'down', forMs: 30 * minute, action: 'down', by: 9, min: 1 })
    expect(here.replicas()).toBe(1)
    await clock.advance(16 * minute)
    // Nothing is below 1: the end of what was added waits.
    expect(here.replicas()).toBe(1)
    expect(here.memory()?.parts).toMatchObject([{ delta: 1, held: true }])
    // What was taken away comes back, and then what was added goes.
    await clock.advance(20 * minute)
    expect(here.replicas()).toBe(9)
  })

  it('stays for good after seven days', async () => {
    const here = world(4)
    const { clock } = here
    const one = here.start()
    await here.posted(one, { ...lease, by: 3 })
    await here.posted(one, { hook: 'down', action: 'down', by: 6 })
    await clock.advance(30 * minute)
    expect(here.memory()?.parts).toBeDefined()
    clock.jump(7 * 24 * 60 * minute)
    await clock.advance(30 * minute)
    expect(here.memory()?.parts).toBeUndefined()
  })
})

describe('a group of alerts', () => {
  it('shares a lease, which each report of it moves', async () => {
    const here = world()
    const { clock } = here
    const one = here.start()
    const firing = { ...lease, delivery: alert('Busy'), by: 1, dedupeWindowMs: 0 }
    await here.posted(one, firing)
    await clock.advance(10 * minute)
    await here.posted(one, firing)
    expect(here.replicas()).toBe(6)
    await clock.advance(10 * minute)
    expect(here.replicas()).toBe(6)
    await clock.advance(5 * minute + 10 * second)
    expect(here.replicas()).toBe(4)
  })

  it.for([
    ['unchanged', { max: 6 }, 'done'],
    ['rejected', { max: 6, overshoot: 'reject' }, 'refused'],
    ['skipped as a duplicate within its window', { dedupeWindowMs: 60 * minute }, 'skipped'],
    ['skipped because the hook cools down', { cooldownMs: 60 * minute }, 'skipped'],
  ] as const)('moves it by a report that is %s', async ([, more, wanted]) => {
    const here = world()
    const { clock } = here
    const one = here.start()
    await here.posted(one, { ...lease, delivery: alert('Busy') })
    await clock.advance(10 * minute)
    const asked = clock.now()
    const overshoot = 'overshoot' in more ? { min: 1, max: 7 } : {}
    const again = await here.posted(one, {
      ...lease,
      delivery: alert('Busy'),
      dedupeWindowMs: 0,
      ...more,
      ...overshoot,
    })
    expect(again).toMatchObject({ outcome: wanted })
    expect('until' in again && again.until).toBeGreaterThanOrEqual(asked + lease.forMs)
    await clock.advance(14 * minute)
    expect(here.replicas()).toBe(6)
    await clock.advance(minute + 12 * second)
    expect(here.replicas()).toBe(4)
  })

  it('does not move it by a copy of the same report, under any name', async () => {
    const here = world()
    const { clock } = here
    const one = here.start()
    const delivery = alert('Busy', { identity: { key: 'Busy fires', newsAt: 7 } })
    await here.posted(one, { ...lease, delivery })
    await clock.advance(10 * minute)
    expect(await here.posted(one, { ...lease, delivery })).toMatchObject({ outcome: 'skipped', reason: 'Duplicate' })
    await clock.advance(5 * minute + 12 * second)
    expect(here.replicas()).toBe(4)
  })

  it('writes nothing for the copy that a second sender posts', async () => {
    const here = world()
    const { clock } = here
    const one = here.start()
    await here.posted(one, { ...lease, delivery: alert('Busy') })
    await clock.advance(10 * second)
    const before = here.requests.length
    await here.posted(one, { ...lease, delivery: alert('Busy') })
    expect(here.requests.slice(before)).toEqual([])
  })

  it('is taken back by its end before that, and nothing is left to end', async () => {
    const here = world()
    const { clock } = here
    const one = here.start()
    await here.posted(one, { ...lease, undo: true, delivery: alert('Busy') })
    await clock.advance(minute)
    expect(await here.posted(one, { ...lease, undo: true, delivery: over('Busy') })).toMatchObject({ from: 6, to: 4 })
    await clock.advance(5 * second)
    expect(here.memory()?.parts).toBeUndefined()
    await clock.advance(20 * minute)
    expect(here.replicas()).toBe(4)
  })

  it('that fires on after its lease has ended is said to have too short a lease', async () => {
    const here = world()
    const { clock } = here
    const one = here.start()
    const firing = { ...lease, delivery: alert('Busy'), dedupeWindowMs: 0 }
    await here.posted(one, firing)
    await clock.advance(30 * minute)
    expect(here.memory()?.tooShortAt).toBeUndefined()
    await here.posted(one, firing)
    await clock.advance(5 * second)
    expect(here.memory()?.tooShortAt).toBeDefined()
  })

  it('that fires on after somebody has ended its lease is not said to have too short a lease', async () => {
    const here = world()
    const { clock } = here
    const one = here.start()
    const firing = { ...lease, delivery: alert('Busy'), dedupeWindowMs: 0 }
    await here.posted(one, firing)
    await clock.advance(minute)
    const endBefore = clock.now()
    one.endBefore(endBefore)
    await clock.advance(5 * second)
    expect(here.replicas()).toBe(4)
    await here.posted(one, { ...firing, endBefore })
    await clock.advance(5 * second)
    expect(here.replicas()).toBe(6)
    expect(here.memory()?.tooShortAt).toBeUndefined()
  })

  it('gets an end for all that it has changed, once its hook has one', async () => {
    const here = world()
    const { clock } = here
    const one = here.start()
    await here.posted(one, { undo: true, delivery: alert('Busy'), dedupeWindowMs: 0 })
    await clock.advance(minute)
    await here.posted(one, { ...lease, undo: true, delivery: alert('Busy'), dedupeWindowMs: 0, by: 1 })
    expect(here.replicas()).toBe(7)
    await clock.advance(16 * minute)
    expect(here.replicas()).toBe(4)
  })
})

describe('an end that cannot be made', () => {
  it('is tried again until it is, and is reported as overdue meanwhile', async () => {
    const here = world()
    const { clock } = here
    await here.posted(here.start(), lease)
    await clock.advance(minute)
    here.refusing.add('web')
    await clock.advance(lease.forMs + 5 * minute)
    expect(here.replicas()).toBe(6)
    expect(here.memory()?.overdue).toMatchObject({ why: expect.stringContaining('a policy is against it') as unknown })
    here.refusing.clear()
    await clock.advance(6 * minute)
    expect(here.replicas()).toBe(4)
    expect(here.memory()?.overdue).toBeUndefined()
  })

  it('is late no more once a post has taken back what it would have', async () => {
    const here = world()
    const { clock } = here
    const one = here.start()
    const undone = { ...lease, undo: true, dedupeWindowMs: 0 }
    await here.posted(one, { ...undone, delivery: alert('Busy') })
    here.refusing.add('web')
    await clock.advance(lease.forMs + 3 * minute)
    expect(here.memory()?.overdue).toBeDefined()
    here.refusing.clear()
    await here.posted(one, { ...undone, delivery: over('Busy') })
    expect(here.replicas()).toBe(4)
    await clock.advance(10 * minute)
    expect(here.memory()?.overdue).toBeUndefined()
  })

  it('is late on while the lease of another count is given up', async () => {
    const here = world()
    const { clock } = here
    const one = here.start()
    await here.posted(one, lease)
    await clock.advance(5 * minute)
    await here.posted(one, { ...lease, target: 'api' })
    here.refusing.add('web')
    await clock.advance(13 * minute)
    expect(here.memory()?.overdue).toBeDefined()
    here.removeTarget('api')
    await clock.advance(4 * minute)
    expect(here.memory()?.parts).toHaveLength(1)
    expect(here.memory()?.overdue).toBeDefined()
  })

  it('is said to be late as long as it is, also if another one was late first', async () => {
    const here = world()
    const { clock } = here
    const one = here.start()
    const due = clock.now() + lease.forMs
    await here.posted(one, lease)
    await clock.advance(5 * minute)
    await here.posted(one, { ...lease, target: 'api' })
    here.refusing.add('web').add('api')
    await clock.advance(14 * minute)
    expect(here.memory()?.overdue?.at).toBeLessThan(due + minute)
    await clock.advance(10 * minute)
    here.refusing.delete('web')
    await clock.advance(11 * minute)
    expect(here.replicas()).toBe(4)
    const [part] = here.memory()?.parts ?? []
    expect(here.memory()?.overdue?.at).toBe(part?.until)
  })

  it('waits while nothing may be changed, and comes soon after that', async () => {
    const here = world()
    const { clock } = here
    await here.posted(here.start(), lease)
    here.isStopped = true
    await clock.advance(lease.forMs + 10 * minute)
    expect(here.replicas()).toBe(6)
    expect(here.memory()?.overdue).toBeUndefined()
    here.isStopped = false
    await clock.advance(10_000)
    expect(here.replicas()).toBe(4)
  })

  it('is given up if the object is gone, or another one has its name', async () => {
    const here = world()
    const { clock } = here
    const one = here.start()
    await here.posted(one, lease)
    await here.posted(one, { ...lease, target: 'api' })
    here.removeTarget('web')
    here.removeTarget('api')
    here.makeTarget('api', 6)
    await clock.advance(lease.forMs + minute)
    expect(here.replicas('api')).toBe(6)
    expect(here.memory()?.parts).toBeUndefined()
  })

  it('is given up if another object controls the count from now on', async () => {
    const here = world()
    const { clock } = here
    await here.posted(here.start(), lease)
    here.ownTarget('web')
    await clock.advance(lease.forMs + minute)
    expect(here.memory()?.parts).toBeUndefined()
    expect([here.replicas(), here.memory()?.overdue]).toEqual([6, undefined])
  })

  it('is given up if another object has its name, also if that could not be read at first', async () => {
    const here = world()
    const { clock } = here
    await here.posted(here.start(), lease)
    here.removeTarget('web')
    here.makeTarget('web', 6)
    here.flickering.add('web')
    await clock.advance(lease.forMs + minute)
    here.flickering.clear()
    await clock.advance(5 * minute)
    expect(here.memory()?.parts).toBeUndefined()
  })

  it('is not made once its hook is deleted', async () => {
    const here = world()
    const { clock } = here
    await here.posted(here.start(), lease)
    here.remove('web-up')
    await clock.advance(2 * lease.forMs)
    expect(here.replicas()).toBe(6)
  })
})

describe('endBefore', () => {
  it('ends at once what was leased before, and nothing that is leased later', async () => {
    const here = world()
    const { clock } = here
    const one = here.start()
    await here.posted(one, lease)
    await clock.advance(minute)
    one.endBefore(clock.now())
    await clock.advance(5 * second)
    expect(here.replicas()).toBe(4)
    await here.posted(one, { ...lease, endBefore: clock.now() - minute })
    await clock.advance(5 * minute)
    expect(here.replicas()).toBe(6)
  })

  it('ends nothing that is leased right after it, although both would have ended at about the same time', async () => {
    const here = world()
    const { clock } = here
    const one = here.start()
    await clock.advance(second)
    await here.posted(one, lease)
    await clock.advance(10 * second)
    const endBefore = clock.now()
    one.endBefore(endBefore)
    await here.posted(one, { ...lease, endBefore, by: 1 })
    expect(here.replicas()).toBe(7)
    await clock.advance(5 * second)
    expect(here.replicas()).toBe(5)
    await clock.advance(lease.forMs - 10 * second)
    expect(here.replicas()).toBe(5)
    await clock.advance(minute)
    expect(here.replicas()).toBe(4)
    expect(here.memory()?.parts).toBeUndefined()
  })

  it('ends nothing that its alerts lease later, while bounds keep back what they leased before', async () => {
    const here = world(9)
    const { clock } = here
    const one = here.start()
    const firing = { ...lease, delivery: alert('Busy'), dedupeWindowMs: 0 }
    await here.posted(one, { ...firing, by: 1 })
    await here.posted(one, { hook: 'down', forMs: 60 * minute, action: 'down', by: 9, min: 1 })
    await clock.advance(5 * minute)
    const endBefore = clock.now()
    one.endBefore(endBefore)
    await clock.advance(minute)
    expect(here.memory()?.parts).toMatchObject([{ delta: 1, held: true }])
    await here.posted(one, { ...firing, endBefore, by: 3 })
    expect(here.replicas()).toBe(4)
    // The rest of the first lease takes what there is: one. The other two stay until their time.
    await clock.advance(14 * minute)
    expect(here.replicas()).toBe(3)
    await clock.advance(70 * minute)
    expect(here.replicas()).toBe(9)
    expect(here.memory()?.parts).toBeUndefined()
  })

  it.each([
    ['moves nothing, and says no time', 2 * minute],
    ['moves nothing, and says no time, also if its time is known', lease.forMs / 20],
  ])('that has passed: a report that comes before the end %s', async (_, after) => {
    const here = world()
    const { clock } = here
    const one = here.start()
    const firing = { ...lease, dedupeWindowMs: 3_600_000, delivery: alert('Busy') }
    const step = await here.posted(one, firing)
    await clock.advance(after)
    here.isStopped = true
    const late = await here.posted(one, { ...firing, endBefore: clock.now() })
    expect(late).toMatchObject({ outcome: 'skipped', reason: 'Duplicate' })
    expect(late).toMatchObject({ until: undefined })
    await clock.advance(5 * second)
    expect(here.memory()?.parts).toMatchObject([{ until: step.outcome === 'done' ? step.until : 0 }])
  })

  it('that is to come: a report says when the lease ends by it', async () => {
    const here = world()
    const { clock } = here
    const one = here.start()
    const firing = { ...lease, dedupeWindowMs: 3_600_000, delivery: alert('Busy') }
    await here.posted(one, firing)
    await clock.advance(2 * minute)
    const endBefore = clock.now() + minute
    expect(await here.posted(one, { ...firing, endBefore })).toMatchObject({ reason: 'Duplicate', until: endBefore })
  })

  it('in the future is a limit for what is leased until then', async () => {
    const here = world()
    const { clock } = here
    const one = here.start()
    const endBefore = clock.now() + 5 * minute
    one.endBefore(endBefore)
    expect(await here.posted(one, { ...lease, endBefore })).toMatchObject({ until: endBefore })
    await clock.advance(5 * minute + 11 * second)
    expect(here.replicas()).toBe(4)
  })
})

describe('many leases that end at once', () => {
  it('end as fast as they can, not some each second', async () => {
    const many = 100
    const here = world(4)
    const { clock } = here
    const one = here.start()
    const names = Array.from({ length: many }, (_, index) => `web-${index}`)
    for (const name of names) here.makeTarget(name, 4)
    let last = 0
    for (const [index, target] of names.entries()) {
      // They are made one after another, and end at about the same moment.
      const step = await here.posted(one, { hook: `up-${target}`, target, forMs: 15 * minute - index * 50 })
      last = Math.max(last, ('until' in step && step.until) || 0)
    }
    // A record waits up to two seconds, and is then looked at within one.
    await clock.advance(last - clock.now() + 3.5 * second)
    expect(names.filter(name => here.replicas(name) !== 4)).toEqual([])
  })
})
