import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rateLimiter } from '../../src/environment/rate.ts'
import { fakeClock } from '../support/clock.ts'

const rate = { perSecond: 10, burst: 5 }

describe('a rate limiter', () => {
  it('lets a burst pass, and then what its rate allows', async () => {
    const clock = fakeClock()
    const limiter = rateLimiter(clock, 10)
    const taken = (): number => Array.from({ length: 20 }, () => limiter.take('a', rate)).filter(Boolean).length
    expect(taken()).toBe(5)
    expect(limiter.waitMs('a', rate)).toBeGreaterThan(0)
    await clock.advance(100)
    expect(limiter.waitMs('a', rate)).toBe(0)
    expect(taken()).toBe(1)
    await clock.advance(60_000)
    expect(taken()).toBe(5)
  })

  it('lets a bucket be overdrawn, which then stays empty until that has come in', async () => {
    const clock = fakeClock()
    const limiter = rateLimiter(clock, 10)
    limiter.charge('a', rate, 4)
    expect(limiter.waitMs('a', rate)).toBe(0)
    limiter.charge('a', rate, 6)
    expect(limiter.waitMs('a', rate)).toBeGreaterThan(0)
    expect(limiter.take('a', rate)).toBe(false)
    await clock.advance(599)
    expect(limiter.waitMs('a', rate)).toBeGreaterThan(0)
    await clock.advance(1)
    expect(limiter.take('a', rate)).toBe(true)
    expect(limiter.waitMs('b', rate)).toBe(0)
  })

  it('lets a bucket be overdrawn by as much as it holds, and says when there is something in it', async () => {
    const clock = fakeClock()
    const limiter = rateLimiter(clock, 10)
    expect(limiter.waitMs('a', rate)).toBe(0)
    limiter.charge('a', rate, 4)
    expect(limiter.waitMs('a', rate)).toBe(0)
    limiter.charge('a', rate, 1000)
    expect(limiter.waitMs('a', rate)).toBe(600)
    await clock.advance(100)
    expect(limiter.waitMs('a', rate)).toBe(500)
    limiter.charge('a', rate, 1000)
    expect(limiter.waitMs('a', rate)).toBe(600)
  })

  it.each([
    ['faster', { perSecond: 1, burst: 1000 }, { perSecond: 10, burst: 1000 }, 100],
    ['faster and smaller', { perSecond: 1, burst: 100_000 }, { perSecond: 100, burst: 1000 }, 10],
    ['slower', { perSecond: 10, burst: 5 }, { perSecond: 1, burst: 5 }, 1000],
    ['larger', { perSecond: 1, burst: 2 }, { perSecond: 1, burst: 5 }, 0],
  ])(
    'has a token after one interval at most where its rate becomes %s while it is empty',
    async (_how, before, after, ms) => {
      const clock = fakeClock()
      const limiter = rateLimiter(clock, 10)
      for (let taken = 0; taken < before.burst; taken++) limiter.take('a', before)
      expect(limiter.waitMs('a', before)).toBeGreaterThan(0)
      expect(limiter.waitMs('a', after)).toBeCloseTo(ms)
      await clock.advance(ms)
      expect(limiter.take('a', after)).toBe(true)
    },
  )

  it('keeps a bucket for each key, and forgets the oldest beyond its bound', () => {
    const limiter = rateLimiter(fakeClock(), 2)
    const once = { perSecond: 1, burst: 1 }
    expect(['a', 'b', 'a', 'b'].map(key => limiter.take(key, once))).toEqual([true, true, false, false])
    expect(limiter.take('c', once)).toBe(true)
    expect(limiter.take('b', once)).toBe(false)
    expect(limiter.take('a', once)).toBe(true)
  })

  it('never lets more pass than burst and rate allow, whenever it is asked', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 60 }),
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 1, max: 20 }),
        async (pauses, perSecond, burst) => {
          const clock = fakeClock()
          const limiter = rateLimiter(clock, 1)
          let taken = 0
          for (const pause of pauses) {
            await clock.advance(pause)
            if (limiter.take('a', { perSecond, burst })) taken += 1
            expect(taken).toBeLessThanOrEqual(burst + (clock.monotonic() / 1000) * perSecond + 1e-6)
          }
        },
      ),
      { numRuns: 30 },
    )
  })
})
