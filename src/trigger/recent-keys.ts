import { BoundedMap } from '../environment/bounded-map.ts'
import type { Clock } from '../environment/environment.ts'

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
