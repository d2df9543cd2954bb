import { describe, expect, it } from 'vitest'
import { budgetOf, intakeOf } from '../../src/trigger/intake.ts'
import { largeRate, maxKept } from '../../src/trigger/limits.ts'
import { fakeClock } from '../support/clock.ts'
import { someHook } from './some-hook.ts'

const hook = { namespace: 'shop', uid: 'hook' }
const unspent = { isSpent: () => false }
const slow = { ...someHook, rateLimit: { perSecond: 2, burst: 3 } }
const other = { ...slow, name: 'other', uid: 'uid-2' }
const elsewhere = { ...someHook, namespace: 'elsewhere', uid: 'uid-3' }

describe('what is taken of posts', () => {
  it('is what the rateLimit of their hook allows, for each hook', async () => {
    const clock = fakeClock()
    const intake = intakeOf(clock, 100, unspent)
    const taken = (hook = slow): number =>
      Array.from({ length: 10 }, () => intake.enter(hook)).filter(entered => entered !== 'RateLimited').length
    expect(taken()).toBe(3)
    expect(intake.whyRefused(slow)).toBe('RateLimited')
    expect(intake.whyRefused(other)).toBeUndefined()
    await clock.advance(1000)
    expect(taken()).toBe(2)
    expect(taken(other)).toBe(3)
  })

  it('is nothing of a hook whose posts have made the API server store too much', () => {
    const intake = intakeOf(fakeClock(), 100, { isSpent: ({ uid }) => uid === someHook.uid })
    expect([intake.whyRefused(someHook), intake.enter(someHook)]).toEqual(['WritesLimited', 'WritesLimited'])
    expect(intake.whyRefused(elsewhere)).toBeUndefined()
  })

  it('is a share for each namespace, for as long as they wait', () => {
    const intake = intakeOf(fakeClock(), 2, unspent)
    const [first, second, third] = [intake.enter(someHook), intake.enter(someHook), intake.enter(someHook)]
    expect(third).toBe('Overloaded')
    expect(intake.whyRefused(elsewhere)).toBeUndefined()
    if (typeof first === 'function') first()
    expect(intake.whyRefused(someHook)).toBeUndefined()
    if (typeof second === 'function') second()
    expect(typeof intake.enter(someHook)).toBe('function')
  })

  it('is so much of large bodies of each hook, in bytes', async () => {
    const clock = fakeClock()
    const intake = intakeOf(clock, 100, unspent)
    const { burst, perSecond } = largeRate
    const taken = (hook = slow): number =>
      Array.from({ length: 20 }, () => intake.takeLarge(hook, perSecond)).filter(Boolean).length
    expect(taken()).toBe(burst / perSecond)
    expect(taken(other)).toBe(burst / perSecond)
    await clock.advance(2000)
    expect(taken()).toBe(2)
  })
})

it('the owner of a hook is notified once a minute that its budget is used up, each for itself', async () => {
  const clock = fakeClock()
  const budget = budgetOf(clock)
  const notified = (): readonly boolean[] =>
    ['one', 'one', 'other'].map(uid => budget.takeNotice({ namespace: 'shop', uid }))
  expect(notified()).toEqual([true, false, true])
  await clock.advance(59_000)
  expect(notified()).toEqual([false, false, false])
  await clock.advance(2000)
  expect(notified()).toEqual([true, false, true])
})

describe('what a hook makes that is kept for a while', () => {
  const dayMs = 24 * 3_600_000

  it('is so much at once, and four times as much in that time', async () => {
    const clock = fakeClock()
    const budget = budgetOf(clock)
    let made = 0
    const make = (): void => {
      while (budget.countKept(hook, dayMs)) made += 1
    }
    make()
    expect(made).toBe(maxKept)
    expect(budget.countKept({ ...hook, uid: 'other' }, dayMs)).toBe(true)
    expect(budget.isSpent(hook)).toBe(false)
    for (let second = 0; second < 3600; second++) {
      await clock.advance(1000)
      make()
    }
    expect(made).toBe(maxKept + 166)
  })

  it('is no more at once where its time is changed', async () => {
    const clock = fakeClock()
    const budget = budgetOf(clock)
    for (let made = 0; made < maxKept; made++) budget.countKept(hook, dayMs)
    expect(budget.countKept(hook, dayMs - 1000)).toBe(false)
    expect(budget.countKept(hook, 600_000)).toBe(false)
    await clock.advance(1000)
    expect(budget.countKept(hook, 600_000)).toBe(true)
  })
})
