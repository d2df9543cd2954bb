import { waitAfter, type Backoff } from '../environment/backoff.ts'
import { BoundedMap } from '../environment/bounded-map.ts'
import type { Clock } from '../environment/environment.ts'
import { singleFlight } from '../environment/single-flight.ts'
import { Unreachable } from '../environment/unreachable.ts'
import { wait } from '../environment/wait.ts'
import { ApiError, isStatus } from '../kube/errors.ts'
import { forbiddenTries } from '../kube/written.ts'

/** The waits before something is read again that is suddenly forbidden. They take less than a second. */
const again: Backoff = { firstMs: 50, maxMs: 400 }

/** What a read has shown, and when it began in monotonic milliseconds. Without an answer, nothing is known. */
interface Reading<V> {
  readonly value: V | 'forbidden' | 'unreachable'
  readonly since: number
}

/** How long a reading is used, in milliseconds, how many are kept, and how much they may weigh together. */
interface Limits<V> {
  readonly forMs: number
  readonly most: number
  readonly maxWeight?: number
  readonly weightOf?: (value: V) => number
}

/** Values that are read for posts, as they were at most `forMs` ago. Simultaneous callers share one read. */
export class RecentReads<V> {
  readonly #clock: Clock
  readonly #limits: Limits<V>
  readonly #shared: ReturnType<typeof singleFlight<Reading<V>>>
  /**
   * The last readings in the order in which the reads ended. A slow read may have begun before the reads that
   * ended earlier.
   */
  readonly #kept = new Map<string, Reading<V>>()
  #weight = 0
  /** What could be read when it was read last. */
  readonly #allowed: BoundedMap<string, true>

  constructor(clock: Clock, limits: Limits<V>) {
    this.#clock = clock
    this.#limits = limits
    this.#shared = singleFlight<Reading<V>>({ clock, forMs: limits.forMs })
    this.#allowed = new BoundedMap(limits.most)
  }

  /** Returns the value of a key. `read` throws the API server's errors. */
  async of(key: string, read: () => Promise<V>): Promise<Reading<V>['value']> {
    for (;;) {
      this.#forget()
      const known = this.#kept.get(key)
      if (known && this.#isFresh(known)) return known.value
      const reading = await this.#joined(key, () => this.#read(key, read))
      // If the process was paused meanwhile, the answer may be too old. It is then read again.
      if (reading.value === 'unreachable' || this.#isFresh(reading)) return reading.value
    }
  }

  /** Joins a read, or begins one. If an earlier one has failed that was joined, reads once more: the cause may be over. */
  async #joined(key: string, read: () => Promise<Reading<V>>): Promise<Reading<V>> {
    let isMine = false
    const reading = await this.#shared(key, () => {
      isMine = true
      return read()
    })
    return isMine || reading.value !== 'unreachable' ? reading : await this.#shared(key, read)
  }

  /**
   * Reads a value, and reads it again after a 403 if this process could read it before. An API server
   * that has just started refuses everyone until it has loaded its roles. No sender sends a post again
   * after the failure of that read. What was forbidden before gets its 403 at once: at a URL
   * with a name, the time must not reveal that there is a hook.
   */
  async #read(key: string, read: () => Promise<V>): Promise<Reading<V>> {
    for (let tries = 1; ; tries++) {
      const since = this.#clock.monotonic()
      try {
        const value = await read()
        this.#allowed.set(key, true)
        return this.#keep(key, { value, since })
      } catch (error) {
        if (!isStatus(error, 403)) {
          if (error instanceof ApiError || error instanceof Unreachable) return { value: 'unreachable', since }
          throw error
        }
        if (!this.#allowed.has(key) || tries >= forbiddenTries) {
          this.#allowed.delete(key)
          return this.#keep(key, { value: 'forbidden', since })
        }
        await wait(this.#clock, waitAfter(again, tries - 1))
      }
    }
  }

  #isFresh({ since }: Reading<V>): boolean {
    return this.#clock.monotonic() - since < this.#limits.forMs
  }

  #keep(key: string, reading: Reading<V>): Reading<V> {
    this.#drop(key)
    this.#kept.set(key, reading)
    this.#weight += this.#weightOf(reading)
    return reading
  }

  #drop(key: string): void {
    const before = this.#kept.get(key)
    if (before) this.#weight -= this.#weightOf(before)
    this.#kept.delete(key)
  }

  #forget(): void {
    const { maxWeight = Infinity, most } = this.#limits
    for (const [key, oldest] of this.#kept) {
      if (this.#kept.size <= most && this.#weight <= maxWeight && this.#isFresh(oldest)) return
      this.#drop(key)
    }
  }

  #weightOf({ value }: Reading<V>): number {
    return value === 'forbidden' || value === 'unreachable' ? 0 : (this.#limits.weightOf?.(value) ?? 0)
  }
}
