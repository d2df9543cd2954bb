import type { Rng } from './seed.ts'

/** What goes wrong in a history, and how often. Probabilities, each of one occasion; times in milliseconds. */
export interface Faults {
  /** Of a request: it is slow on its way, or its answer is. */
  readonly slow: number
  /** Of a slow one: how much at most. Longer than a request may take, so that some arrive when nobody waits any more. */
  readonly slowMs: number
  /** Of a write of a count: a webhook takes its time over it. So others can be faster with the very same write. */
  readonly pondered: number
  /** Of a request: no connection can be made, so that it surely never arrives. */
  readonly refused: number
  /** Of a request: it is lost on its way. Of an answer: what was asked is done, and the answer is lost. */
  readonly lost: number
  /** Of a request: 401, 429 or 500 before anything is done. */
  readonly declined: number
  /** Of a write: 500 or 504 after it was stored. */
  readonly failedAfterwards: number
  /** Returns whether the process dies at a moment at which a crash makes a difference. */
  readonly crash: number
  /** Of a watch, when it opens: it will be cut. And: it will fall silent. */
  readonly cut: number
  readonly stall: number
  /** Of a post on its way to a trigger, and of an answer on its way back. */
  readonly postLost: number
  /** How many times in a history each of these happens. */
  readonly restarts: number
  readonly compactions: number
  readonly jumps: number
  readonly freezes: number
  readonly replacements: number
  readonly policies: number
  /** An API server is cut off from the storage, stands still or is behind. */
  readonly sicknesses: number
}

export const noFaults: Faults = {
  slow: 0,
  slowMs: 0,
  pondered: 0,
  refused: 0,
  lost: 0,
  declined: 0,
  failedAfterwards: 0,
  crash: 0,
  cut: 0,
  stall: 0,
  postLost: 0,
  restarts: 0,
  compactions: 0,
  jumps: 0,
  freezes: 0,
  replacements: 0,
  policies: 0,
  sicknesses: 0,
}

/** Each kind of fault is absent from some histories: a mistake often shows only where little else goes wrong. */
export const faultsOf = (rng: Rng): Faults => {
  const rate = (most: number, often = 0.6): number => (rng.chance(often) ? rng.fraction() * most : 0)
  const times = (most: number, often = 0.5): number => (rng.chance(often) ? rng.int(1, most) : 0)
  return {
    slow: rate(0.15),
    slowMs: rng.pick([50, 500, 3000, 8000]),
    pondered: rate(0.8, 0.4),
    refused: rate(0.05),
    lost: rate(0.08),
    declined: rate(0.05),
    failedAfterwards: rate(0.05),
    crash: rate(rng.pick([0.005, 0.01, 0.03])),
    cut: rate(0.5),
    stall: rate(0.1, 0.3),
    postLost: rate(0.1),
    restarts: times(3),
    compactions: times(3, 0.4),
    jumps: times(4, 0.4),
    freezes: times(2, 0.3),
    replacements: times(3, 0.4),
    policies: times(4, 0.3),
    sicknesses: times(3, 0.4),
  }
}
