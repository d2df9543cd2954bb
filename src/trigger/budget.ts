import type { Clock } from '../environment/environment.ts'
import { rateLimiter } from '../environment/rate.ts'
import { mostLimitedHooks, eventRate, writeBudget } from './limits.ts'

/**
 * How much the posts to each hook may make the API server store, by the hook's uid. A post is taken or refused before anything
 * is written for it, and what it then writes is charged: so a bucket may be overdrawn by what was under way. What is owed is
 * never more than a full bucket, so that no push shuts its hook for longer than that takes to come in.
 */
export interface Budget {
  /** Charges a hook with what was written for it, in bytes. */
  charge(uid: string, bytes: number): void
  /** True if nothing is left for a hook now. */
  isSpent(uid: string): boolean
  /** In how many seconds there is something left for a hook again, for which nothing is left now. */
  secondsSpent(uid: string): number
  /** True if a hook's owner is to be told now that posts were refused: once a minute at most. */
  mayTell(uid: string): boolean
}

export const budgetOf = (clock: Pick<Clock, 'monotonic'>): Budget => {
  const buckets = rateLimiter(clock, mostLimitedHooks)
  const events = rateLimiter(clock, mostLimitedHooks)
  return {
    charge: (uid, bytes) => buckets.charge(uid, writeBudget, bytes),
    isSpent: uid => buckets.empty(uid, writeBudget),
    secondsSpent: uid => Math.max(1, Math.ceil(buckets.waitMs(uid, writeBudget) / 1000)),
    mayTell: uid => events.take(uid, eventRate),
  }
}
