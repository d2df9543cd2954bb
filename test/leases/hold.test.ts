import { describe, expect, it } from 'vitest'
import { world } from './world.ts'

const minute = 60_000
const sleep = { hook: 'sleep', holds: '0', by: 1, min: 0, max: 1000 } as const
const wake = { hook: 'wake', holds: 'base', by: 1, min: 0, max: 1000 } as const
const three = { hook: 'three', holds: '3', by: 1, min: 0, max: 1000 } as const

describe('a switch', () => {
  const on = { hook: 'pause', holds: 'true', by: 1, min: 0, max: 1000 } as const
  it('is on while anybody holds it, and off after the last', async () => {
    const here = world(5)
    const one = here.start()
    here.makeCronJob()
    await here.posted(one, { ...on, forMs: 30 * minute })
    expect(here.suspended()).toBe(true)
    await here.posted(one, { ...on, hook: 'other', forMs: 60 * minute })
    await here.clock.advance(31 * minute + 15_000)
    expect(here.suspended()).toBe(true)
    await here.clock.advance(31 * minute)
    expect(here.suspended()).toBe(undefined)
  })
  it('stays as a person has set it since', async () => {
    const here = world(5)
    const one = here.start()
    here.makeCronJob()
    await here.posted(one, { ...on, forMs: 30 * minute })
    here.suspend(false)
    await here.posted(one, { ...on, hook: 'other', forMs: 60 * minute })
    expect(here.suspended()).toBe(true)
    await here.clock.advance(31 * minute + 15_000)
    expect(here.suspended()).toBe(true)
    await here.clock.advance(31 * minute)
    expect(here.suspended()).toBe(false)
  })
})

describe('holds on a count, with the leases as they are', () => {
  it('goes to 0 and comes back, whatever ends first', async () => {
    const here = world(5)
    const one = here.start()
    here.start()
    expect(await here.posted(one, { ...sleep, forMs: 60 * minute })).toMatchObject({ outcome: 'done', from: 0, to: 1 })
    expect(here.replicas()).toBe(0)
    await here.posted(one, { ...wake, forMs: 10 * minute })
    expect(here.replicas()).toBe(5)
    await here.clock.advance(10 * minute + 12_000)
    expect(here.replicas()).toBe(0)
    await here.posted(one, { ...three, forMs: 100 * minute })
    expect(here.replicas()).toBe(3)
    await here.clock.advance(50 * minute + 30_000)
    expect(here.replicas()).toBe(3)
    await here.clock.advance(52 * minute)
    expect(here.replicas()).toBe(5)
    expect(here.memory('sleep')?.parts ?? []).toEqual([])
  })

  it('keeps awake who asked before the sleep', async () => {
    const here = world(5)
    const one = here.start()
    await here.posted(one, { ...wake, forMs: 30 * minute })
    here.scale(7)
    await here.posted(one, { ...sleep, forMs: 60 * minute })
    expect(here.replicas()).toBe(7)
    here.scale(6)
    await here.clock.advance(30 * minute + 12_000)
    expect(here.replicas()).toBe(0)
    await here.clock.advance(31 * minute)
    expect(here.replicas()).toBe(6)
  })

  it('leaves what a person has set since', async () => {
    const here = world(5)
    const one = here.start()
    await here.posted(one, { ...sleep, forMs: 60 * minute })
    here.scale(2)
    await here.clock.advance(62 * minute)
    expect(here.replicas()).toBe(2)
    expect(here.memory('sleep')?.parts ?? []).toEqual([])
  })

  it('leaves the value that is held, once Git has applied the very same', async () => {
    const here = world(5)
    const one = here.start()
    await here.posted(one, { ...sleep, forMs: 60 * minute })
    here.applyCount()
    await here.clock.advance(62 * minute)
    expect(here.replicas()).toBe(0)
    expect(here.memory('sleep')?.parts ?? []).toEqual([])
  })

  it('carries the words of steps through the hold', async () => {
    const here = world(4)
    const one = here.start()
    await here.posted(one, { forMs: 30 * minute })
    expect(here.replicas()).toBe(6)
    await here.posted(one, { ...sleep, forMs: 10 * minute })
    expect(await here.posted(one, { hook: 'up', by: 1 })).toMatchObject({ from: 0, to: 0 })
    await here.clock.advance(10 * minute + 12_000)
    expect(here.replicas()).toBe(6)
    await here.clock.advance(21 * minute)
    expect(here.replicas()).toBe(4)
  })

  it('holds back the end of a step under the hold, and makes it afterwards', async () => {
    const here = world(4)
    const one = here.start()
    await here.posted(one, { forMs: 10 * minute })
    await here.posted(one, { ...sleep, forMs: 30 * minute })
    await here.clock.advance(20 * minute)
    expect(here.replicas()).toBe(0)
    await here.clock.advance(10 * minute + 20_000)
    expect([6, 4]).toContain(here.replicas())
    await here.clock.advance(6 * minute)
    expect(here.replicas()).toBe(4)
  })

  it('is finished by another process when its own dies after the claim or the write', async () => {
    for (const stage of ['patch', 'note'] as const) {
      const here = world(5)
      const one = here.start()
      const two = here.start()
      here.gate.before = request => {
        if (request.method === 'PATCH' && request.path.endsWith('/deployments/web') && stage === 'patch') {
          delete here.gate.before
          one.die()
          return new Promise(() => {})
        }
        return Promise.resolve()
      }
      const step = here.posted(one, { ...sleep, forMs: 20 * minute, delivery: { identity: { key: 'night' } } })
      if (stage === 'note') {
        await step
        one.die()
      }
      await here.clock.advance(16_000)
      const copy = await here.posted(two, { ...sleep, forMs: 20 * minute, delivery: { identity: { key: 'night' } } })
      expect(copy.outcome).toBe(stage === 'patch' ? 'done' : 'skipped')
      expect(here.replicas()).toBe(0)
      await here.clock.advance(21 * minute)
      expect(here.replicas()).toBe(5)
    }
  })

  it('does not hold what is there already by somebody else’s word', async () => {
    const here = world(0)
    const one = here.start()
    expect(await here.posted(one, { ...sleep, forMs: 20 * minute })).toMatchObject({ outcome: 'done', from: 0, to: 0 })
    here.scale(3)
    await here.clock.advance(22 * minute)
    expect(here.replicas()).toBe(3)
  })

  it('ends although an autoscaler sets the count by then', async () => {
    const here = world(5)
    const one = here.start()
    await here.posted(one, { ...wake, forMs: 60 * minute })
    await here.posted(one, { ...three, forMs: 10 * minute })
    one.autoscaled('Deployment/web replicas=3', 'three')
    here.scale(7)
    await here.clock.advance(62 * minute)
    expect(here.replicas()).toBe(7)
  })

  it('counts two hundred at once, and ends once', async () => {
    const here = world(5)
    const one = here.start()
    const two = here.start()
    await here.posted(one, { ...sleep, forMs: 60 * minute })
    const all = Array.from({ length: 200 }, (_, i) =>
      (i % 2 ? one : two).post({ ...sleep, forMs: (5 + (i % 7)) * minute, delivery: { identity: { key: `k${i}` } } }),
    )
    await here.clock.advance(5000)
    expect((await Promise.all(all)).every(step => step.outcome === 'done')).toBe(true)
    await here.clock.advance(20 * minute)
    expect(here.replicas()).toBe(0)
    await here.clock.advance(42 * minute)
    expect(here.replicas()).toBe(5)
  })
})
