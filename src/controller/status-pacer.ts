import type { Clock } from '../environment/environment.ts'

/** How soon the first change after a pause is written, in milliseconds. */
const firstMs = 500

/** The shortest time between two writes of one hook's deliveries under load, in milliseconds. */
const spacingMs = 10_000

/**
 * How long after its last delivery a hook's status is written, in milliseconds. So a person sees
 * the end of a burst within two seconds. A trigger reports once a second, so further posts delay
 * the write.
 */
const quietMs = 1_800

/**
 * How many writes of a hook may each follow the previous one in less than {@link spacingMs}. Each
 * {@link spacingMs} that passes allows one more.
 */
const maxEarly = 5

interface Written {
  /** When the hook's status was last due, in whole monotonic milliseconds. */
  readonly at: number
  /** How many early writes were still allowed after this one. */
  readonly early: number
}

interface Waiting {
  readonly dueAt: number
  readonly cancel: () => void
}

/**
 * Decides when each hook's deliveries are written into its status: soon, and under load at most
 * every ten seconds.
 */
export class StatusPacer {
  readonly #clock: Clock
  readonly #due: (key: string) => void
  readonly #waiting = new Map<string, Waiting>()
  /** The hooks that were written longest ago are first. */
  readonly #written = new Map<string, Written>()

  constructor(clock: Clock, due: (key: string) => void) {
    this.#clock = clock
    this.#due = due
  }

  /** Notes a change. `newestAt` is the time of the newest delivery by the trigger's clock. */
  changed(key: string, newestAt: number): void {
    const dueAt = this.#dueAt(key, newestAt)
    const waiting = this.#waiting.get(key)
    if (waiting) {
      if (waiting.dueAt === dueAt) return
      waiting.cancel()
    }
    const cancel = this.#clock.after(Math.max(0, dueAt - this.#clock.monotonic()), () => this.#write(key, dueAt))
    this.#waiting.set(key, { dueAt, cancel })
  }

  stop(): void {
    for (const { cancel } of this.#waiting.values()) cancel()
    this.#waiting.clear()
  }

  /** Returns the time in whole monotonic milliseconds, so that sums of times are exact. */
  #now(): number {
    return Math.ceil(this.#clock.monotonic())
  }

  #dueAt(key: string, newestAt: number): number {
    const now = this.#now()
    const waiting = this.#waiting.get(key)
    const written = this.#written.get(key)
    const latest = (written?.at ?? -Infinity) + spacingMs
    // The first change after a pause has set the time, which later changes keep.
    if (latest <= now) return waiting?.dueAt ?? now + firstMs
    if (this.#earlyOf(written, now) === 0) return latest
    // The trigger's clock may differ from this one. The bounds ensure that the difference never
    // makes a wait longer.
    const sinceMs = Math.min(Math.max(0, Math.floor(this.#clock.now() - newestAt)), quietMs - firstMs)
    return Math.min(latest, now + quietMs - sinceMs)
  }

  #earlyOf(written: Written | undefined, now: number): number {
    return written
      ? Math.min(maxEarly, written.early + Math.floor(Math.max(0, now - written.at) / spacingMs))
      : maxEarly
  }

  #write(key: string, dueAt: number): void {
    // A timer may come a millisecond early. Such a write is no early one.
    const now = Math.max(dueAt, this.#now())
    const written = this.#written.get(key)
    const isEarly = written !== undefined && now - written.at < spacingMs
    this.#waiting.delete(key)
    this.#written.delete(key)
    this.#written.set(key, { at: now, early: this.#earlyOf(written, now) - (isEarly ? 1 : 0) })
    this.#forget(now)
    this.#due(key)
  }

  /** Drops the hooks to which all {@link maxEarly} early writes are allowed again. */
  #forget(now: number): void {
    for (const [key, { at }] of this.#written) {
      if (now - at < maxEarly * spacingMs) return
      this.#written.delete(key)
    }
  }
}
