import { describe, expect, it } from 'vitest'
import { moveWithin, parseAmount, stepSize, type Movement } from '../../src/steps/arithmetic.ts'
import { fc, property } from '../support/property.ts'

const movement = (written: Partial<Movement>): Movement => ({
  action: 'up',
  by: { count: 1 },
  min: 1,
  max: 10,
  overshoot: 'clamp',
  ...written,
})

describe('a step as it is written', () => {
  it.each([
    [1, { count: 1 }],
    [2147483647, { count: 2147483647 }],
    ['1%', { percent: 1 }],
    ['25%', { percent: 25 }],
    ['999%', { percent: 999 }],
  ])('%j is %j', (written, amount) => {
    expect(parseAmount(written)).toEqual(amount)
  })

  it.each([0, -1, 1.5, NaN, 2147483648, '', '1', '0%', '00%', '025%', '1000%', '-5%', '5 %', '5%%', null, {}, true])(
    '%j is none',
    written => {
      expect(parseAmount(written)).toBeUndefined()
    },
  )
})

describe('a share of the count', () => {
  it.each([
    [25, 4, 1],
    [25, 5, 2],
    [10, 1, 1],
    [10, 0, 1],
    [100, 7, 7],
    [150, 3, 5],
    [33, 100, 33],
    [1, 2147483647, 21474837],
  ])('%i%% of %i is a step of %i', (percent, count, size) => {
    expect(stepSize({ percent }, count)).toBe(size)
  })
})

describe('a movement within bounds', () => {
  it.each<[string, Partial<Movement>, number, number | string]>([
    ['goes one up', {}, 3, 4],
    ['ends at max', { by: { count: 5 } }, 8, 10],
    ['stays at max', {}, 10, 10],
    ['stays above max: an up never lowers', {}, 12, 12],
    ['goes one up from 0', { min: 0 }, 0, 1],
    ['goes one up from below min: the far bound never lengthens a step', { min: 5 }, 2, 3],
    ['goes up by a share, rounded up', { by: { percent: 25 } }, 5, 7],
    ['goes up by at least 1', { by: { percent: 1 } }, 1, 2],
    ['refuses to pass max', { by: { count: 5 }, overshoot: 'reject' }, 8, 'WouldPassBound'],
    ['steps exactly onto max although it rejects', { by: { count: 2 }, overshoot: 'reject' }, 8, 10],
    ['stays at max although it rejects', { overshoot: 'reject' }, 10, 10],
    ['goes one down', { action: 'down' }, 3, 2],
    ['ends at min', { action: 'down', by: { count: 5 } }, 3, 1],
    ['stays at min', { action: 'down' }, 1, 1],
    ['stays under min: a down never raises', { action: 'down', min: 5 }, 2, 2],
    ['goes down to 0', { action: 'down', min: 0 }, 1, 0],
    ['goes one down from above max', { action: 'down' }, 15, 14],
    ['refuses to pass min', { action: 'down', by: { count: 5 }, overshoot: 'reject' }, 3, 'WouldPassBound'],
    ['goes down by a share, rounded up', { action: 'down', by: { percent: 50 } }, 5, 2],
  ])('%s', (_name, written, count, result) => {
    const planned = moveWithin(movement(written))(count)
    expect(typeof planned === 'number' ? planned : planned.refused).toBe(result)
  })

  const amounts = fc.oneof(
    fc.integer({ min: 1, max: 2147483647 }).map(count => ({ count })),
    fc.integer({ min: 1, max: 999 }).map(percent => ({ percent })),
  )
  const movements = fc
    .record({
      action: fc.constantFrom('up' as const, 'down' as const),
      by: amounts,
      min: fc.nat(1000),
      span: fc.nat(1000),
      overshoot: fc.constantFrom('clamp' as const, 'reject' as const),
    })
    .map(({ span, ...rest }): Movement => ({ ...rest, max: Math.max(1, rest.min + span) }))

  property(
    'moves in its own direction only, and never past its own bound',
    [movements, fc.nat(3000)],
    (move, count) => {
      const planned = moveWithin(move)(count)
      if (typeof planned !== 'number') return
      const past = move.action === 'up' ? planned - count : count - planned
      expect(past).toBeGreaterThanOrEqual(0)
      if (planned === count) return
      expect(move.action === 'up' ? planned <= move.max : planned >= move.min).toBe(true)
    },
  )

  property('is at most one step long', [movements, fc.nat(3000)], (move, count) => {
    const planned = moveWithin(move)(count)
    if (typeof planned === 'number') expect(Math.abs(planned - count)).toBeLessThanOrEqual(stepSize(move.by, count))
  })

  property('moves whenever it is not at its bound, unless it rejects', [movements, fc.nat(3000)], (move, count) => {
    const atBound = move.action === 'up' ? count >= move.max : count <= move.min
    expect(moveWithin({ ...move, overshoot: 'clamp' })(count) === count).toBe(atBound)
  })

  property('rejects exactly what clamping would shorten', [movements, fc.nat(3000)], (move, count) => {
    const clamped = moveWithin({ ...move, overshoot: 'clamp' })(count)
    const strict = moveWithin({ ...move, overshoot: 'reject' })(count)
    if (typeof clamped !== 'number') throw new Error('clamping refuses nothing')
    const whole = clamped === count || Math.abs(clamped - count) === stepSize(move.by, count)
    expect(typeof strict === 'number').toBe(whole)
    if (typeof strict === 'number') expect(strict).toBe(clamped)
  })
})
