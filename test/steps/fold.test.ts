import { describe, expect, it } from 'vitest'
import { moveWithin } from '../../src/steps/arithmetic.ts'
import { fold } from '../../src/steps/fold.ts'
import { fc, property } from '../support/property.ts'

const plan = (action: 'up' | 'down', count: number, max = 10, overshoot: 'clamp' | 'reject' = 'clamp') =>
  moveWithin({ action, by: { count }, min: 0, max, overshoot })

describe('a fold', () => {
  it('gives every post its own from and to', () => {
    expect(fold(2, [plan('up', 1), plan('up', 3), plan('down', 2)])).toEqual({
      to: 4,
      steps: [
        { from: 2, to: 3 },
        { from: 3, to: 6 },
        { from: 6, to: 4 },
      ],
    })
  })

  it('goes on from the same count after a refusal', () => {
    expect(fold(9, [plan('up', 5, 10, 'reject'), plan('up', 1)])).toEqual({
      to: 10,
      steps: [
        { from: 9, refused: 'WouldPassBound' },
        { from: 9, to: 10 },
      ],
    })
  })

  const steps = fc.array(
    fc.record({
      action: fc.constantFrom('up' as const, 'down' as const),
      count: fc.integer({ min: 1, max: 5 }),
      max: fc.integer({ min: 1, max: 20 }),
      overshoot: fc.constantFrom('clamp' as const, 'reject' as const),
    }),
    { maxLength: 30 },
  )
  property('is the same as its parts, one after another', [fc.nat(20), steps, fc.nat(30)], (count, written, cut) => {
    const plans = written.map(step => plan(step.action, step.count, step.max, step.overshoot))
    const whole = fold(count, plans)
    const first = fold(count, plans.slice(0, cut))
    const second = fold(first.to, plans.slice(cut))
    expect(whole.steps).toEqual([...first.steps, ...second.steps])
    expect(whole.to).toBe(second.to)
  })
})
