import type { Clock } from '../environment/environment.ts'

/** How soon the first change after a while is written, in milliseconds. */
const firstMs = 500

/** The least time between two writes of one hook's deliveries under load, in milliseconds. */
const spacingMs = 10_000

/**
 * How long after its newest delivery a hook's status is written if no further one comes, in
 * milliseconds. So a person sees the end of a burst within two seconds. A trigger reports deliveries
 * once a second, so further posts delay the write.
 */
const quietMs = 1_800

/** How many writes of a hook may come before {@link spacingMs} is over. One more is allowed after each such time. */
const maxEarly = 5

interface Written {
  /** When its status was last due, in monotonic milliseconds. */
  readonly at: number
  /** How many writes might come early then. */
  readonly early: number
}

interface Waiting {
  readonly dueAt: number
  readonly cancel: () => void
}

/** Says when each hook's deliveries are to be written into its status: soon, and under load at most every ten seconds. */
export class StatusPacer {
  readonly #clock: Clock
  readonly #due: (key: string) => void
  readonly #waiting = new Map<string, Waiting>()
  /** Those that were written longest ago stand first. */
  readonly #written = new Map<string, Written>()

  constructor(clock: Clock, due: (key: string) => void) {
    this.#clock = clock
    this.#due = due
  }

  /**
   * Notes a change. `newestAt` is when the newest delivery came, by the wall clock of the trigger
   * that took it.
   */
  changed(key: string, newestAt: number): void {
    const dueAt = this.#dueAt(key, newestAt)
    const waiting = this.#waiting.get(key)
    if (waiting) {
      if (waiting.dueAt === dueAt) return
      waiting.cancel()
    }
    const cancel = this.#clock.after(Math.max(0, dueAt - this.#clock.monotonic()), () => this.#write(key))
    this.#waiting.set(key, { dueAt, cancel })
  }

  stop(): void {
    for (const { cancel } of this.#waiting.values()) cancel()
    this.#waiting.clear()
  }

  #dueAt(key: string, newestAt: number): number {
    const now = this.#clock.monotonic()
    const waiting = this.#waiting.get(key)
    const written = this.#written.get(key)
    const latest = (written?.at ?? -Infinity) + spacingMs
    // The first one after a while has a time already, and waits for nothing.
    if (latest <= now) return waiting?.dueAt ?? now + firstMs
    if (this.#earlyOf(written, now) === 0) return latest
    // The clocks of two machines may differ: no wait is longer for that.
    const sinceMs = Math.min(Math.max(0, this.#clock.now() - newestAt), quietMs - firstMs)
    return Math.min(latest, now + quietMs - sinceMs)
  }

  #earlyOf(written: Written | undefined, now: number): number {
    return written ? Math.min(maxEarly, written.early + Math.floor((now - written.at) / spacingMs)) : maxEarly
  }

  #write(key: string): void {
    const now = this.#clock.monotonic()
    const written = this.#written.get(key)
    const isEarly = written !== undefined && now - written.at < spacingMs
    this.#waiting.delete(key)
    this.#written.delete(key)
    this.#written.set(key, { at: now, early: this.#earlyOf(written, now) - (isEarly ? 1 : 0) })
    this.#forget(now)
    this.#due(key)
  }

  /** Forgets hooks that may have all early writes again. */
  #forget(now: number): void {
    for (const [key, { at }] of this.#written) {
      if (now - at < maxEarly * spacingMs) return
      this.#written.delete(key)
    }
  }
}
