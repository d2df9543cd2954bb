import { expect, test } from 'vitest'
import { watchdog } from '../../../src/expressions/worker/watchdog.ts'

test('what nobody ends any more ends by itself', () => {
  const watched = watchdog<number>(30)
  const hang = (): number => {
    for (let count = 0; ; count++) if (count < 0) return count
  }
  expect(() => watched(hang)).toThrow('timed out after 30ms')
  expect(watched(() => 1)).toBe(1)
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
