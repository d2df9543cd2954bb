import type { Random } from './environment.ts'

/** Returns a random number from 0 up to, but not including, 1. */
export const fraction = (random: Random): number => random.bytes(4).reduce((number, byte) => (number + byte) / 256, 0)

/**
 * Returns `ms` plus a random part of up to `factor` times `ms`. So processes that wait for the same
 * event do not all act at the same moment.
 */
export const jittered = (random: Random, ms: number, factor: number): number => ms * (1 + factor * fraction(random))
