import { describe, expect, it } from 'vitest'
import { wait } from '../../src/environment/wait.ts'
import { CachedHook } from '../../src/trigger/hook.ts'
import { leasingHooks } from '../../src/trigger/leasing-hooks.ts'
import { hookAt } from '../support/hooks.ts'
import { noAccounts } from '../trigger/some-hook.ts'
import { alert, over, world } from './world.ts'

const second = 1000
const minute = 60 * second
const lease = { forMs: 15 * minute }
const twice = { ...lease, undo: true }
const long = { ...twice, forMs: 4 * lease.forMs, delivery: alert('Busy') }
const again = { ...twice, delivery: alert('Busy', { identity: { key: 'Busy fires again', newsAt: 10 } }) }

/** Makes a world in which bounds keep back the end of one lease of `web-up` for hours. */
const heldWorld = async () => {
  const here = world(9)
  const one = here.start()
  one.onDelete('end')
  await here.posted(one, { ...lease, by: 1 })
  await here.posted(one, { hook: 'down', forMs: 900 * minute, action: 'down', by: 9, min: 1 })
  return { here, one, clock: here.clock }
}

describe('an end in a record in which another one is kept back', () => {
  it('that meets one fault is soon tried again', async () => {
    const { clock, here, one } = await heldWorld()
    const step = await here.posted(one, { forMs: 55 * minute, target: 'api', by: 1 })
    const until = (step.outcome === 'done' && step.until) || 0
    await clock.advance(until - clock.now() - second)
    here.unreadable.add('api')
    await clock.advance(8 * second)
    here.unreadable.delete('api')
    const began = clock.now()
    while (here.replicas('api') !== 9) await clock.advance(second)
    expect(clock.now() - began).toBeLessThan(30 * second)
  })

  it('comes soon after an `endBefore` that is set while the record is looked at', async () => {
    const { clock, here, one } = await heldWorld()
    await here.posted(one, { forMs: 600 * minute, target: 'api', by: 1 })
    await clock.advance(40 * minute)
    const set: number[] = []
    here.gate.before = async ({ method, path }) => {
      if (set.length > 0 || method !== 'GET' || !path.includes('deployments')) return
      set.push(clock.now())
      one.endBefore(clock.now())
    }
    while (set.length === 0) await clock.advance(second)
    while (here.replicas('api') !== 9) await clock.advance(second)
    expect(clock.now() - (set[0] ?? 0)).toBeLessThan(10 * second)
  })

  it('is given up within seconds for a new hook of the name', async () => {
    const { clock, here, one } = await heldWorld()
    here.remove('web-up', false)
    await clock.advance(31 * minute)
    const began = clock.now()
    while ((await here.posted(one, { ...lease, target: 'api' })).outcome !== 'done') await clock.advance(5 * second)
    expect(clock.now() - began).toBeLessThan(30 * second)
  })

  it('does not wait for the claims of another target', async () => {
    const here = world()
    const { clock } = here
    const one = here.start()
    here.refusing.add('web')
    for (let index = 0; index < 60; index++) {
      const posted = here.posted(one, { ...lease, delivery: { identity: { key: `a${index}` } } })
      await clock.advance(5 * second)
      await posted
    }
    const step = await here.posted(one, { ...lease, target: 'api' })
    const until = (step.outcome === 'done' && step.until) || 0
    await clock.advance(until - clock.now() - second)
    here.gate.before = async ({ method, path }) => {
      if (method === 'GET' && path.endsWith('/deployments')) await wait(clock, 300)
    }
    while (here.replicas('api') !== 4) await clock.advance(100)
    expect(clock.now() - until).toBeLessThan(10 * second)
  })
})

it('a due record of a newer version is read seldom', async () => {
  const here = world()
  const one = here.start()
  await here.posted(one, lease)
  await here.clock.advance(5 * second)
  one.die()
  here.writeNewer()
  here.start()
  await here.clock.advance(lease.forMs + minute)
  here.requests.length = 0
  await here.clock.advance(30 * minute)
  const reads = here.requests.filter(request => request.startsWith('GET') && request.endsWith('/web-up'))
  expect(reads.length).toBeGreaterThan(0)
  expect(reads.length).toBeLessThan(20)
})

it('a hook that the cache still knows is not taken for a new one of its name', async () => {
  const hook = hookAt('web-up', 'web')
  const hooks = {
    find: () => Promise.resolve({ found: 'none' } as const),
    inCache: () => new CachedHook({ ...hook, metadata: { ...hook.metadata, uid: 'old' } }).parts,
    unchanged: () => true,
  }
  const published = { find: () => undefined, version: '1' }
  const keys = { current: () => published, fresh: () => true, readRecent: () => Promise.resolve(published) }
  const leasing = leasingHooks(hooks, keys, noAccounts)
  const gone = await leasing.find({ namespace: 'shop', name: 'web-up', uid: 'old' })
  expect(gone).toMatchObject({ found: 'gone', isReplaced: false })
  const replaced = await leasing.find({ namespace: 'shop', name: 'web-up', uid: 'older' })
  expect(replaced).toMatchObject({ found: 'gone', isReplaced: true })
})

describe('an end beside many slow ones of other hooks', () => {
  it.each([0, 500])('is made within seconds, if their records are read in %d ms', async readMs => {
    const here = world()
    const { clock } = here
    const one = here.start()
    const names = Array.from({ length: 8 }, (_, index) => `slow-${index}`)
    for (const name of names) {
      here.makeTarget(name, 1)
      for (let index = 0; index < 40; index++) {
        const delivery = alert(`${name}-${index}`)
        await here.posted(one, { ...lease, hook: name, target: name, by: 1, max: 100, delivery })
      }
    }
    const step = await here.posted(one, { ...lease, target: 'api' })
    const until = (step.outcome === 'done' && step.until) || 0
    here.gate.before = async ({ path }) => {
      if (names.some(name => path.endsWith(`/receiverhookrecords/${name}`))) await wait(clock, readMs)
      if (names.some(name => path.includes(`/deployments/${name}`))) await wait(clock, 3 * minute)
    }
    // All that the others have leased is due ten seconds before.
    for (const name of names) one.endBefore(until - 10 * second, name)
    await clock.advance(until - clock.now())
    while (here.replicas('api') !== 4) await clock.advance(second)
    expect(clock.now() - until).toBeLessThan(10 * second)
  })
})

describe('a lease that is made before everybody knows that an earlier one was taken back', () => {
  it.each(['lives', 'has died'])('ends when its answer says, if the process that took that back %s', async how => {
    const here = world()
    const { clock } = here
    const [one, two] = [here.start(), here.start()]
    await here.posted(one, long)
    await clock.advance(5 * second)
    expect(await one.post({ ...twice, delivery: over('Busy') })).toMatchObject({ from: 6, to: 4 })
    if (how === 'has died') one.die()
    expect(await here.posted(two, again)).toMatchObject({ from: 4, to: 6 })
    await clock.advance(lease.forMs + minute)
    expect(here.replicas()).toBe(4)
  })

  it('ends when its answer says, also if another hook has stepped in between', async () => {
    const here = world()
    const { clock } = here
    const [one, two] = [here.start(), here.start()]
    await here.posted(one, long)
    await here.posted(two, { hook: 'other', by: 1, delivery: { identity: { key: 'x' } } })
    await clock.advance(5 * second)
    expect(await one.post({ ...twice, delivery: over('Busy') })).toMatchObject({ from: 7, to: 5 })
    one.die()
    await here.posted(two, { hook: 'other', by: 1, delivery: { identity: { key: 'y' } } })
    const now = clock.now()
    const step = await here.posted(here.start(), again)
    expect(step).toMatchObject({ from: 6, to: 8 })
    expect(step.outcome === 'done' && (step.until ?? 0) - now).toBeLessThan(lease.forMs + minute)
    await clock.advance(lease.forMs + minute)
    expect(here.replicas()).toBe(6)
  })
})
