import { BoundedMap } from '../environment/bounded-map.ts'
import type { Clock } from '../environment/environment.ts'

/** A bounded set of hooks' uids, each kept for a limited time. */
export class RecentUids {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #keptMs: number
  /** When each uid was added, in monotonic milliseconds. */
  readonly #since: BoundedMap<string, number>

  constructor(clock: Pick<Clock, 'monotonic'>, limits: { readonly most: number; readonly keptMs: number }) {
    this.#clock = clock
    this.#keptMs = limits.keptMs
    this.#since = new BoundedMap(limits.most)
  }

  add(uid: string): void {
    this.#since.set(uid, this.#clock.monotonic())
  }

  has(uid: string): boolean {
    return this.#clock.monotonic() - (this.#since.get(uid) ?? -Infinity) < this.#keptMs
  }

  delete(uid: string): void {
    this.#since.delete(uid)
  }
}
