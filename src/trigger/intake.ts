import type { Clock } from '../environment/environment.ts'
import { rateLimiter, type Rate } from '../environment/rate.ts'
import { Tally } from '../environment/shares.ts'
import type { LiveHook } from './hook.ts'
import { eventRate, largeRate, maxKept, maxKeptInTime, maxLimitedHooks, writeBudget } from './limits.ts'

/**
 * A hook whose budget is used. Its uid alone would not do: anybody who may write the metadata of a record in their
 * namespace can name the uid of another hook.
 */
type Spender = Pick<LiveHook, 'namespace' | 'uid'>

/**
 * How many bytes the posts to each hook may make the API server store, and how many objects that are kept
 * for a while. A post is
 * accepted or refused before its first write, and its writes are charged when they are made. So
 * posts in progress may overdraw the budget. The debt is at most one full budget, which limits how
 * long the hook is closed.
 */
export interface Budget {
  readonly charge: (hook: Spender, bytes: number) => void
  /** Counts one more object that is kept for so long. Returns false, and counts nothing, if the hook may make none. */
  readonly countKept: (hook: Spender, keptForMs: number) => boolean
  /** Returns whether a hook has no bytes left now. */
  readonly isSpent: (hook: Spender) => boolean
  /** Returns in how many seconds a hook without bytes has bytes again. */
  readonly secondsSpent: (hook: Spender) => number
  /**
   * Returns whether to notify a hook's owner now that posts are refused, and counts that as a
   * notice. It is true at most once a minute for each hook.
   */
  readonly takeNotice: (hook: Spender) => boolean
}

export const budgetOf = (clock: Pick<Clock, 'monotonic'>): Budget => {
  const buckets = rateLimiter(clock, maxLimitedHooks)
  const kept = rateLimiter(clock, maxLimitedHooks)
  const events = rateLimiter(clock, maxLimitedHooks)
  return {
    charge: ({ namespace, uid }, bytes) => buckets.charge(`${namespace}/${uid}`, writeBudget, bytes),
    countKept: ({ namespace, uid }, keptForMs) => kept.take(`${namespace}/${uid}`, rateOfKept(keptForMs)),
    isSpent: ({ namespace, uid }) => buckets.waitMs(`${namespace}/${uid}`, writeBudget) > 0,
    secondsSpent: ({ namespace, uid }) =>
      Math.max(1, Math.ceil(buckets.waitMs(`${namespace}/${uid}`, writeBudget) / 1000)),
    takeNotice: ({ namespace, uid }) => events.take(`${namespace}/${uid}`, eventRate),
  }
}

/** Returns the rate of objects that are kept for so long: as fast as they end, no more of them pile up. */
const rateOfKept = (ms: number): Rate => ({ burst: maxKept, perSecond: (maxKeptInTime * 1000) / ms })

/** Why a post is refused now. */
type Refused = 'RateLimited' | 'WritesLimited' | 'Overloaded'

/**
 * Decides which posts are accepted. It limits the rate of each hook, the bytes that its posts
 * store, and the number of a namespace's posts in progress.
 */
export interface Intake {
  /**
   * Returns why a post of this hook is refused now, or undefined. The budget does not matter to a
   * dry run.
   */
  whyRefused(hook: LiveHook, isDry?: boolean): Refused | undefined
  /**
   * Takes the bytes of a large body from the hook's rate for such bodies. Returns false, and takes
   * nothing, if that rate is used up already.
   */
  takeLarge(hook: LiveHook, bytes: number): boolean
  /**
   * Accepts a post of this hook, which is in progress until the returned function is called. If the
   * post is refused, returns why instead.
   */
  enter(hook: LiveHook, isDry?: boolean): Refused | (() => void)
}

/** Makes an intake. `maxOfNamespace` is the number of posts that may wait for the steps of one namespace. */
export const intakeOf = (
  clock: Pick<Clock, 'monotonic'>,
  maxOfNamespace: number,
  budget: Pick<Budget, 'isSpent'>,
): Intake => {
  const hookRates = rateLimiter(clock, maxLimitedHooks)
  const largeRates = rateLimiter(clock, maxLimitedHooks)
  const waiting = new Tally()

  const whyRefused = (hook: LiveHook, isDry = false): Refused | undefined => {
    const { namespace, rateLimit, uid } = hook
    if (hookRates.waitMs(uid, rateLimit) > 0) return 'RateLimited'
    if (!isDry && budget.isSpent(hook)) return 'WritesLimited'
    return waiting.of(namespace) >= maxOfNamespace ? 'Overloaded' : undefined
  }

  return {
    whyRefused,
    takeLarge: ({ auth, uid }, bytes) => {
      // A message of SNS takes nothing. It must be read before it can be verified, and forged
      // messages must not use up the rate of genuine ones.
      if (auth?.form === 'sns') return true
      if (largeRates.waitMs(uid, largeRate) > 0) return false
      largeRates.charge(uid, largeRate, bytes)
      return true
    },
    enter: (hook, isDry) => {
      const why = whyRefused(hook, isDry)
      if (why) return why
      const { namespace, rateLimit, uid } = hook
      hookRates.take(uid, rateLimit)
      waiting.add(namespace, 1)
      return () => void waiting.add(namespace, -1)
    },
  }
}
