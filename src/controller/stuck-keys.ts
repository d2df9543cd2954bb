import type { Clock } from '../environment/environment.ts'

/** How long a key has failed until it is reported, and then again, in milliseconds. An Event is kept for an hour. */
const reportedAfterMs = 300_000
const reportedEveryMs = 3_600_000

/**
 * The keys of a queue that have failed for long. Each of them may be the only one, so the rate of
 * errors is low.
 */
export class StuckKeys {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #count: (count: number) => void
  /** When each key began to fail. */
  readonly #since = new Map<string, number>()
  /** When each stuck key is to be reported again. */
  readonly #dueAt = new Map<string, number>()

  /** `count` receives how many keys are stuck, after each change. */
  constructor(clock: Pick<Clock, 'monotonic'>, count: (count: number) => void) {
    this.#clock = clock
    this.#count = count
    count(0)
  }

  /**
   * Notes that a key has failed. `isHopeless`: it will fail until something changes, so it is stuck at once. Returns
   * whether to report that the key is stuck.
   */
  failed(key: string, isHopeless: boolean): boolean {
    const now = this.#clock.monotonic()
    const since = this.#since.get(key) ?? now
    this.#since.set(key, since)
    const dueAt = this.#dueAt.get(key) ?? (isHopeless ? now : since + reportedAfterMs)
    if (now < dueAt) return false
    this.#dueAt.set(key, now + reportedEveryMs)
    this.#count(this.#dueAt.size)
    return true
  }

  /** Notes that a key has not failed. */
  succeeded(key: string): void {
    this.#since.delete(key)
    if (this.#dueAt.delete(key)) this.#count(this.#dueAt.size)
  }

  clear(): void {
    this.#since.clear()
    this.#dueAt.clear()
    this.#count(0)
  }
}
