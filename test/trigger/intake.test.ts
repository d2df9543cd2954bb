import { describe, expect, it } from 'vitest'
import { intakeOf } from '../../src/trigger/intake.ts'
import { refusedRate } from '../../src/trigger/limits.ts'
import { fakeClock } from '../support/clock.ts'
import { someHook } from './some-hook.ts'

const unspent = { isSpent: () => false }
const slow = { ...someHook, rateLimit: { perSecond: 2, burst: 3 } }
const other = { ...slow, name: 'other', uid: 'uid-2' }
const elsewhere = { ...someHook, namespace: 'elsewhere', uid: 'uid-3' }
const bearer = { form: 'bearer', secret: 'senders', key: 'token' } as const

describe('what is taken of posts', () => {
  it('is what the rateLimit of their hook allows, for each hook', async () => {
    const clock = fakeClock()
    const intake = intakeOf(clock, 100, unspent)
    const taken = (hook = slow): number =>
      Array.from({ length: 10 }, () => intake.enter(hook)).filter(entered => entered !== 'RateLimited').length
    expect(taken()).toBe(3)
    expect(intake.full(slow)).toBe('RateLimited')
    expect(intake.full(other)).toBeUndefined()
    await clock.advance(1000)
    expect(taken()).toBe(2)
    expect(taken(other)).toBe(3)
  })

  it('is nothing of a hook whose posts have made the API server store too much', () => {
    const intake = intakeOf(fakeClock(), 100, { isSpent: uid => uid === someHook.uid })
    expect([intake.full(someHook), intake.enter(someHook)]).toEqual(['WritesLimited', 'WritesLimited'])
    expect(intake.full(elsewhere)).toBeUndefined()
  })

  it('is a share for each namespace, for as long as they wait', () => {
    const intake = intakeOf(fakeClock(), 2, unspent)
    const [first, second, third] = [intake.enter(someHook), intake.enter(someHook), intake.enter(someHook)]
    expect(third).toBe('Overloaded')
    expect(intake.full(elsewhere)).toBeUndefined()
    if (typeof first === 'function') first()
    expect(intake.full(someHook)).toBeUndefined()
    if (typeof second === 'function') second()
    expect(typeof intake.enter(someHook)).toBe('function')
  })

  it('is nothing of unknown tokens of a source that was refused again and again, for a while', async () => {
    const clock = fakeClock()
    const intake = intakeOf(clock, 100, unspent)
    for (let post = 0; post < refusedRate.burst; post++) {
      expect(intake.distrusts('192.0.2.1')).toBe(false)
      intake.refused('192.0.2.1')
    }
    expect(intake.distrusts('192.0.2.1')).toBe(true)
    expect(intake.distrusts('192.0.2.2')).toBe(false)
    // A proxy may be the source of everything.
    expect(intake.distrusts('192.0.2.1', someHook)).toBe(false)
    await clock.advance(1000)
    expect(intake.distrusts('192.0.2.1')).toBe(false)
  })

  it('is nothing for a hook with auth of a source that proved nothing to it again and again', () => {
    const intake = intakeOf(fakeClock(), 100, unspent)
    const guarded = { ...someHook, auth: bearer }
    for (let post = 0; post < refusedRate.burst; post++) intake.refused('192.0.2.1', guarded)
    expect(intake.distrusts('192.0.2.1', guarded)).toBe(true)
    expect(intake.distrusts('192.0.2.1', { ...guarded, uid: 'uid-2' })).toBe(false)
    expect(intake.distrusts('192.0.2.1')).toBe(false)
  })
})
