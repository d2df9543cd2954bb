import { BoundedMap } from './bounded-map.ts'
import type { Clock } from './environment.ts'

/** A token bucket, which refills by `perSecond` and holds at most `burst` tokens. */
export interface Rate {
  readonly perSecond: number
  readonly burst: number
}

/** When a bucket is full again at its rate, in monotonic milliseconds. */
interface Bucket {
  readonly fullAt: number
  readonly rate: Rate
}

/** Token buckets by key. The rate of a bucket may change: it keeps its tokens, as far as it holds them. */
export interface RateLimiter {
  /** Takes one token from the bucket of `key`. Returns whether there was one. */
  take(key: string, rate: Rate): boolean
  /**
   * Takes `tokens` from the bucket of `key`, even if it holds fewer. The debt is at most `burst`;
   * the bucket stays empty until it is paid.
   */
  charge(key: string, rate: Rate, tokens: number): void
  /** Returns in how many milliseconds the bucket of `key` has a token, or 0 if it has one. Takes no token. */
  waitMs(key: string, rate: Rate): number
}

/**
 * Makes a limiter of at most `most` buckets. It drops the bucket that was used longest ago, whose
 * key then begins with a full bucket. A bucket is the Generic Cell Rate Algorithm (ITU-T I.371),
 * which needs no timer.
 */
export const rateLimiter = (clock: Pick<Clock, 'monotonic'>, most: number): RateLimiter => {
  /** The bucket that was used last is the last entry. */
  const buckets = new BoundedMap<string, Bucket>(most)

  /**
   * Returns when a bucket is full again at a rate. If its rate was another one, it keeps its tokens, as far
   * as it holds them.
   */
  const fullAtOf = (key: string, rate: Rate, now: number): number => {
    const known = buckets.get(key)
    if (!known) return now
    const { fullAt, rate: before } = known
    if (before.perSecond === rate.perSecond && before.burst === rate.burst) return Math.max(now, fullAt)
    const missing = Math.max(0, ((fullAt - now) * before.perSecond) / 1000)
    const fullAgainAt = now + (Math.min(missing, rate.burst) * 1000) / rate.perSecond
    // From now on it refills at the new rate.
    buckets.set(key, { fullAt: fullAgainAt, rate })
    return fullAgainAt
  }

  const waitMs = (key: string, rate: Rate): number => {
    const { burst, perSecond } = rate
    const now = clock.monotonic()
    return Math.max(0, fullAtOf(key, rate, now) - now - ((burst - 1) * 1000) / perSecond)
  }

  const charge = (key: string, rate: Rate, tokens: number): void => {
    const { burst, perSecond } = rate
    const now = clock.monotonic()
    const at = fullAtOf(key, rate, now) + (tokens * 1000) / perSecond
    buckets.set(key, { fullAt: Math.min(at, now + (2 * burst * 1000) / perSecond), rate })
  }

  return {
    take: (key, rate) => {
      if (waitMs(key, rate) > 0) return false
      charge(key, rate, 1)
      return true
    },
    charge,
    waitMs,
  }
}
