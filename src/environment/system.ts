/** This file implements clock and randomness. It does not load the HTTP client of node.ts. */
import { randomBytes } from 'node:crypto'
import type { Clock, Random } from './environment.ts'

/** The longest delay of setTimeout, in milliseconds. setTimeout would run a longer one at once. */
const maxTimeoutMs = 2 ** 31 - 1

export const nodeClock: Clock = {
  now: Date.now,
  monotonic: () => performance.now(),
  after: (ms, run) => {
    if (ms > maxTimeoutMs) {
      let cancel = nodeClock.after(maxTimeoutMs, () => {
        cancel = nodeClock.after(ms - maxTimeoutMs, run)
      })
      return () => cancel()
    }
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
}

export const nodeRandom: Random = { bytes: n => randomBytes(n) }
