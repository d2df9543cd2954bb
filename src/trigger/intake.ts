import type { Clock } from '../environment/environment.ts'
import { rateLimiter } from '../environment/rate.ts'
import type { Budget } from './budget.ts'
import type { LiveHook } from './hook.ts'
import { mostLimitedHooks, mostSources, refusedRate } from './limits.ts'

/** Why a post is not taken now. */
type Full = 'RateLimited' | 'WritesLimited' | 'Overloaded'

/** What is taken of all posts: so much of each hook, of each namespace, and of whoever is refused again and again. */
export interface Intake {
  /** Why no post of this hook is taken now; undefined if one is. What is left to write is no matter to a dry run. */
  full(hook: LiveHook, isDry?: boolean): Full | undefined
  /** Takes a post of this hook: it waits from now on, until the function that this returns is called. */
  enter(hook: LiveHook, isDry?: boolean): Full | (() => void)
  /** Counts a post that was refused; by what the hook's `auth` asks for, where `hook` is given. */
  refused(source: string, hook?: LiveHook): void
  /**
   * True if so many posts of a source were refused a moment ago that no other is looked at, unless its token is known to be
   * good; or of those to a hook, unless it asks for no more than its token.
   */
  distrusts(source: string, hook?: LiveHook): boolean
}

/** `mostOfNamespace`: how many posts may wait for the steps of one namespace. */
export const intakeOf = (
  clock: Pick<Clock, 'monotonic'>,
  mostOfNamespace: number,
  budget: Pick<Budget, 'isSpent'>,
): Intake => {
  const hookRates = rateLimiter(clock, mostLimitedHooks)
  const refusals = rateLimiter(clock, mostSources)
  const waiting = new Map<string, number>()

  const full = ({ namespace, rateLimit, uid }: LiveHook, isDry = false): Full | undefined => {
    if (hookRates.empty(uid, rateLimit)) return 'RateLimited'
    if (!isDry && budget.isSpent(uid)) return 'WritesLimited'
    return (waiting.get(namespace) ?? 0) >= mostOfNamespace ? 'Overloaded' : undefined
  }
  const key = (source: string, hook: LiveHook | undefined): string => (hook ? `${source} ${hook.uid}` : source)

  return {
    full,
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
    refused: (source, hook) => void refusals.take(key(source, hook), refusedRate),
    distrusts: (source, hook) => (!hook || hook.auth !== undefined) && refusals.empty(key(source, hook), refusedRate),
  }
}
