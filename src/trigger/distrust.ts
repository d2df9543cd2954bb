import type { Clock } from '../environment/environment.ts'
import { rateLimiter, type RateLimiter } from '../environment/rate.ts'
import type { LiveHook } from './hook.ts'
import { checkRates, maxLimitedHooks, maxRememberedSources, refusedRate } from './limits.ts'

/**
 * The size of a check. `short`: it reads the head, and a short body at most. `long`: it reads a
 * long body.
 */
export type CheckSize = keyof typeof checkRates

/**
 * Limits the work for posts from distrusted sources, of which many posts were refused recently. One
 * proxy may be the source of all posts. So these posts are not refused without a check, but checked
 * at a limited rate. Each hook has its own rate. Checks beyond it take from a rate that all hooks
 * share. So a flood on one hook's URL does not affect the posts to another.
 */
export class Distrust {
  readonly #refusals: RateLimiter
  readonly #ofHook: RateLimiter
  readonly #ofAll: RateLimiter

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#refusals = rateLimiter(clock, maxRememberedSources)
    this.#ofHook = rateLimiter(clock, maxLimitedHooks)
    this.#ofAll = rateLimiter(clock, 2)
  }

  /**
   * Counts a refused post. `hook` is given if the token was accepted, but the post's credentials or
   * signature were not.
   */
  refused(source: string, hook?: LiveHook): void {
    this.#refusals.take(keyOf(source, hook), refusedRate)
  }

  /**
   * Returns whether few posts of a source were refused recently. `hook` is given if the token of
   * the post was verified before. Then only refusals by that hook count, and none if the hook
   * requires only its token.
   */
  trusts(source: string, hook?: LiveHook): boolean {
    return (hook !== undefined && !hook.auth) || !this.#refusals.empty(keyOf(source, hook), refusedRate)
  }

  /**
   * Returns whether a post to a hook from an untrusted source may be checked now. If so, counts the
   * check.
   */
  takeCheck({ uid }: LiveHook, size: CheckSize): boolean {
    const { ofAll, ofHook } = checkRates[size]
    return this.#ofHook.take(`${size} ${uid}`, ofHook) || this.#ofAll.take(size, ofAll)
  }
}

const keyOf = (source: string, hook: LiveHook | undefined): string => (hook ? `${source} ${hook.uid}` : source)
