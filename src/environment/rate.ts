import { BoundedMap } from './bounded-map.ts'
import type { Clock } from './environment.ts'

/** How often something may happen: a token bucket, which refills by `perSecond` and holds at most `burst`. */
export interface Rate {
  readonly perSecond: number
  readonly burst: number
}

/** Token buckets by key. Of each it keeps one number: the moment at which the bucket is full again. */
export interface RateLimiter {
  /** Takes one token from the bucket of `key`; true if there was one. */
  take(key: string, rate: Rate): boolean
  /**
   * Takes `tokens` from the bucket of `key`, although it may hold fewer: it then stays empty until they have come in. No more
   * than `burst` of them are owed.
   */
  charge(key: string, rate: Rate, tokens: number): void
  /** True if the bucket of `key` has no token now. Takes none. */
  empty(key: string, rate: Rate): boolean
  /** In how many milliseconds the bucket of `key` has a token; 0 if it has one now. Takes none. */
  waitMs(key: string, rate: Rate): number
}

/**
 * Keeps at most `most` buckets, and forgets the oldest first: its key then begins with a full one. A bucket is the
 * Generic Cell Rate Algorithm (ITU-T I.371), which needs no timer.
 */
export const rateLimiter = (clock: Pick<Clock, 'monotonic'>, most: number): RateLimiter => {
  /** In monotonic milliseconds. Those that were taken from last stand last. */
  const fullAt = new BoundedMap<string, number>(most)

  const waitMs = (key: string, { burst, perSecond }: Rate): number => {
    const now = clock.monotonic()
    return Math.max(0, (fullAt.get(key) ?? now) - now - ((burst - 1) * 1000) / perSecond)
  }

  const charge = (key: string, { burst, perSecond }: Rate, tokens: number): void => {
    const now = clock.monotonic()
    const at = Math.max(now, fullAt.get(key) ?? now) + (tokens * 1000) / perSecond
    fullAt.set(key, Math.min(at, now + (2 * burst * 1000) / perSecond))
  }

  return {
    take: (key, rate) => {
      if (waitMs(key, rate) > 0) return false
      charge(key, rate, 1)
      return true
    },
    charge,
    empty: (key, rate) => waitMs(key, rate) > 0,
    waitMs,
  }
}
