import type { Look } from '../drivers/driver.ts'
import type { ApiConnection, Environment } from '../environment/environment.ts'
import { wait } from '../environment/wait.ts'
import { lookEveryMs, lookEveryMsForEach, maxLooks } from './limits.ts'
import type { LiveHook } from './hook.ts'

/** The result of a look, or why nothing could be read. */
export type Looked = { readonly look: Look } | { readonly unread: string }

/** Takes the result of each look that began after it joined. */
type Looker = (looked: Looked) => void

/**
 * Looks at the objects of hooks while posts wait for them. All posts that wait for one hook share its
 * looks, so many cost no more than one. A look reads the newest version. A watch would have to prove
 * that it is current, and would need a right of its own.
 */
export class Looks {
  readonly #environment: Pick<Environment, 'clock'>
  readonly #api: ApiConnection
  /** By the hook's uid and generation: posts from before an edit look at the former targets. */
  readonly #lookers = new Map<string, Set<Looker>>()

  constructor({ api, clock }: Pick<Environment, 'api' | 'clock'>) {
    this.#environment = { clock }
    this.#api = {
      request: request => api.request({ ...request, lane: 'look' }),
      watch: (request, stop) => api.watch(request, stop),
    }
  }

  /**
   * Looks at a hook's objects until the returned function is called. Returns undefined if too many
   * hooks are looked at.
   */
  join(hook: LiveHook, looker: Looker): (() => void) | undefined {
    const key = `${hook.uid} ${hook.generation}`
    const present = this.#lookers.get(key)
    if (!present && this.#lookers.size >= maxLooks) return undefined
    const lookers = present ?? new Set()
    lookers.add(looker)
    if (!present) {
      this.#lookers.set(key, lookers)
      void this.#lookOn(hook, key, lookers)
    }
    return () => void lookers.delete(looker)
  }

  /** Returns how many hooks are looked at. */
  get size(): number {
    return this.#lookers.size
  }

  async #lookOn(hook: LiveHook, key: string, lookers: Set<Looker>): Promise<void> {
    while (lookers.size > 0) {
      // A post that joins during a look gets the next one. This one may have read too early for it.
      const joined = [...lookers]
      const looked = await this.#look(hook)
      for (const looker of joined) if (lookers.has(looker)) looker(looked)
      const objects = 'look' in looked ? looked.look.objects : 1
      if (lookers.size > 0) await wait(this.#environment.clock, lookEveryMs + objects * lookEveryMsForEach)
    }
    // Without a wait in between, so that the next post to join begins the looks again.
    this.#lookers.delete(key)
  }

  async #look({ bound, namespace }: LiveHook): Promise<Looked> {
    try {
      const look = 'look' in bound ? await bound.look?.({ api: this.#api, namespace }) : undefined
      return look ? { look } : { unread: 'there is nothing to look at' }
    } catch (error) {
      return { unread: error instanceof Error ? error.message : 'the API server cannot be read' }
    }
  }
}
