import { expect, test } from 'vitest'
import { watchdog } from '../../../src/expressions/worker/watchdog.ts'

test('what nobody ends any more ends by itself', () => {
  const watched = watchdog<number>(30)
  const hang = (): number => {
    for (let count = 0; ; count++) if (count < 0) return count
  }
  const timedOut = 'timed out after 30ms'
  expect(() => watched(hang)).toThrow(timedOut)
  // A busy machine can take longer than that for anything at all.
  const surely = (run: () => number): number => {
    for (;;) {
      try {
        return watched(run)
      } catch (error) {
        if (!String(error).includes(timedOut)) throw error
      }
    }
  }
  expect(surely(() => 1)).toBe(1)
})

test('what ends in time gives its result', () => {
  const watched = watchdog<{ readonly counts: boolean }>(10_000)
  expect(watched(() => ({ counts: true }))).toEqual({ counts: true })
  expect(() =>
    watched(() => {
      throw new Error('its own')
    }),
  ).toThrow('its own')
})
