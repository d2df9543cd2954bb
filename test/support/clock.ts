import type { Clock } from '../../src/environment/environment.ts'

export interface FakeClock extends Clock {
  /** Lets `ms` milliseconds pass: runs every timer that falls due, in order, each one's consequences before the next. */
  advance(ms: number): Promise<void>
  /** Moves the wall clock alone, as a correction by NTP does. */
  jump(ms: number): void
  /** How many timers are waiting: what leaks one, shows it here. */
  readonly pending: number
}

interface Timer {
  readonly at: number
  readonly run: () => void
}

/** Returns a clock whose time passes only when a test says so. `startMs` is the wall clock's first reading. */
export const fakeClock = (startMs = Date.UTC(2026, 0, 1)): FakeClock => {
  const timers = new Set<Timer>()
  let elapsed = 0
  let offset = startMs

  const next = (until: number): Timer | undefined => {
    let first: Timer | undefined
    // A set keeps the order of insertion, so of two timers for one moment the older one runs first.
    for (const timer of timers) if (timer.at <= until && (first === undefined || timer.at < first.at)) first = timer
    return first
  }

  return {
    now: () => offset + elapsed,
    monotonic: () => elapsed,
    after: (ms, run) => {
      const timer = { at: elapsed + Math.max(0, ms), run }
      timers.add(timer)
      return () => void timers.delete(timer)
    },
    advance: async ms => {
      const until = elapsed + ms
      await settle()
      for (let due = next(until); due !== undefined; due = next(until)) {
        timers.delete(due)
        elapsed = due.at
        due.run()
        await settle()
      }
      elapsed = until
    },
    jump: ms => void (offset += ms),
    get pending() {
      return timers.size
    },
  }
}

/** Resolves when every promise that can settle without time passing has settled. */
export const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 2; turn++) await new Promise(resolve => setImmediate(resolve))
}
