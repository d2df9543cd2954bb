import type { ReceiverHook } from '../api/hook.ts'
import { BoundedMap } from '../environment/bounded-map.ts'

/** How long an earlier leader may have been gone before it has reported something, in milliseconds. */
const unreportedMs = 10 * 60_000

/** Which refusals, confirmations and late leases Events have reported. */
export class Emitted {
  /** The time of the last one, in milliseconds since the epoch, by the hook's uid and the reason. */
  readonly #times = new BoundedMap<string, number>(20_000)
  /** An earlier leader has reported what was before this time, in milliseconds since the epoch. */
  readonly #before: number

  /** A term begins at `now`, in milliseconds since the epoch. */
  constructor(now: number) {
    this.#before = now - unreportedMs
  }

  /** Notes that an Event reports this time of a hook and reason. Returns false if one has done so before. */
  noteFirst(hook: ReceiverHook, reason: string, at: number): boolean {
    return at >= this.#before && this.noteOther(hook, reason, at)
  }

  /** Does the same for what lasts: each leader reports it again. */
  noteOther({ metadata }: ReceiverHook, reason: string, at: number): boolean {
    const key = `${metadata.uid} ${reason}`
    if (this.#times.get(key) === at) return false
    this.#times.set(key, at)
    return true
  }
}
