import { boundedMap } from '../environment/bounded-map.ts'
import type { Clock } from '../environment/environment.ts'

/**
 * How long a hook that was too large to be read counts as that, in milliseconds, unless a watch shows it: to find out costs
 * reading 2 MiB of it. And of how many that is known.
 */
const largeForMs = 5_000
const mostLarge = 1_000

/** The hooks that a live read found too large of late. */
export interface TooLargeHooks {
  /** Takes note of one. */
  found(uid: string): { readonly found: 'too large' }
  has(uid: string): boolean
  delete(uid: string): void
}

export const tooLargeHooks = (clock: Pick<Clock, 'monotonic'>): TooLargeHooks => {
  const since = boundedMap<string, number>(mostLarge)
  return {
    found: uid => {
      since.set(uid, clock.monotonic())
      return { found: 'too large' }
    },
    has: uid => clock.monotonic() - (since.get(uid) ?? -Infinity) < largeForMs,
    delete: uid => since.delete(uid),
  }
}
