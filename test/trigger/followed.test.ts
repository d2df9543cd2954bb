import { describe, expect, it } from 'vitest'
import type { RecentDelivery } from '../../src/api/record.ts'
import type { SettlementState } from '../../src/api/settlement.ts'
import type { Log } from '../../src/environment/environment.ts'
import { promMetrics } from '../../src/environment/metrics.ts'
import { MemoryDraft, type Update } from '../../src/record/draft.ts'
import { emptyMemory } from '../../src/record/memory.ts'
import { FollowedChanges } from '../../src/trigger/followed.ts'
import type { LiveHook } from '../../src/trigger/hook.ts'
import { following, maxFollowed, maxFollowedOfNamespace, maxLooksOfNamespace } from '../../src/trigger/limits.ts'
import { Looks } from '../../src/trigger/looks.ts'
import { fakeClock, settle } from '../support/clock.ts'
import { noApi, noDefinitions } from '../support/environment.ts'
import { noAccounts, noLedger, someHook } from './some-hook.ts'

const nothing = (): void => undefined
const noLog: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing }

const setUp = () => {
  const clock = fakeClock()
  const world = { state: 'progressing' as SettlementState, looks: 0, isGone: false, isUnread: false }
  const looks = new Looks({ clock, api: noApi, log: noLog }, noDefinitions, noAccounts)
  const draft = new MemoryDraft(emptyMemory)
  const amend = (update: Update): void => update(draft)
  const followed = new FollowedChanges(
    { clock, metrics: promMetrics() },
    looks,
    { of: () => ({ ...noLedger, amend }) },
    { isGone: () => world.isGone },
  )
  const { bound } = someHook
  if ('path' in bound) throw new Error('the hook is valid')
  const look = () => {
    world.looks += 1
    const { state } = world
    if (world.isUnread) return Promise.reject(new Error('refused'))
    return Promise.resolve({ objects: 1, settlementOf: () => ({ state, message: `it is ${state}` }) })
  }
  return {
    clock,
    draft,
    followed,
    looks,
    world,
    follow: (at = 1, uid = 'uid', namespace = someHook.namespace): void => {
      const delivery: RecentDelivery = { at, sender: 'plain', outcome: 'applied', reason: 'RolledOut' }
      draft.set({ recent: [delivery, ...draft.fields.recent] })
      const hook: LiveHook = { ...someHook, namespace, uid, bound: { ...bound, look } }
      followed.follow({ hook, delivery, change: { at, did: ['a'], n: 1 } })
    },
    states: () => draft.fields.recent.map(({ state }) => state ?? '-'),
  }
}

describe('a rollout that nobody waits for', () => {
  it('is looked at every 5 s until it has settled, and its state is stored then', async () => {
    const { clock, follow, states, world } = setUp()
    follow()
    await clock.advance(20_000)
    expect([world.looks, states()]).toEqual([4, ['-']])
    world.state = 'complete'
    await clock.advance(6000)
    expect(states()).toEqual(['complete'])
    const { looks } = world
    await clock.advance(60_000)
    expect([world.looks, clock.pending]).toEqual([looks, 0])
  })

  it('is looked at seldom after half an hour, and its end is stored then too', async () => {
    const { clock, follow, states, world } = setUp()
    follow()
    await clock.advance(following.oftenForMs)
    const { looks } = world
    await clock.advance(20 * following.seldomEveryMs)
    expect(world.looks - looks).toBeLessThanOrEqual(20)
    expect(world.looks - looks).toBeGreaterThanOrEqual(18)
    world.state = 'failed'
    await clock.advance(following.seldomEveryMs + 1000)
    expect(states()).toEqual(['failed'])
    await clock.advance(10_000)
    expect(clock.pending).toBe(0)
  })

  it('is looked at for a day at most, also if it cannot be read', async () => {
    const { clock, follow, followed, states, world } = setUp()
    world.isUnread = true
    follow()
    await clock.advance(following.forMs)
    expect([followed.size, states()]).toEqual([0, ['-']])
    await clock.advance(following.seldomEveryMs)
    expect(clock.pending).toBe(0)
  })

  it('is followed on after it has stalled', async () => {
    const { clock, draft, follow, states, world } = setUp()
    follow()
    world.state = 'stalled'
    await clock.advance(6000)
    expect(draft.fields.recent).toMatchObject([{ state: 'stalled', stateMessage: 'it is stalled' }])
    world.state = 'progressing'
    await clock.advance(6000)
    expect(states()).toEqual(['stalled'])
    world.state = 'complete'
    await clock.advance(6000)
    expect(draft.fields.recent[0]).not.toHaveProperty('stateMessage')
    expect(states()).toEqual(['complete'])
  })

  it('is followed on while its hook changes more, and only the last three are', async () => {
    const { clock, follow, followed, states, world } = setUp()
    for (const at of [1, 2, 3, 4]) follow(at)
    expect(followed.size).toBe(1)
    world.state = 'complete'
    await clock.advance(6000)
    expect([states(), followed.size]).toEqual([['complete', 'complete', 'complete', '-'], 0])
  })

  it('leaves room for those who wait', async () => {
    const { follow, followed, looks } = setUp()
    for (let hook = 0; hook < 2 * maxLooksOfNamespace; hook++) follow(hook, `uid-${hook}`)
    await settle()
    expect(followed.size).toBe(maxFollowedOfNamespace)
    expect(looks.size).toBeLessThanOrEqual(maxLooksOfNamespace)
    for (let hook = 0; hook < 2 * maxFollowed; hook++) follow(hook, `other-${hook}`, `namespace-${hook}`)
    await settle()
    expect(followed.size).toBe(maxFollowed)
  })

  it('gives no place to the many rollouts of another namespace', async () => {
    const { clock, draft, follow, followed, world } = setUp()
    for (let quiet = 0; quiet < 20; quiet++) follow(quiet, `quiet-${quiet}`, `namespace-${quiet}`)
    for (let busy = 0; busy < 100; busy++) {
      follow(100 + busy, `busy-${busy}`, 'busy')
      await clock.advance(500)
    }
    expect(followed.size).toBe(maxFollowed)
    world.state = 'complete'
    await clock.advance(6000)
    const settled = draft.fields.recent.filter(({ state }) => state === 'complete')
    expect(settled.filter(({ at }) => at < 20)).toHaveLength(20)
  })

  it('is followed no more once its hook is deleted, or the process ends', async () => {
    const { clock, follow, followed, states, world } = setUp()
    follow()
    await settle()
    world.isGone = true
    world.state = 'complete'
    await clock.advance(6000)
    expect(followed.size).toBe(0)
    world.isGone = false
    follow(2)
    followed.end()
    follow(3)
    await clock.advance(60_000)
    expect([followed.size, clock.pending, states()]).toEqual([0, 0, ['-', '-', '-']])
  })
})
