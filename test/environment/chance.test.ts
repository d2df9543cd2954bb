import { expect, test } from 'vitest'
import { fraction, jittered } from '../../src/environment/chance.ts'
import { fc, property } from '../support/property.ts'
import { seededRandom } from '../support/random.ts'

test('a fraction is at least 0 and less than 1', () => {
  expect(fraction({ bytes: n => new Uint8Array(n) })).toBe(0)
  expect(fraction({ bytes: n => new Uint8Array(n).fill(255) })).toBeLessThan(1)
  expect(fraction({ bytes: n => new Uint8Array(n).fill(255) })).toBeGreaterThan(0.999)
})

test('fractions are spread evenly', () => {
  const random = seededRandom(7)
  const tenths = Array.from({ length: 10 }, () => 0)
  for (let n = 0; n < 10_000; n++) {
    const tenth = Math.floor(fraction(random) * 10)
    tenths[tenth] = (tenths[tenth] ?? 0) + 1
  }
  for (const count of tenths) expect(count).toBeGreaterThan(850)
})

property(
  'a jittered time is never shorter, and at most longer by its factor',
  [fc.integer(), fc.integer({ min: 0, max: 1e9 }), fc.double({ min: 0, max: 5, noNaN: true })],
  (seed, ms, factor) => {
    const time = jittered(seededRandom(seed), ms, factor)
    expect(time).toBeGreaterThanOrEqual(ms)
    expect(time).toBeLessThanOrEqual(ms * (1 + factor))
  },
)

test('two processes wait differently', () => {
  expect(jittered(seededRandom(1), 1_000, 1.2)).not.toBe(jittered(seededRandom(2), 1_000, 1.2))
})
