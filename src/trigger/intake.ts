import type { Clock } from '../environment/environment.ts'
import { rateLimiter } from '../environment/rate.ts'
import type { LiveHook } from './hook.ts'
import { eventRate, largeRate, mostLimitedHooks, writeBudget } from './limits.ts'

/**
 * How much the posts to each hook may make the API server store, by the hook's uid. A post is taken or refused before anything
 * is written for it, and what it then writes is charged: so a bucket may be overdrawn by what was under way. What is owed is
 * never more than a full bucket, so that no push shuts its hook for longer than that takes to come in.
 */
export interface Budget {
  /** Charges a hook with what was written for it, in bytes. */
  readonly charge: (uid: string, bytes: number) => void
  /** True if nothing is left for a hook now. */
  readonly isSpent: (uid: string) => boolean
  /** In how many seconds there is something left for a hook again, for which nothing is left now. */
  readonly secondsSpent: (uid: string) => number
  /** True if a hook's owner is to be told now that posts were refused: once a minute at most. */
  readonly mayTell: (uid: string) => boolean
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

/** Why a post is not taken now. */
type Full = 'RateLimited' | 'WritesLimited' | 'Overloaded'

/** Limits which posts are admitted: a rate for each hook, and how many may wait for each namespace. */
export interface Intake {
  /** Why no post of this hook is taken now; undefined if one is. What is left to write is no matter to a dry run. */
  full(hook: LiveHook, isDry?: boolean): Full | undefined
  /** Takes what a large body of this hook has in bytes; false where it has had too much of them. */
  takeLarge(hook: LiveHook, bytes: number): boolean
  /** Takes a post of this hook: it waits from now on, until the function that this returns is called. */
  enter(hook: LiveHook, isDry?: boolean): Full | (() => void)
}

/** `mostOfNamespace`: how many posts may wait for the steps of one namespace. */
export const intakeOf = (
  clock: Pick<Clock, 'monotonic'>,
  mostOfNamespace: number,
  budget: Pick<Budget, 'isSpent'>,
): Intake => {
  const hookRates = rateLimiter(clock, mostLimitedHooks)
  const largeRates = rateLimiter(clock, mostLimitedHooks)
  const waiting = new Map<string, number>()

  const full = ({ namespace, rateLimit, uid }: LiveHook, isDry = false): Full | undefined => {
    if (hookRates.empty(uid, rateLimit)) return 'RateLimited'
    if (!isDry && budget.isSpent(uid)) return 'WritesLimited'
    return (waiting.get(namespace) ?? 0) >= mostOfNamespace ? 'Overloaded' : undefined
  }

  return {
    full,
    takeLarge: ({ auth, uid }, bytes) => {
      // Such a message is read to find out whether it is genuine: others must not use up what is for those that are.
      if (auth?.form === 'sns') return true
      if (largeRates.empty(uid, largeRate)) return false
      largeRates.charge(uid, largeRate, bytes)
      return true
    },
    enter: (hook, isDry) => {
      const isFull = full(hook, isDry)
      if (isFull) return isFull
      const { namespace, rateLimit, uid } = hook
      hookRates.take(uid, rateLimit)
      waiting.set(namespace, (waiting.get(namespace) ?? 0) + 1)
      return () => {
        const left = (waiting.get(namespace) ?? 1) - 1
        if (left === 0) waiting.delete(namespace)
        else waiting.set(namespace, left)
      }
    },
  }
}
