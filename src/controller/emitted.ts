import type { ReceiverHook } from '../api/hook.ts'
import { BoundedMap } from '../environment/bounded-map.ts'

/** Which refusals, confirmations and late leases Events have reported. */
export interface EmittedTimes {
  /** The time of the last one, in milliseconds since the epoch, by the hook's uid and the reason. */
  readonly times: BoundedMap<string, number>
  /** An earlier leader has reported what was before this time, in milliseconds since the epoch. */
  readonly before: number
}

/** How long an earlier leader may have been gone before it has reported something, in milliseconds. */
const unreportedMs = 10 * 60_000

/** Returns what Events have reported when a term begins, at `now` in milliseconds since the epoch. */
export const emittedTimes = (now: number): EmittedTimes => ({
  times: new BoundedMap(20_000),
  before: now - unreportedMs,
})

/** Notes that an Event reports this time of a hook and reason. Returns false if one has done so before. */
export const noteFirst = (emitted: EmittedTimes, hook: ReceiverHook, reason: string, at: number): boolean =>
  at >= emitted.before && noteOther(emitted, hook, reason, at)

/** Does the same for what lasts: each leader reports it again. */
export const noteOther = ({ times }: EmittedTimes, { metadata }: ReceiverHook, reason: string, at: number): boolean => {
  const key = `${metadata.uid} ${reason}`
  if (times.get(key) === at) return false
  times.set(key, at)
  return true
}
