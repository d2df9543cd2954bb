import type { Random } from './environment.ts'

/** A number from 0 up to, but not including, 1. */
export const fraction = (random: Random): number => random.bytes(4).reduce((number, byte) => (number + byte) / 256, 0)

/** `ms` lengthened by a random part of itself, up to `factor` times it: what keeps many from acting at one moment. */
export const jittered = (random: Random, ms: number, factor: number): number => ms * (1 + factor * fraction(random))
