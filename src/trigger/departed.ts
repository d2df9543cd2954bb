import { boundedMap } from '../environment/bounded-map.ts'
import type { Clock } from '../environment/environment.ts'
import { departedKeptMs, mostDeparted } from './limits.ts'

/** The uids of hooks that a live read has found gone. A uid is never used again, so each of them stays gone. */
export interface Departed {
  add(uid: string): void
  has(uid: string): boolean
  /** Takes back that a hook is gone: a watch has it, so etcd was restored from a backup. */
  drop(uid: string): void
}

/** Remembers a bounded number of them, each for a bounded time, since a restored etcd can bring one back. */
export const departedHooks = (clock: Pick<Clock, 'monotonic'>): Departed => {
  /** When each was found gone. */
  const since = boundedMap<string, number>(mostDeparted)
  return {
    add: uid => since.set(uid, clock.monotonic()),
    has: uid => clock.monotonic() - (since.get(uid) ?? -Infinity) < departedKeptMs,
    drop: uid => since.delete(uid),
  }
}
