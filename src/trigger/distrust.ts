import { BoundedMap } from '../environment/bounded-map.ts'
import type { Clock } from '../environment/environment.ts'
import { rateLimiter, type RateLimiter } from '../environment/rate.ts'
import type { LiveHook } from './hook.ts'
import { checkRates, maxLimitedHooks, maxRememberedSources, refusedRate } from './limits.ts'
import type { HookName } from './request.ts'

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
  readonly #refusalsOfName: RateLimiter
  /** The sources that have proved themselves at a name, as texts of both. */
  readonly #proved = new BoundedMap<string, true>(maxRememberedSources)
  readonly #ofHook: RateLimiter
  readonly #ofAll: RateLimiter

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#refusals = rateLimiter(clock, maxRememberedSources)
    this.#refusalsOfName = rateLimiter(clock, maxLimitedHooks)
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
   * the post was verified before. Then only refusals by that hook count.
   */
  trusts(source: string, hook?: LiveHook): boolean {
    return this.#refusals.waitMs(keyOf(source, hook), refusedRate) === 0
  }

  /**
   * Counts a post that has not proved itself at this name, of a hook or of none. A good post counts
   * nothing.
   */
  refusedNamed(source: string, { name, namespace }: HookName): void {
    this.#refusals.take(source, refusedRate)
    this.#refusalsOfName.take(`${namespace}/${name}`, refusedRate)
  }

  /**
   * Notes that a post of this source has proved itself at this name. Anybody can post to a name,
   * so the wrong posts of other sources must not count against this one.
   */
  proved(source: string, { name, namespace }: HookName): void {
    this.#proved.set(`${source} ${namespace}/${name}`, true)
  }

  /**
   * Returns whether few posts of this source were refused recently, and few at this name. Refusals at
   * the name do not count if the source has proved itself there.
   */
  trustsNamed(source: string, { name, namespace }: HookName): boolean {
    const named = `${namespace}/${name}`
    const isProved = (): boolean => this.#proved.get(`${source} ${named}`) === true
    const isTrustedName = this.#refusalsOfName.waitMs(named, refusedRate) === 0
    return this.#refusals.waitMs(source, refusedRate) === 0 && (isTrustedName || isProved())
  }

  /**
   * Returns whether a post to a hook from an untrusted source may be checked now. If so, counts the
   * check. Without a hook, the check takes from the rate that all hooks share.
   */
  takeCheck(hook: Pick<LiveHook, 'uid'> | undefined, size: CheckSize): boolean {
    const { ofAll, ofHook } = checkRates[size]
    return (hook && this.#ofHook.take(`${size} ${hook.uid}`, ofHook)) || this.#ofAll.take(size, ofAll)
  }
}

const keyOf = (source: string, hook: LiveHook | undefined): string => (hook ? `${source} ${hook.uid}` : source)
