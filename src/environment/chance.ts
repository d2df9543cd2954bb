import type { Random } from './environment.ts'

/** Returns a random number from 0 up to, but not including, 1. */
export const fraction = (random: Random): number => random.bytes(4).reduce((number, byte) => (number + byte) / 256, 0)

/**
 * Returns `ms`, lengthened by a random amount up to `factor` times itself. So many waiters do not
 * act at one moment.
 */
export const jittered = (random: Random, ms: number, factor: number): number => ms * (1 + factor * fraction(random))
