import { describe, expect, it } from 'vitest'
import { leasesIn } from '../../src/controller/leases.ts'
import { alert, over, world } from './world.ts'

const second = 1000
const minute = 60 * second
const hour = 60 * minute
const lease = { forMs: 15 * minute }

describe('what a process has taken back before it died', () => {
  /** Lets a process take back a lease of three days and die. Another one lives on for a day. */
  const takenBack = async () => {
    const here = world()
    const { clock } = here
    const one = here.start()
    const days = { forMs: 72 * hour, undo: true }
    await here.posted(one, { ...days, delivery: alert('Busy') })
    await clock.advance(5 * second)
    expect(await one.post({ ...days, delivery: over('Busy') })).toMatchObject({ from: 6, to: 4 })
    one.die()
    const two = here.start()
    clock.jump(25 * hour)
    await clock.advance(minute)
    return { clock, days, here, two }
  }

  it('is not taken back again when its lease ends, however late that is', async () => {
    const { clock, here, two } = await takenBack()
    await here.posted(two, { target: 'api', delivery: { identity: { key: 'x' } } })
    await clock.advance(minute)
    clock.jump(50 * hour)
    await clock.advance(minute)
    expect(here.replicas()).toBe(4)
  })

  it('is not taken back again with the next lease of its alert', async () => {
    const { clock, days, here, two } = await takenBack()
    const again = alert('Busy', { identity: { key: 'Busy fires again', newsAt: 20 } })
    expect(await here.posted(two, { ...days, delivery: again })).toMatchObject({ from: 4, to: 6 })
    await clock.advance(minute)
    const end = { ...over('Busy'), identity: { key: 'Busy ends again', newsAt: 30 } }
    expect(await here.posted(two, { ...days, delivery: end })).toMatchObject({ from: 6, to: 4 })
  })
})

it('an undo of what was never leased, whose process died, is not made twice', async () => {
  const here = world()
  const { clock } = here
  const one = here.start()
  const hook = { undo: true }
  await here.posted(one, { ...hook, delivery: alert('Busy') })
  await clock.advance(5 * second)
  expect(await one.post({ ...hook, delivery: over('Busy') })).toMatchObject({ from: 6, to: 4 })
  one.die()
  const two = here.start()
  clock.jump(25 * hour)
  await clock.advance(minute)
  const again = alert('Busy', { identity: { key: 'Busy fires again', newsAt: 20 } })
  expect(await here.posted(two, { ...hook, delivery: again })).toMatchObject({ from: 4, to: 6 })
  await clock.advance(minute)
  const end = { ...over('Busy'), identity: { key: 'Busy ends again', newsAt: 30 } }
  expect(await here.posted(two, { ...hook, delivery: end })).toMatchObject({ from: 6, to: 4 })
})

describe('a lease that is made right after an end whose process died', () => {
  /** Lets a process end a lease and die before it can note that. Then the alert fires again. */
  const madeAgain = async () => {
    const here = world()
    const { clock } = here
    const one = here.start()
    const firing = { ...lease, delivery: alert('Busy'), dedupeWindowMs: 0 }
    await here.posted(one, firing)
    await clock.advance(lease.forMs - second)
    // The note of the end never arrives.
    here.gate.before = ({ method }) =>
      method === 'PUT' && here.replicas() === 4 ? new Promise(() => {}) : Promise.resolve()
    while (here.replicas() !== 4) await clock.advance(10)
    await clock.advance(10)
    one.die()
    delete here.gate.before
    expect(here.memory()?.parts).toHaveLength(1)
    expect(await here.posted(here.start(), firing)).toMatchObject({ from: 4, to: 6 })
    await clock.advance(30 * second)
    return here
  }

  it('is shown alone', async () => {
    const here = await madeAgain()
    expect(leasesIn(here.memory() ?? {}, 'Deployment/web')?.shown).toMatchObject([{ by: 2, state: 'open' }])
  })

  it('ends too', async () => {
    const here = await madeAgain()
    await here.clock.advance(lease.forMs + minute)
    expect(here.replicas()).toBe(4)
  })
})

describe('a post that changed nothing, to a hook that was deleted since', () => {
  /** Posts to a new hook of the name until it gets its step, and returns how long that took, in milliseconds. */
  const untilItWorks = async (here: ReturnType<typeof world>, process: ReturnType<typeof here.start>) => {
    const began = here.clock.now()
    while ((await here.posted(process, { ...lease, target: 'api' })).outcome !== 'done') {
      if (here.clock.now() - began > 2 * hour) throw new Error('it never works')
      await here.clock.advance(15 * second)
    }
    return here.clock.now() - began
  }

  it('since a policy refused it keeps no new hook of the name waiting', async () => {
    const here = world()
    const one = here.start()
    one.onDelete('end')
    here.refusing.add('web')
    const refused = here.posted(one, { ...lease, delivery: { identity: { key: 'a' } } })
    await here.clock.advance(10 * second)
    expect(await refused).toMatchObject({ outcome: 'failed' })
    here.remove('web-up')
    await here.clock.advance(minute)
    expect(await untilItWorks(here, one)).toBeLessThan(2 * minute)
  })

  it('since its process died keeps no new hook of the name waiting', async () => {
    const here = world()
    const one = here.start()
    one.onDelete('end')
    await here.posted(one, { ...lease, dryRun: true })
    here.gate.before = async ({ method }) => {
      if (method !== 'PATCH') return
      one.die()
      await new Promise(() => {})
    }
    void one.post({ ...lease, delivery: { identity: { key: 'a' } } })
    await here.clock.advance(50)
    delete here.gate.before
    expect(here.replicas()).toBe(4)
    here.remove('web-up')
    const two = here.start()
    await here.clock.advance(minute)
    expect(await untilItWorks(here, two)).toBeLessThan(2 * minute)
  })
})
