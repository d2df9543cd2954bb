import type { Look } from '../drivers/driver.ts'
import type { ApiConnection, Environment } from '../environment/environment.ts'
import { wait } from '../environment/wait.ts'
import { lookEveryMs, lookEveryMsForEach, mostLooks } from './limits.ts'
import type { LiveHook } from './hook.ts'

/** What a look has found; or why nothing could be read. */
export type Looked = { readonly look: Look } | { readonly unread: string }

/** Is called with each look that began after it joined. */
type Looker = (looked: Looked) => void

/**
 * Looks at the objects of hooks while somebody waits for them. All who wait for one hook share its looks, so that many cost no more than
 * one. A look is a read of the newest version: a watch would have to prove that it is current, and would need a right of its own.
 */
export class Looks {
  readonly #environment: Pick<Environment, 'clock'>
  readonly #api: ApiConnection
  /** By the hook's uid and generation: where a hook is edited, those who wait look at what it was. */
  readonly #lookers = new Map<string, Set<Looker>>()

  constructor({ api, clock }: Pick<Environment, 'api' | 'clock'>) {
    this.#environment = { clock }
    this.#api = {
      request: request => api.request({ ...request, lane: 'look' }),
      watch: (request, stop) => api.watch(request, stop),
    }
  }

  /** Has a hook looked at until the function that this returns is called; undefined where too many hooks are looked at. */
  join(hook: LiveHook, looker: Looker): (() => void) | undefined {
    const key = `${hook.uid} ${hook.generation}`
    const present = this.#lookers.get(key)
    if (!present && this.#lookers.size >= mostLooks) return undefined
    const lookers = present ?? new Set()
    lookers.add(looker)
    if (!present) {
      this.#lookers.set(key, lookers)
      void this.#goOn(hook, key, lookers)
    }
    return () => void lookers.delete(looker)
  }

  /** How many hooks are looked at. */
  get size(): number {
    return this.#lookers.size
  }

  async #goOn(hook: LiveHook, key: string, lookers: Set<Looker>): Promise<void> {
    while (lookers.size > 0) {
      // Who joins during a look gets the next one: this one may have read before their change was stored.
      const joined = [...lookers]
      const looked = await this.#look(hook)
      for (const looker of joined) if (lookers.has(looker)) looker(looked)
      const objects = 'look' in looked ? looked.look.objects : 1
      if (lookers.size > 0) await wait(this.#environment.clock, lookEveryMs + objects * lookEveryMsForEach)
    }
    // At once: the next who joins begins the looks again.
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
