import { jittered } from '../environment/chance.ts'
import type { Random } from '../environment/environment.ts'

/** How long to wait before each further attempt. */
export interface Backoff {
  /** The next wait, in milliseconds. */
  next(): number
  /** All is well again: the next wait is the first one. */
  reset(): void
}

/** The first retry is quick, since most cuts are over at once. */
const quickMs = 50
const leastMs = 500
/** Short enough that a new hook is not long unseen after an outage: each process has no more than four watches. */
const mostMs = 10_000

/** Waits that double from 500 ms up to 10 s, after one quick retry. Each is lengthened by up to its half, by chance. */
export const exponentialBackoff = (random: Random): Backoff => {
  let failures = 0
  return {
    next: () => {
      const ms = failures === 0 ? quickMs : Math.min(mostMs / 1.5, leastMs * 2 ** (failures - 1))
      failures++
      return jittered(random, ms, 0.5)
    },
    reset: () => void (failures = 0),
  }
}
