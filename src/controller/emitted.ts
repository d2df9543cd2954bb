import type { ReceiverHook } from '../api/hook.ts'
import { BoundedMap } from '../environment/bounded-map.ts'

/**
 * The time of the last refusal or confirmation that an Event has reported, in milliseconds since the
 * epoch, by the hook's uid and the reason.
 */
export type EmittedTimes = BoundedMap<string, number>

export const emittedTimes = (): EmittedTimes => new BoundedMap(20_000)

export /** Returns whether no Event has reported this time of a hook and reason yet. Notes it in `emitted`. */
const isFirst = (emitted: EmittedTimes, { metadata }: ReceiverHook, reason: string, at: number): boolean => {
  const key = `${metadata.uid} ${reason}`
  if (emitted.get(key) === at) return false
  emitted.set(key, at)
  return true
}
