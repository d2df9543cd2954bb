import { expect, it } from 'vitest'
import { pauseAfter } from '../../src/environment/backoff.ts'

it.each([
  ['is the least where the API server is quick', 2, 50, 50],
  ['grows with what the last write took', 40, 50, 160],
  ['is a second at most, however long the API server was away', 10_000, 50, 1000],
  ['is never less than the least', 10_000, 2000, 2000],
])('the pause between writes that nobody waits for %s', (_what, tookMs, minMs, pauseMs) => {
  expect(pauseAfter(tookMs, minMs)).toBe(pauseMs)
})
