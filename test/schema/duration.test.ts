import { describe, expect, it } from 'vitest'
import { milliseconds } from '../../src/api/duration.ts'

describe('a duration', () => {
  it.each([
    ['0s', 0],
    ['500ms', 500],
    ['40s', 40_000],
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['1m1m', 120_000],
    ['2h0m5s10ms', 7_205_010],
  ])('%s is %i ms', (written, ms) => {
    expect(milliseconds(written)).toBe(ms)
  })

  it.each(['', '5', 'm', '-5m', '1.5h', '5 m', '5d', '5M', 'ms5'])('"%s" is none', written => {
    expect(milliseconds(written)).toBeUndefined()
  })
})
