import { describe, expect, it } from 'vitest'
import { keysByTime } from '../../src/controller/later.ts'
import { fakeClock } from '../support/clock.ts'
import { fc, property } from '../support/property.ts'

describe('keys that become due', () => {
  const step = fc.record({
    key: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g'),
    /** Undefined: it is deleted. */
    inMs: fc.option(fc.nat(500), { nil: undefined }),
    thenWaitMs: fc.nat(40),
  })

  property('each come once, when they were last said to, with one timer for all', [fc.array(step)], async steps => {
    const clock = fakeClock()
    const wanted = new Map<string, number>()
    const came: [string, number][] = []
    const keys = keysByTime(clock, key => {
      came.push([key, clock.monotonic()])
      expect(wanted.get(key)).toBe(clock.monotonic())
      wanted.delete(key)
    })
    for (const { inMs, key, thenWaitMs } of steps) {
      if (inMs === undefined) {
        keys.delete(key)
        wanted.delete(key)
      } else {
        keys.set(key, inMs)
        wanted.set(key, clock.monotonic() + inMs)
      }
      expect(clock.pending).toBeLessThanOrEqual(1)
      await clock.advance(thenWaitMs)
    }
    await clock.advance(1000)
    expect([...wanted]).toEqual([])
    expect(clock.pending).toBe(0)
    expect(came.map(([, at]) => at)).toEqual(came.map(([, at]) => at).sort((a, b) => a - b))
  })

  it('may be put off again and again, which leaves nothing behind', async () => {
    const clock = fakeClock()
    const came: string[] = []
    const keys = keysByTime(clock, key => came.push(key))
    for (let turn = 0; turn < 1000; turn++) keys.set('a', 1000 + turn)
    await clock.advance(1998)
    expect(came).toEqual([])
    await clock.advance(1)
    expect([came, clock.pending]).toEqual([['a'], 0])
  })

  it('are forgotten all at once', async () => {
    const clock = fakeClock()
    const keys = keysByTime(clock, key => expect.fail(key))
    keys.set('a', 10)
    keys.set('b', 20)
    keys.clear()
    expect(clock.pending).toBe(0)
    await clock.advance(100)
  })
})
