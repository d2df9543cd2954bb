import { describe, expect, it } from 'vitest'
import { alert, world } from './world.ts'

const second = 1000
const minute = 60 * second
const lease = { forMs: 15 * minute }

describe('the counts of an autoscaler', () => {
  const floor = { ...lease, hook: 'floor', count: 'min', by: 3, max: 20 } as const
  const ceiling = { ...lease, hook: 'ceiling', count: 'max', by: 4, max: 20 } as const

  it.each([
    ['maximum', { maxReplicas: 15 }, [2, 15]],
    ['minimum', { minReplicas: 7 }, [7, 6]],
  ] as const)('end apart, and what somebody says of its %s is about that alone', async (_, word, ended) => {
    const here = world()
    const one = here.start()
    here.makeAutoscaler(2, 6)
    for (const letter of [ceiling, floor]) expect(await here.posted(one, letter)).toMatchObject({ outcome: 'done' })
    expect(here.bounds()).toEqual([5, 10])
    here.setBounds(word)
    await here.clock.advance(lease.forMs + 11 * second)
    const [min, max] = ended
    // The maximum is never below the minimum.
    expect(here.bounds()).toEqual([min, Math.max(min, max)])
  })

  it('share no part, though the alerts of one group change both by one hook', async () => {
    const here = world()
    const one = here.start()
    here.makeAutoscaler(2, 6)
    const delivery = alert('Busy')
    await here.posted(one, { ...floor, hook: 'both', delivery })
    await here.clock.advance(minute)
    // Its author has aimed the hook at the maximum. A report moves the end of that part alone.
    await here.posted(one, { ...ceiling, hook: 'both', delivery: alert('Busy', { identity: { key: 'again' } }) })
    await here.clock.advance(lease.forMs - minute + 11 * second)
    expect(here.bounds()).toEqual([2, 10])
    await here.clock.advance(minute)
    expect(here.bounds()).toEqual([2, 6])
  })

  it('come back to the base, also if a lent ceiling ends under a lent floor', async () => {
    const here = world()
    const { clock } = here
    const one = here.start()
    here.makeAutoscaler(2, 6)
    expect(await here.posted(one, { ...lease, hook: 'ceiling', count: 'max', by: 4, max: 20 })).toMatchObject({
      from: 6,
      to: 10,
    })
    const floor = { hook: 'floor', count: 'min', forMs: 30 * minute, by: 7, max: 20 } as const
    expect(await here.posted(one, floor)).toMatchObject({ from: 2, to: 9 })
    await clock.advance(16 * minute)
    // The maximum is not below the minimum: the rest of what was lent waits.
    expect(here.bounds()).toEqual([9, 9])
    expect(here.memory('ceiling')?.parts).toMatchObject([{ delta: 3, held: true }])
    await clock.advance(20 * minute)
    expect(here.bounds()).toEqual([2, 6])
    expect(here.memory('ceiling')?.parts ?? here.memory('floor')?.parts).toBeUndefined()
  })
})
