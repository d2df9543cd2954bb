import { describe, expect, it } from 'vitest'
import { agree, exponentOf, median, quantile, ratiosOf, spreadOf } from '../../bench/stats.ts'
import { fc, property } from '../support/property.ts'

const figures = fc.array(fc.integer({ min: -1_000_000, max: 1_000_000 }), { minLength: 1, maxLength: 50 })

describe('a quantile', () => {
  it.each([
    { of: [7], share: 0.5, is: 7 },
    { of: [3, 1, 2], share: 0.5, is: 2 },
    { of: [4, 1, 3, 2], share: 0.5, is: 2.5 },
    { of: [1, 2, 3, 4, 5], share: 0, is: 1 },
    { of: [1, 2, 3, 4, 5], share: 1, is: 5 },
    { of: Array.from({ length: 101 }, (_, index) => index), share: 0.99, is: 99 },
    { of: [0, 10], share: 0.25, is: 2.5 },
  ])('of $of at $share is $is', ({ is, of, share }) => {
    expect(quantile(of, share)).toBeCloseTo(is)
  })

  it('of nothing is no number', () => {
    expect(median([])).toBeNaN()
  })

  it('leaves the figures in their order', () => {
    const given = [3, 1, 2]
    median(given)
    expect(given).toEqual([3, 1, 2])
  })

  property(
    'lies between the least and the most, and rises with the share',
    [figures, fc.double({ min: 0, max: 1, noNaN: true })],
    (of, share) => {
      const { least, most } = spreadOf(of)
      expect(quantile(of, share)).toBeGreaterThanOrEqual(least)
      expect(quantile(of, share)).toBeLessThanOrEqual(most)
      expect(quantile(of, share / 2)).toBeLessThanOrEqual(quantile(of, share))
    },
  )
})

describe('ratios', () => {
  it('are taken round by round, so that what disturbs a round disturbs no ratio', () => {
    expect(ratiosOf([2, 20, 2], [1, 10, 1])).toEqual([2, 2, 2])
  })

  it('leave out a round that has no other side, or one of nothing', () => {
    expect(ratiosOf([2, 3, 4], [1, 0])).toEqual([2])
  })
})

describe('two spreads', () => {
  it('agree when each median lies within the other', () => {
    expect(agree(spreadOf([1, 2, 3]), spreadOf([2, 3, 4]))).toBe(true)
  })

  it.each([
    { one: [1, 2, 3], other: [10, 11, 12] },
    // The median of the first lies within the second; not the other way round.
    { one: [10, 10, 10], other: [1, 2, 10] },
  ])('of $one and $other do not agree', ({ one, other }) => {
    expect(agree(spreadOf(one), spreadOf(other))).toBe(false)
    expect(agree(spreadOf(other), spreadOf(one))).toBe(false)
  })
})

describe('the exponent of a growth', () => {
  property(
    'is found again',
    [fc.double({ min: -1, max: 3, noNaN: true }), fc.double({ min: 0.1, max: 1000, noNaN: true })],
    (exponent, factor) => {
      const points = [1, 10, 100, 1000].map(size => [size, factor * size ** exponent] as const)
      expect(exponentOf(points)).toBeCloseTo(exponent)
    },
  )

  it('of what costs a fixed sum at first and then as much for each is below 1', () => {
    const points = [1, 10, 100, 1000].map(size => [size, 5 + size] as const)
    expect(exponentOf(points)).toBeLessThan(1)
  })

  it('of a single size is no number', () => {
    expect(exponentOf([[10, 1]])).toBeNaN()
  })
})
