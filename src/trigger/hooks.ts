import { BoundedMap } from '../environment/bounded-map.ts'
import { isReceiverHook, isTooLargeHook, type ReceiverHook } from '../api/hook.ts'
import type { StoredObject } from '../api/object.ts'
import type { Environment } from '../environment/environment.ts'
import { watchedCache, type Cache } from '../kube/cache.ts'
import { currentForMs } from '../kube/currency.ts'
import { readFailureOf } from '../kube/errors.ts'
import type { Follow, Following } from '../kube/follow.ts'
import { freshReads } from '../environment/single-flight.ts'
import { read } from '../kube/requests.ts'
import { hooks, largeHookPick } from '../kube/resources.ts'
import { liveHook, type LiveHook } from './hook.ts'
import { departedKeptMs, hookReadWithinMs, largeForMs, lookupRate, mostDeparted, mostLarge } from './limits.ts'
import { RecentUids } from './recent-uids.ts'
import { rateLimiter, type RateLimiter } from '../environment/rate.ts'

/** How many deleted hooks are remembered: a post that was on its way to one is answered within seconds. */
const mostGone = 10_000

/** How many hooks that were read live are remembered, for at most `currentForMs`. */
const mostLiveReads = 10_000

export type Found =
  | { readonly found: 'hook'; readonly hook: LiveHook }
  | { readonly found: 'none' }
  /** It is too large to be read. */
  | { readonly found: 'too large' }
  /** In a namespace that is not served here. */
  | { readonly found: 'elsewhere' }
  | { readonly found: 'unreachable'; readonly message: string }
  /** So many hooks that this process does not know are asked for that this one was not looked up. */
  | { readonly found: 'not looked up' }

/** The hooks as this process sees them. */
export class Hooks {
  readonly synced: Following['synced']
  /** Why hooks cannot be read or watched, if they cannot. */
  readonly trouble: Following['trouble']
  readonly run: Following['run']
  readonly #environment: Pick<Environment, 'api' | 'clock'>
  readonly #watchNamespace: string | undefined
  readonly #cache: Cache<LiveHook>
  /**
   * The hooks that a live read found, with the cache's entry of when it began. A hook that was missing then proves nothing:
   * only what the cache has learnt since can contradict the read.
   */
  readonly #liveReads = new WeakMap<LiveHook, LiveRead>()
  /** The newest live read of each hook, by uid, the oldest first: for when the cache is not current. */
  readonly #newestReads = new Map<string, LiveHook>()
  /** The uids of hooks that the watch has told to be gone, the newest last. */
  readonly #gone = new BoundedMap<string, true>(mostGone)
  /** The hooks that a live read found gone. A uid is never used again, so each of them stays gone. */
  readonly #departed: RecentUids
  readonly #tooLarge: RecentUids
  readonly #lookups: RateLimiter
  readonly #shared = freshReads<Found>()

  constructor(environment: Environment, watchNamespace: string | undefined, follow?: Follow) {
    const { clock } = environment
    this.#environment = environment
    this.#watchNamespace = watchNamespace
    this.#departed = new RecentUids(clock, { most: mostDeparted, keptMs: departedKeptMs })
    this.#tooLarge = new RecentUids(clock, { most: mostLarge, keptMs: largeForMs })
    this.#lookups = rateLimiter(clock, 1)
    this.#cache = watchedCache<LiveHook>(
      environment,
      {
        type: hooks,
        pick: largeHookPick,
        ...(watchNamespace !== undefined && { namespace: watchNamespace }),
        keep: object => (isAlive(object) && !isTooLargeHook(object) ? liveHook(object) : undefined),
      },
      follow,
    )
    this.synced = this.#cache.synced
    this.trouble = this.#cache.trouble
    this.run = this.#cache.run
    this.#cache.subscribe(({ before, now }) => {
      if (now) {
        // A watch that has a hook again says that etcd was restored from a backup.
        this.#departed.delete(now.uid)
        this.#tooLarge.delete(now.uid)
      }
      if (before && before.uid !== now?.uid) this.#gone.set(before.uid, true)
    })
  }

  /**
   * The hook of this name and uid, as it was at most `currentForMs` ago: from the cache while that is proven to be
   * current, else by a live read, which many may share. The cache alone
   * never says that there is none, or that something is in the way of its steps, since that would lose an alert: a
   * process that was stalled learns late of what has become of a hook meanwhile.
   */
  async find(namespace: string, name: string, uid: string): Promise<Found> {
    if (this.#watchNamespace !== undefined && namespace !== this.#watchNamespace) return { found: 'elsewhere' }
    const known = this.#cache.get(namespace, name)
    if (known?.uid === uid && this.#cache.fresh() && mayRun(known)) return { found: 'hook', hook: known }
    const hook = this.#readRecently(namespace, name, uid)
    if (hook) return { found: 'hook', hook }
    if (this.#departed.has(uid)) return { found: 'none' }
    if (this.#tooLarge.has(uid)) return { found: 'too large' }
    // No right token leads here again and again, but for those of hooks that were deleted.
    if (known?.uid !== uid && !this.#lookups.take('', lookupRate)) return { found: 'not looked up' }
    return await this.readLive(namespace, name, uid)
  }

  /** Reads past the cache. Many who ask at the same time cost two reads. */
  readLive(namespace: string, name: string, uid: string): Promise<Found> {
    return this.#shared(`${namespace}/${name}/${uid}`, () => this.#read(namespace, name, uid))
  }

  /** Whether a hook is known to be as it was found, at most `currentForMs` ago. */
  unchanged(hook: LiveHook): boolean {
    const known = this.known(hook)
    if (known && this.#cache.fresh()) return known.generation <= hook.generation
    return this.#isValid(hook, this.#cached(hook.namespace, hook.name))
  }

  /** The hook as this process has it, however old that is: for limits, and for nothing else. */
  known({ name, namespace, uid }: Pick<LiveHook, 'namespace' | 'name' | 'uid'>): LiveHook | undefined {
    const known = this.#cache.get(namespace, name)
    return known?.uid === uid ? known : undefined
  }

  /** Whether there is a hook of this name, as far as this process knows. */
  has(namespace: string, name: string): boolean {
    return this.#cache.get(namespace, name) !== undefined
  }

  async #read(namespace: string, name: string, uid: string): Promise<Found> {
    const { api, clock } = this.#environment
    const before = { ...this.#cached(namespace, name), began: clock.monotonic() }
    // A request for a hook that is not known here must not fill the connections of those that are.
    const lane = before.known?.uid === uid ? 'step' : 'lookup'
    try {
      const object = await read(api, hooks, namespace, name, { lane, timeoutMs: hookReadWithinMs })
      if (!isAlive(object) || object.metadata.uid !== uid) {
        this.#departed.add(uid)
        return { found: 'none' }
      }
      if (isTooLargeHook(object)) return this.#foundTooLarge(uid)
      const hook = liveHook(object)
      this.#keepRead(hook, before)
      return { found: 'hook', hook }
    } catch (error) {
      const { failure, message } = readFailureOf(error)
      return failure === 'too large' ? this.#foundTooLarge(uid) : { found: 'unreachable', message }
    }
  }

  #foundTooLarge(uid: string): Found {
    this.#tooLarge.add(uid)
    return { found: 'too large' }
  }

  #keepRead(hook: LiveHook, liveRead: LiveRead): void {
    this.#liveReads.set(hook, liveRead)
    this.#newestReads.delete(hook.uid)
    this.#newestReads.set(hook.uid, hook)
    for (const [uid, oldest] of this.#newestReads) {
      const then = this.#liveReads.get(oldest)
      if (this.#newestReads.size <= mostLiveReads && then && this.#isRecent(then)) break
      this.#newestReads.delete(uid)
    }
  }

  #readRecently(namespace: string, name: string, uid: string): LiveHook | undefined {
    const hook = this.#newestReads.get(uid)
    const isIt = hook?.namespace === namespace && hook.name === name
    return isIt && mayRun(hook) && this.#isValid(hook, this.#cached(namespace, name)) ? hook : undefined
  }

  /** Whether nothing speaks against what a live read found: neither its age, nor what the cache has learnt since. */
  #isValid(hook: LiveHook, now: Cached): boolean {
    const then = this.#liveReads.get(hook)
    if (!then || !this.#isRecent(then)) return false
    if (now.known?.uid === hook.uid) return now.known.generation <= hook.generation
    return then.lists === now.lists && then.known === now.known && this.#gone.get(hook.uid) === undefined
  }

  #isRecent({ began }: LiveRead): boolean {
    return this.#environment.clock.monotonic() - began < currentForMs
  }

  #cached(namespace: string, name: string): Cached {
    return { lists: this.#cache.lists, known: this.#cache.get(namespace, name) }
  }
}

/** A live read of a hook: when it began, in monotonic milliseconds, and what the cache had then. */
interface LiveRead extends Cached {
  readonly began: number
}

/** What the cache had under a hook's name. Values that have not changed are the very same. */
interface Cached {
  readonly lists: number
  readonly known: LiveHook | undefined
}

/** Whether nothing is in the way of its steps, as far as is known. */
const mayRun = ({ bound, obstacle }: LiveHook): boolean => !obstacle && !('path' in bound)

/** A hook that is being deleted runs no more, however long its finalizers or its dependents hold it back. */
const isAlive = (object: StoredObject | undefined): object is ReceiverHook =>
  isReceiverHook(object) && object.metadata.deletionTimestamp === undefined
