import { describe, expect, it } from 'vitest'
import { at } from '../../src/api/json.ts'
import { wait } from '../../src/environment/wait.ts'
import { alert, world, type Letter } from './world.ts'

const second = 1000
const minute = 60 * second
const lease = { forMs: 15 * minute }

describe('onDelete: end', () => {
  const finalizersOf = (record: unknown): unknown => at(record, 'metadata', 'finalizers')

  /** Returns a world in which the hook says so, and has leased something. */
  const leased = async (letter: Letter = lease) => {
    const here = world()
    const one = here.start()
    one.onDelete('end')
    await here.posted(one, letter)
    await here.clock.advance(3 * second)
    return { here, one }
  }

  it('ends what a hook has leased as soon as it is deleted, and then lets its record go', async () => {
    const { here } = await leased()
    expect(finalizersOf(here.record())).toEqual(['receiverhooks.dev/leases'])
    here.remove('web-up')
    await here.clock.advance(5 * second)
    expect(here.replicas()).toBe(4)
    expect(at(here.record(), 'kind')).toBe('Status')
  })

  it('ends it at once although the clock of the process that leased it was ahead', async () => {
    const here = world()
    const one = here.start()
    one.onDelete('end')
    here.clock.jump(10 * minute)
    await here.posted(one, lease)
    here.clock.jump(-10 * minute)
    await here.clock.advance(3 * second)
    here.remove('web-up')
    await here.clock.advance(5 * second)
    expect(here.replicas()).toBe(4)
    expect(at(here.record(), 'kind')).toBe('Status')
  })

  it('gives up after minutes where the right to read is gone, as in a namespace that is being deleted', async () => {
    const { here } = await leased()
    here.unreadable.add('web')
    here.remove('web-up')
    await here.clock.advance(4 * minute)
    expect(finalizersOf(here.record())).toEqual(['receiverhooks.dev/leases'])
    await here.clock.advance(11 * minute)
    expect(at(here.record(), 'kind')).toBe('Status')
    expect(here.replicas()).toBe(6)
  })

  it('waits longer where another end may still be made', async () => {
    const { here, one } = await leased()
    await here.posted(one, { ...lease, target: 'api' })
    here.unreadable.add('web')
    here.refusing.add('api')
    here.remove('web-up')
    await here.clock.advance(20 * minute)
    expect(finalizersOf(here.record())).toEqual(['receiverhooks.dev/leases'])
    here.refusing.clear()
    await here.clock.advance(11 * minute)
    expect([here.replicas(), here.replicas('api')]).toEqual([6, 4])
    expect(at(here.record(), 'kind')).toBe('Status')
  })

  it('ends it before the garbage collector comes', async () => {
    const { here } = await leased()
    here.remove('web-up', false)
    await here.clock.advance(5 * second)
    expect(here.replicas()).toBe(4)
    expect(finalizersOf(here.record())).toBeUndefined()
  })

  it('ends it although no process was there when the hook was deleted', async () => {
    const { here, one } = await leased()
    one.die()
    here.remove('web-up')
    await here.clock.advance(5 * minute)
    expect(here.replicas()).toBe(6)
    here.start()
    await here.clock.advance(5 * second)
    expect(here.replicas()).toBe(4)
    expect(at(here.record(), 'kind')).toBe('Status')
  })

  it('ends a step that its process did not live to note', async () => {
    const here = world()
    const one = here.start()
    one.onDelete('end')
    await here.posted(one, { ...lease, dryRun: true })
    const posted = one.post(lease).then(() => one.die())
    await here.clock.advance(50)
    await posted
    here.remove('web-up', false)
    expect([here.replicas(), here.memory()?.parts]).toEqual([6, undefined])
    here.start()
    await here.clock.advance(minute)
    expect(here.replicas()).toBe(4)
  })

  it('ends it once, and leaves what somebody else has set', async () => {
    const { here } = await leased()
    here.start()
    here.scale(8)
    here.remove('web-up')
    await here.clock.advance(minute)
    expect(here.replicas()).toBe(8)
    expect(at(here.record(), 'kind')).toBe('Status')
  })

  it('holds no record in which nothing is leased', async () => {
    const { here } = await leased()
    await here.clock.advance(lease.forMs + 15 * second)
    expect([here.replicas(), finalizersOf(here.record())]).toEqual([4, undefined])
  })

  it('counts as soon as the hook says so, or no longer', async () => {
    const { here, one } = await leased()
    one.onDelete('keep')
    await here.clock.advance(3 * second)
    expect(finalizersOf(here.record())).toBeUndefined()
    one.onDelete('end')
    await here.clock.advance(3 * second)
    expect(finalizersOf(here.record())).toEqual(['receiverhooks.dev/leases'])
    one.onDelete('keep')
    await here.clock.advance(3 * second)
    here.remove('web-up')
    await here.clock.advance(2 * lease.forMs)
    expect(here.replicas()).toBe(6)
  })

  it('lets a new hook of the name wait until all has ended', async () => {
    const { here, one } = await leased()
    here.refusing.add('web')
    here.remove('web-up')
    await here.clock.advance(second)
    // It is answered at once, so that no post of another hook waits behind it.
    const held = here.posted(one, { ...lease, target: 'api' })
    await here.clock.advance(second / 2)
    await expect(Promise.race([held, Promise.resolve('later')])).resolves.toMatchObject({
      outcome: 'unavailable',
      reason: 'Contended',
    })
    here.refusing.clear()
    await here.clock.advance(30 * second)
    expect(here.replicas()).toBe(4)
    expect(await here.posted(one, { ...lease, target: 'api' })).toMatchObject({ outcome: 'done', from: 4, to: 6 })
  })

  it('waits for bounds that keep it back, until there is a new hook of the name', async () => {
    const here = world(9)
    const one = here.start()
    one.onDelete('end')
    await here.posted(one, { ...lease, by: 1 })
    await here.posted(one, { hook: 'down', forMs: 60 * minute, action: 'down', by: 9, min: 1 })
    here.remove('web-up', false)
    await here.clock.advance(5 * minute)
    expect([here.replicas(), finalizersOf(here.record())]).toEqual([1, ['receiverhooks.dev/leases']])
    expect(await here.posted(one, { ...lease, target: 'api' })).toMatchObject({ reason: 'Contended' })
    await here.clock.advance(minute)
    expect(await here.posted(one, { ...lease, target: 'api' })).toMatchObject({ outcome: 'done', from: 9, to: 10 })
  })

  it('is given up after an hour, if the end is refused as long as that', async () => {
    const { here } = await leased()
    here.refusing.add('web')
    here.remove('web-up')
    await here.clock.advance(59 * minute)
    expect(finalizersOf(here.record())).toEqual(['receiverhooks.dev/leases'])
    await here.clock.advance(10 * minute)
    expect(here.replicas()).toBe(6)
    expect(at(here.record(), 'kind')).toBe('Status')
  })

  it('is given up after an hour also if more is leased on an object than a look has time for', async () => {
    const { here, one } = await leased()
    for (let index = 0; index < 12; index++) {
      await here.posted(one, { ...lease, max: 100, by: 1, delivery: alert(`a${index}`) })
    }
    await here.clock.advance(3 * second)
    here.gate.before = async ({ path }) => {
      if (path.includes('/deployments/web')) await wait(here.clock, 20 * second)
    }
    here.remove('web-up')
    const before = here.requests.length
    await here.clock.advance(59 * minute)
    expect(finalizersOf(here.record())).toEqual(['receiverhooks.dev/leases'])
    // It is tried at last every five minutes.
    expect(here.requests.length - before).toBeLessThan(200)
    await here.clock.advance(15 * minute)
    expect(at(here.record(), 'kind')).toBe('Status')
  })

  it('waits for nothing if the target is gone', async () => {
    const { here } = await leased()
    here.removeTarget('web')
    here.remove('web-up')
    await here.clock.advance(5 * second)
    expect(at(here.record(), 'kind')).toBe('Status')
  })

  it('waits while nothing may be changed', async () => {
    const { here } = await leased()
    here.isStopped = true
    here.remove('web-up')
    await here.clock.advance(2 * 60 * minute)
    expect(here.replicas()).toBe(6)
    here.isStopped = false
    await here.clock.advance(10 * second)
    expect(here.replicas()).toBe(4)
  })
})
