import { BoundedMap } from './bounded-map.ts'
import type { Clock } from './environment.ts'

/** A token bucket, which refills by `perSecond` and holds at most `burst` tokens. */
export interface Rate {
  readonly perSecond: number
  readonly burst: number
}

/** Token buckets by key. Each is stored as one number: when the bucket is full again. */
export interface RateLimiter {
  /** Takes one token from the bucket of `key`. Returns whether there was one. */
  take(key: string, rate: Rate): boolean
  /**
   * Takes `tokens` from the bucket of `key`, even if it holds fewer. The debt is at most `burst`;
   * the bucket stays empty until it is paid.
   */
  charge(key: string, rate: Rate, tokens: number): void
  /** Returns whether the bucket of `key` is empty. Takes no token. */
  empty(key: string, rate: Rate): boolean
  /** Returns in how many milliseconds the bucket of `key` has a token, or 0. Takes no token. */
  waitMs(key: string, rate: Rate): number
}

/**
 * Makes a limiter of at most `most` buckets. It drops the bucket that was used longest ago, whose
 * key then begins with a full bucket. A bucket is the Generic Cell Rate Algorithm (ITU-T I.371),
 * which needs no timer.
 */
export const rateLimiter = (clock: Pick<Clock, 'monotonic'>, most: number): RateLimiter => {
  /**
   * When each bucket is full again, in monotonic milliseconds. The bucket that was used last is the
   * last entry.
   */
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
