import type { Clock } from '../environment/environment.ts'
import { rateLimiter, type RateLimiter } from '../environment/rate.ts'
import type { LiveHook } from './hook.ts'
import { checkRates, mostLimitedHooks, mostSources, refusedRate } from './limits.ts'

/** What a check reads: little, or a long body. */
export type CheckSize = keyof typeof checkRates

/**
 * Bounds what is spent on the posts of sources that were refused again and again. A proxy may be the source of every post, good and
 * bad: so their posts are checked at a bounded rate, not refused unseen. Each hook has a share of its own, and what is beyond that
 * comes from a rate that all share. So a flood of one hook's URL takes nothing from the posts to another.
 */
export class Distrust {
  readonly #refusals: RateLimiter
  readonly #ofHook: RateLimiter
  readonly #ofAll: RateLimiter

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#refusals = rateLimiter(clock, mostSources)
    this.#ofHook = rateLimiter(clock, mostLimitedHooks)
    this.#ofAll = rateLimiter(clock, 2)
  }

  /** Counts a post that was refused; by what the hook's `auth` asks for, where `hook` is given. */
  refused(source: string, hook?: LiveHook): void {
    this.#refusals.take(keyOf(source, hook), refusedRate)
  }

  /**
   * True if few posts of a source were refused of late. With `hook`, the one of a token that was verified before: if few of those
   * to it were, or it asks for no more than its token.
   */
  trusts(source: string, hook?: LiveHook): boolean {
    return (hook !== undefined && !hook.auth) || !this.#refusals.empty(keyOf(source, hook), refusedRate)
  }

  /** True if a post to a hook of a source that is not trusted may be checked now. It is counted. */
  takeCheck({ uid }: LiveHook, size: CheckSize): boolean {
    const { ofAll, ofHook } = checkRates[size]
    return this.#ofHook.take(`${size} ${uid}`, ofHook) || this.#ofAll.take(size, ofAll)
  }
}

const keyOf = (source: string, hook: LiveHook | undefined): string => (hook ? `${source} ${hook.uid}` : source)
