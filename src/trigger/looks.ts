import type { StoredObject } from '../api/object.ts'
import type { DecidedChange, DecidedCount } from '../api/settlement.ts'
import type { Look } from '../drivers/driver.ts'
import type { Definitions } from '../kube/definitions.ts'
import type { ApiConnection, Environment } from '../environment/environment.ts'
import { groupedBy } from '../environment/grouped.ts'
import { wait } from '../environment/wait.ts'
import { lookEveryMs, lookEveryMsForEach, maxLooks, maxLooksOfNamespace } from './limits.ts'
import type { HookAccounts } from './accounts.ts'
import type { LiveHook } from './hook.ts'
import { Pods } from './pods.ts'

/** The result of a look, or why nothing could be read. */
export type Looked = { readonly look: Look } | { readonly unread: string }

/** Receives the result of each look that began after the looker joined. */
type Looker = (looked: Looked) => void

/** The change whose outcome a looker asks for. */
type Change = DecidedChange | DecidedCount

interface Watched {
  readonly namespace: string
  /** Each looker, with its change and the pause between two looks that it asks for, in milliseconds. */
  readonly lookers: Map<Looker, { readonly change: Change; readonly everyMs: number }>
  /** Interrupts the pause between two looks, so that its length is computed again. */
  wake: () => void
}

/**
 * Looks at the objects of hooks, for posts that wait and for the status. All lookers of one hook
 * share its looks, so many cost no more than one. A look reads the newest version of each object. A
 * watch is not used: it would have to prove that it is current, and would need a right of its own.
 */
export class Looks {
  readonly #environment: Pick<Environment, 'clock'>
  readonly #accounts: Pick<HookAccounts, 'of'>
  readonly #api: ApiConnection
  readonly #definitions: Definitions
  readonly #pods: Pods
  /**
   * The hooks that are looked at, by uid and generation. A post from before a change of the hook
   * looks at the former targets.
   */
  readonly #watched = new Map<string, Watched>()

  constructor(
    { api, clock, log }: Pick<Environment, 'api' | 'clock' | 'log'>,
    definitions: Definitions,
    accounts: Pick<HookAccounts, 'of'>,
  ) {
    this.#accounts = accounts
    this.#definitions = definitions
    this.#environment = { clock }
    this.#api = onLookLane(api)
    this.#pods = new Pods({ clock, log })
  }

  /**
   * Looks at a hook's objects again and again, until the returned function is called. The pause
   * between two looks is at most `everyMs`, and some milliseconds more for each object. Returns
   * undefined if too many hooks of its namespace are looked at already. If too many are in all, one of the
   * namespace with the most gives up its place, so that few tenants cannot keep all places.
   */
  join(hook: LiveHook, looker: Looker, change: Change, everyMs = lookEveryMs): (() => void) | undefined {
    const key = `${hook.uid} ${hook.generation}`
    const present = this.#watched.get(key)
    if (!present && !this.#makePlaceFor(hook.namespace)) return undefined
    const watched = present ?? { namespace: hook.namespace, lookers: new Map(), wake: () => {} }
    watched.lookers.set(looker, { change, everyMs })
    if (present) {
      watched.wake()
    } else {
      this.#watched.set(key, watched)
      void this.#lookOn(hook, key, watched)
    }
    return () => {
      // The looks at the hook may have lost their place, and begun again since.
      const now = this.#watched.get(key)
      now?.lookers.delete(looker)
      now?.wake()
    }
  }

  /** Returns how many hooks are looked at. */
  get size(): number {
    return this.#watched.size
  }

  #makePlaceFor(namespace: string): boolean {
    const ofEach = groupedBy([...this.#watched], ([, watched]) => watched.namespace)
    const own = ofEach.get(namespace)?.length ?? 0
    if (own >= maxLooksOfNamespace) return false
    if (this.#watched.size < maxLooks) return true
    const most = [...ofEach.values()].reduce((a, b) => (b.length > a.length ? b : a))
    const [oldest] = most
    if (!oldest || most.length <= own + 1) return false
    const [key, { lookers, wake }] = oldest
    this.#watched.delete(key)
    for (const looker of lookers.keys()) looker({ unread: 'hooks in other namespaces are checked instead' })
    lookers.clear()
    wake()
    return true
  }

  async #lookOn(hook: LiveHook, key: string, watched: Watched): Promise<void> {
    const { lookers } = watched
    while (lookers.size > 0) {
      // A looker that joins during a look gets the next one. The present look may have read before
      // the looker's change.
      const joined = [...lookers.keys()]
      const changes = [...lookers.values()].map(({ change }) => change)
      const looked = await this.#look(hook, changes)
      for (const looker of joined) if (lookers.has(looker)) looker(looked)
      const objects = 'look' in looked ? looked.look.objects : 1
      if (lookers.size > 0) await this.#pause(watched, objects * lookEveryMsForEach)
    }
    // There must be no `await` between the last check and this line. Otherwise a looker could join
    // looks that have ended.
    if (this.#watched.get(key) === watched) this.#watched.delete(key)
  }

  /** Waits until the next look is due: after the shortest pause that a looker asks for, and `moreMs` more. */
  async #pause(watched: Watched, moreMs: number): Promise<void> {
    const { clock } = this.#environment
    const beganAt = clock.monotonic()
    for (;;) {
      // The pause lasts even if the last looker leaves during it, so that the next post causes no
      // look at once.
      const everyMs =
        watched.lookers.size === 0 ? lookEveryMs : Math.min(...[...watched.lookers.values()].map(each => each.everyMs))
      const leftMs = beganAt + everyMs + moreMs - clock.monotonic()
      if (leftMs <= 0) return
      const woken = new AbortController()
      watched.wake = () => woken.abort()
      await wait(clock, leftMs, woken.signal)
    }
  }

  async #look(hook: LiveHook, changes: readonly Change[]): Promise<Looked> {
    const { account, bound, name, namespace } = hook
    try {
      const acting = this.#accounts.of(hook)
      const api = acting ? onLookLane(acting.api) : this.#api
      const context = {
        api,
        namespace,
        hookName: name,
        changes,
        definitions: this.#definitions,
        pods: (labelSelector: string, take: (pod: StoredObject) => void) =>
          this.#pods.list({ api, namespace, account }, labelSelector, take),
      }
      const look = 'look' in bound ? await bound.look?.(context) : undefined
      return look ? { look } : { unread: 'there is nothing to check' }
    } catch (error) {
      return { unread: error instanceof Error ? error.message : "can't read from the API server" }
    }
  }
}

/** Returns a connection whose requests wait for no delivery. */
const onLookLane = (api: ApiConnection): ApiConnection => ({
  request: request => api.request({ ...request, lane: 'look' }),
  watch: (request, stop) => api.watch(request, stop),
})
