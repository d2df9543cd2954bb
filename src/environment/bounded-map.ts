import type { Clock } from './environment.ts'

/** A map of at most `max` entries, which forgets those that were set longest ago. */
export class BoundedMap<K, V> extends Map<K, V> {
  readonly #max: number

  constructor(max: number) {
    super()
    this.#max = max
  }

  /** Sets an entry as the newest, and drops the oldest if there are too many. */
  override set(key: K, value: V): this {
    this.delete(key)
    super.set(key, value)
    // To start an iteration takes longer, the more entries were deleted. So this returns early.
    if (this.size <= this.#max) return this
    for (const oldest of this.keys()) {
      this.delete(oldest)
      if (this.size <= this.#max) break
    }
    return this
  }
}

/** A bounded set of keys, each kept for a limited time. */
export class RecentKeys {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #keptMs: number
  /** When each key was added, in monotonic milliseconds. */
  readonly #since: BoundedMap<string, number>

  constructor(clock: Pick<Clock, 'monotonic'>, limits: { readonly most: number; readonly keptMs: number }) {
    this.#clock = clock
    this.#keptMs = limits.keptMs
    this.#since = new BoundedMap(limits.most)
  }

  add(key: string): void {
    this.#since.set(key, this.#clock.monotonic())
  }

  has(key: string): boolean {
    return this.#clock.monotonic() - (this.#since.get(key) ?? -Infinity) < this.#keptMs
  }

  delete(key: string): void {
    this.#since.delete(key)
  }
}
