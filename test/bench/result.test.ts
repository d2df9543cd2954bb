import { describe, expect, it } from 'vitest'
import { agreementOf } from '../../bench/agreement.ts'
import { compared, grown } from '../../bench/result.ts'
import type { Comparison, Figure, Growth, Reach } from '../../bench/row.ts'
import { plotsOf } from '../../bench/plot.ts'
import { tablesOf } from '../../bench/table.ts'

const never = () => Promise.reject(new Error('nothing is run here'))

const comparison = (...figures: readonly Figure[]): Comparison => ({
  kind: 'comparison',
  name: 'some-row',
  title: 'something',
  baseline: 'the least that it takes',
  figures,
  prepare: never,
})

const growth = (...figures: readonly Figure[]): Growth => ({
  kind: 'growth',
  name: 'some-growth',
  title: 'what more of them cost',
  axis: 'hooks',
  figures,
  sizes: () => [1, 10],
  prepare: never,
})

const time = (reach?: Reach): Figure => ({ key: 'time', title: 'time', unit: 'ms', ...(reach && { reach }) })
const times = (...all: readonly number[]) => all.map(figure => ({ time: figure }))

describe('a comparison', () => {
  it.each<{ reach: Reach; baseline: number[]; product: number[]; met: boolean }>([
    { reach: { of: 'ratio', atMost: 1.25 }, baseline: [4, 4, 4], product: [5, 5, 5], met: true },
    { reach: { of: 'ratio', atMost: 1.25 }, baseline: [4, 4, 4], product: [5, 6, 6], met: false },
    // One bad round of three does not decide.
    { reach: { of: 'ratio', atMost: 1.25 }, baseline: [4, 4, 4], product: [5, 5, 50], met: true },
    { reach: { of: 'ratio', atLeast: 0.9 }, baseline: [100], product: [90], met: true },
    { reach: { of: 'ratio', atLeast: 0.9 }, baseline: [100], product: [89], met: false },
    { reach: { of: 'speed-up', atLeast: 50 }, baseline: [100], product: [2], met: true },
    { reach: { of: 'speed-up', atLeast: 50 }, baseline: [100], product: [3], met: false },
    { reach: { of: 'product', atMost: 160 }, baseline: [], product: [150, 160], met: true },
    // A bound of its own holds in every round.
    { reach: { of: 'product', atMost: 0 }, baseline: [0, 0, 0], product: [0, 0, 1], met: false },
  ])('of $product with $baseline has met $reach: $met', ({ baseline, met, product, reach }) => {
    const [figure] = compared(comparison(time(reach)), {
      baselines: times(...baseline),
      products: times(...product),
    }).figures
    expect(figure?.met).toBe(met)
  })

  it('is judged by the rounds, and not by the medians of each side', () => {
    const [figure] = compared(comparison(time()), { baselines: times(1, 10, 100), products: times(2, 20, 200) }).figures
    expect(figure?.ratio).toMatchObject({ median: 2, least: 2, most: 2 })
  })

  it('fails where the program reports no such figure', () => {
    const rounds = { baselines: times(1), products: [{ duration: 9 }] }
    expect(() => compared(comparison(time()), rounds)).toThrow('no figure time')
  })

  it('says nothing of a figure of which nothing is asked', () => {
    const [figure] = compared(comparison(time()), { baselines: times(1), products: times(9) }).figures
    expect(figure?.met).toBeUndefined()
  })
})

describe('a growth', () => {
  it.each([
    { of: [1, 10], met: true },
    { of: [1, 2], met: true },
    { of: [1, 20], met: false },
  ])('from $of at ten times the size is linear or better: $met', ({ met, of }) => {
    const measured = of.map((figure, index) => [10 ** index, { time: figure }] as const)
    const [figure] = grown(growth(time()), measured).figures
    expect(figure?.met).toBe(met)
  })

  it('is not judged by figures of nothing', () => {
    const [figure] = grown(growth(time()), [[1, { time: 0 }] as const, [10, { time: 0 }] as const]).figures
    expect(figure?.exponent).toBeUndefined()
    expect(figure?.met).toBeUndefined()
  })
})

describe('what is shown', () => {
  const reached = compared(comparison(time({ of: 'ratio', atMost: 1.25 })), {
    baselines: times(4, 4),
    products: times(4, 5),
  })
  const missed = compared(comparison(time({ of: 'ratio', atMost: 1.25 })), { baselines: times(4), products: times(8) })
  const linear = grown(growth(time()), [[1, { time: 1 }] as const, [10, { time: 10 }] as const])

  it('says of each figure what it is, its ratio with its spread, its reach, and whether it is met', () => {
    expect(tablesOf({ rows: [reached] })).toContain(
      '| something | the least that it takes | 4 ms | time | 4.50 ms (4 to 5) | 1.13 x (1 to 1.25) |  | at most 1.25 x | met |',
    )
    expect(tablesOf({ rows: [missed] })).toContain('| **not met** |')
  })

  it('says how near to the baseline anything in between can come, where that is measured', () => {
    const rounds = { baselines: times(4, 4), floors: times(5, 6), products: times(6, 6) }
    const floored = compared({ ...comparison(time({ of: 'ratio', atMost: 1.25 })), floor: 'a bare handler' }, rounds)
    expect(tablesOf({ rows: [floored] })).toContain(
      '| 1.50 x (1.50 to 1.50) | 1.38 x (1.25 to 1.50) | at most 1.25 x |',
    )
  })

  it('says of a growth each size, the power and whether that is linear', () => {
    expect(tablesOf({ rows: [linear] })).toContain('| time | 1 ms | 10 ms | 1.00 | linear or better |')
  })

  it('names a row that could not be run', () => {
    expect(tablesOf({ rows: [{ kind: 'failed', name: 'some-row', title: '', why: 'it broke\nhere' }] })).toBe(
      'some-row could not be run: it broke',
    )
  })

  it('says which figures of two runs agree within their spreads', () => {
    const alike = compared(comparison(time({ of: 'ratio', atMost: 1.25 })), {
      baselines: times(4, 4),
      products: times(4.2, 5.2),
    })
    expect(agreementOf({ rows: [alike] }, { rows: [reached] })).toEqual([
      'agree     some-row, time: 1.18 (1.05 to 1.30), before 1.13 (1 to 1.25)',
    ])
    expect(agreementOf({ rows: [missed] }, { rows: [reached] })).toEqual([
      'DISAGREE  some-row, time: 2 (2 to 2), before 1.13 (1 to 1.25)',
    ])
    expect(agreementOf({ rows: [linear] }, { rows: [reached] })).toEqual([])
  })

  it('is a plot of how far all come, and one of each growth, well-formed and with every label', () => {
    const plots = plotsOf({ rows: [reached, { ...missed, title: 'a < b' }, linear] })
    expect(plots.map(({ file }) => file)).toEqual(['reach.svg', 'some-growth.svg'])
    const [reach, growing] = plots
    expect(reach?.svg).toContain('something: time')
    expect(reach?.svg).toContain('a &lt; b: time')
    expect(growing?.svg).toContain('<polyline')
    for (const { svg } of plots) expect(svg).not.toContain('NaN')
  })
})
