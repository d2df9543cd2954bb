import type { Random } from '../../src/environment/environment.ts'

/** Returns bytes that only look random (mulberry32): the same seed gives the same ones. */
export const seededRandom = (seed: number): Random => {
  let state = seed | 0
  const byte = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) & 0xff
  }
  return { bytes: n => Uint8Array.from({ length: n }, byte) }
}
