import type { StoredObject } from '../api/object.ts'
import { BoundedMap, RecentKeys } from '../environment/bounded-map.ts'
import type { Environment } from '../environment/environment.ts'
import type { Cache } from '../kube/cache.ts'
import { cacheIn } from '../kube/cache-in.ts'
import { readFailureOf } from '../kube/errors.ts'
import { currentForMs } from '../kube/currency.ts'
import type { Follow, Following } from '../kube/follow.ts'
import type { History } from '../kube/lease-history.ts'
import { freshReads } from '../environment/single-flight.ts'
import { readOfAnyKind } from '../kube/requests.ts'
import { hooks } from '../kube/resources.ts'
import { CachedHook, isAlive, liveHook, type HookParts, type LiveHook } from './hook.ts'
import { deletedHooksKeptMs, hookReadWithinMs, lookupRates, maxDeletedHooks } from './limits.ts'
import type { HookName } from './request.ts'
import { rateLimiter, type RateLimiter } from '../environment/rate.ts'

/**
 * How many deleted hooks are remembered. A post to a hook that was just deleted is answered within
 * seconds, so few are needed.
 */
const maxGone = 10_000

/** How many live reads of hooks are remembered, each for at most `currentForMs`. */
const maxLiveReads = 10_000

export type Found =
  | { readonly found: 'hook'; readonly hook: LiveHook }
  | { readonly found: 'none' }
  /** This process does not serve the hook's namespace. */
  | { readonly found: 'elsewhere' }
  | { readonly found: 'unreachable'; readonly message: string }
  /** Too many unknown hooks were requested, so this one was not read. */
  | { readonly found: 'not looked up' }

/** The hooks as this process knows them. */
export class Hooks {
  readonly synced: Following['synced']
  /** Returns why hooks cannot be read or watched, or undefined. */
  readonly problem: Following['problem']
  readonly run: Following['run']
  readonly #environment: Pick<Environment, 'api' | 'clock'>
  /** The namespaces whose hooks are served. Empty: all. */
  readonly #namespaces: readonly string[]
  readonly #history: Pick<History, 'current' | 'doubt' | 'lostCache'> | undefined
  readonly #cache: Cache<CachedHook>
  /**
   * The hooks from live reads, each with the entry that the cache had when the read began. An entry
   * that was missing then proves nothing. Only what the cache learns later can contradict the read.
   */
  readonly #liveReads = new WeakMap<LiveHook, LiveRead>()
  /** The newest live read of each hook, by uid, oldest first. Used while the cache is not current. */
  readonly #newestReads = new Map<string, LiveHook>()
  /** The uids of hooks that the watch reported as deleted, newest last. */
  readonly #gone = new BoundedMap<string, true>(maxGone)
  /**
   * The hooks that a live read did not find. A uid is never reused, so a deleted hook stays
   * deleted, unless etcd is restored.
   */
  readonly #deleted: RecentKeys
  readonly #lookups: RateLimiter
  readonly #namedLookups: RateLimiter
  readonly #shared = freshReads<Found>()
  /** How many hooks of the cache have an expression. */
  #withWhen = 0

  constructor(
    environment: Environment,
    namespaces: readonly string[],
    {
      follow,
      history,
    }: {
      readonly follow?: Follow | undefined
      readonly history?: Pick<History, 'current' | 'doubt' | 'lostCache'> | undefined
    } = {},
  ) {
    const { clock } = environment
    this.#environment = environment
    this.#namespaces = namespaces
    this.#history = history
    this.#deleted = new RecentKeys(clock, { most: maxDeletedHooks, keptMs: deletedHooksKeptMs })
    this.#lookups = rateLimiter(clock, 2)
    this.#namedLookups = rateLimiter(clock, 1)
    const keep = (object: StoredObject): CachedHook | undefined =>
      isAlive(object) ? new CachedHook(object) : undefined
    this.#cache = cacheIn(environment, namespaces, { type: hooks, keep }, follow)
    this.synced = this.#cache.synced
    this.problem = this.#cache.problem
    this.run = this.#cache.run
    this.#cache.subscribe(({ before, now }) => {
      this.#withWhen += Number(hasWhen(now)) - Number(hasWhen(before))
      if (hasWhen(now) !== hasWhen(before)) environment.expressions.keepReady(this.#withWhen > 0)
      if (now) {
        // If a watch reports the hook again, etcd was restored from a backup.
        const { name, namespace, uid } = now.parts
        const key = keyOf(namespace, name, uid)
        this.#deleted.delete(key)
        this.#gone.delete(uid)
      }
      if (before && before.parts.uid !== now?.parts.uid) this.#gone.set(before.parts.uid, true)
    })
  }

  /**
   * Returns the hook with this name and uid as it was at most `currentForMs` ago. The hook is read
   * from the cache while the cache is proven to be current, and otherwise with a live read that
   * several posts can share.
   * The cache alone never decides that a hook is deleted or that a problem blocks it, because a
   * wrong answer would lose an alert. A process that was paused may have an old cache.
   */
  async find(namespace: string, name: string, uid: string, asker: 'post' | 'end' = 'post'): Promise<Found> {
    if (!this.#serves(namespace)) return { found: 'elsewhere' }
    const known = this.#cache.get(namespace, name)
    const isKnown = known?.parts.uid === uid
    const current = isKnown && this.#cache.fresh(namespace) ? known.live : undefined
    if (current && mayRun(current)) return { found: 'hook', hook: current }
    const hook = this.#readRecently(namespace, name, uid)
    if (hook) return { found: 'hook', hook }
    // If the Lease was made again, its version is current, but etcd may have been restored.
    const key = keyOf(namespace, name, uid)
    if (this.#deleted.has(key) && this.#history?.doubt() === undefined) return { found: 'none' }
    if (isKnown) return await this.readLive(namespace, name, uid)
    // Posts with a valid token get here repeatedly only if their hook was deleted. Posts that share a
    // read count once.
    return await this.#shared(key, async () => {
      const mayRead = this.#lookups.take(asker, lookupRates[asker])
      return mayRead ? await this.#read(namespace, name, uid) : { found: 'not looked up' }
    })
  }

  /**
   * Returns the hook with this name as it was at most `currentForMs` ago. While the cache is proven
   * to be current, it alone decides, so that a name of no hook costs no request. Otherwise the hook
   * is read. Reads of unknown names have a rate of their own: see {@link takeNamedLookup}.
   */
  async findNamed({ name, namespace }: HookName): Promise<Found> {
    if (!this.#serves(namespace)) return { found: 'elsewhere' }
    const known = this.#cache.get(namespace, name)
    if (this.#cache.fresh(namespace)) return known ? { found: 'hook', hook: known.live } : { found: 'none' }
    const hook = known && this.#readRecently(namespace, name, known.parts.uid)
    if (hook) return { found: 'hook', hook }
    if (!known && !this.#namedLookups.take('', lookupRates.post)) return { found: 'not looked up' }
    return await this.#shared(`${namespace}/${name}`, () => this.#read(namespace, name, undefined))
  }

  /**
   * Takes a lookup from the rate of unknown names, for a post without a proof at the name of a hook. Returns false if it
   * must not be refused now. While the cache is not proven to be current, names of no hook are looked up at a bounded
   * rate, and get 503 beyond it. Without the same rate, a refusal would reveal that there is a hook.
   */
  takeNamedLookup({ namespace }: HookName): boolean {
    return this.#cache.fresh(namespace) || this.#namedLookups.take('', lookupRates.post)
  }

  /** Reads a hook live. Simultaneous callers cost at most two reads. */
  readLive(namespace: string, name: string, uid: string): Promise<Found> {
    return this.#shared(keyOf(namespace, name, uid), () => this.#read(namespace, name, uid))
  }

  /** Returns whether this process knows that the hook was still unchanged at most `currentForMs` ago. */
  unchanged(hook: LiveHook): boolean {
    const known = this.#cache.get(hook.namespace, hook.name)?.parts
    if (known?.uid === hook.uid && this.#cache.fresh(hook.namespace)) return known.generation <= hook.generation
    return this.#isValid(hook, this.#cached(hook.namespace, hook.name))
  }

  /** Returns the hook as this process knows it, of any age. Use it only for limits. */
  known({ name, namespace, uid }: Pick<LiveHook, 'namespace' | 'name' | 'uid'>): LiveHook | undefined {
    const known = this.#cache.get(namespace, name)
    return known?.parts.uid === uid ? known.live : undefined
  }

  /** Returns the hook of this name as this process knows it, of any age. Use it only for limits. */
  knownNamed({ name, namespace }: HookName): LiveHook | undefined {
    const known = this.#cache.get(namespace, name)
    return known?.live
  }

  /** Returns what the cache has of the hook of this name, of any age. Use it only for when something ends. */
  inCache({ name, namespace }: HookName): HookParts | undefined {
    return this.#cache.get(namespace, name)?.parts
  }

  /** Returns whether this process knows a hook of this name. */
  has(namespace: string, name: string): boolean {
    return this.#cache.get(namespace, name) !== undefined
  }

  /** Returns whether the watch has reported that a hook was deleted. */
  isGone({ uid }: Pick<LiveHook, 'uid'>): boolean {
    return this.#gone.get(uid) !== undefined
  }

  #serves(namespace: string): boolean {
    return this.#namespaces.length === 0 || this.#namespaces.includes(namespace)
  }

  /** Reads a hook with this uid, or with any uid if it is undefined. */
  async #read(namespace: string, name: string, uid: string | undefined): Promise<Found> {
    const { api, clock } = this.#environment
    const before = { ...this.#cached(namespace, name), began: clock.monotonic() }
    // A request for an unknown hook must not occupy the connections of known ones.
    const isKnown = before.known !== undefined && (uid === undefined || before.known.parts.uid === uid)
    const lane = isKnown ? 'step' : 'lookup'
    try {
      const object = await readOfAnyKind(api, hooks, namespace, name, { lane, timeoutMs: hookReadWithinMs })
      if (!isAlive(object) || (uid !== undefined && object.metadata.uid !== uid)) {
        if (uid !== undefined) this.#deleted.add(keyOf(namespace, name, uid))
        return { found: 'none' }
      }
      const hook = liveHook(object)
      this.#keepRead(hook, before)
      return { found: 'hook', hook }
    } catch (error) {
      return { found: 'unreachable', message: readFailureOf(error).message }
    }
  }

  #keepRead(hook: LiveHook, liveRead: LiveRead): void {
    this.#liveReads.set(hook, liveRead)
    this.#newestReads.delete(hook.uid)
    this.#newestReads.set(hook.uid, hook)
    for (const [uid, oldest] of this.#newestReads) {
      const then = this.#liveReads.get(oldest)
      if (this.#newestReads.size <= maxLiveReads && then && this.#isRecent(then)) break
      this.#newestReads.delete(uid)
    }
  }

  #readRecently(namespace: string, name: string, uid: string): LiveHook | undefined {
    const hook = this.#newestReads.get(uid)
    const isIt = hook?.namespace === namespace && hook.name === name
    return isIt && mayRun(hook) && this.#isValid(hook, this.#cached(namespace, name)) ? hook : undefined
  }

  /**
   * Returns whether a live read is still valid: it is not too old, and the cache has learnt nothing
   * newer.
   */
  #isValid(hook: LiveHook, now: Cached): boolean {
    const then = this.#liveReads.get(hook)
    if (!then || !this.#isRecent(then)) return false
    const known = now.known?.parts
    if (known?.uid === hook.uid) return known.generation <= hook.generation
    return then.lists === now.lists && then.known === now.known && this.#gone.get(hook.uid) === undefined
  }

  #isRecent({ began }: LiveRead): boolean {
    return this.#environment.clock.monotonic() - began < currentForMs
  }

  #cached(namespace: string, name: string): Cached {
    // What a lost history says of a hook contradicts no live read.
    const isBelieved = this.#history?.lostCache() === undefined
    return { lists: this.#cache.lists, known: isBelieved ? this.#cache.get(namespace, name) : undefined }
  }
}

const hasWhen = (hook: CachedHook | undefined): boolean => hook?.parts.spec.when !== undefined

const keyOf = (namespace: string, name: string, uid: string): string => `${namespace}/${name}/${uid}`

/** A live read of a hook: when it began, in monotonic milliseconds, and what the cache had then. */
interface LiveRead extends Cached {
  readonly began: number
}

/**
 * The cache's entry for a hook's name, and how many lists the cache has read. An unchanged entry is
 * the same object.
 */
interface Cached {
  readonly lists: number
  readonly known: CachedHook | undefined
}

/** Returns whether no known problem blocks the hook's steps. */
const mayRun = ({ bound, problem }: LiveHook): boolean => !problem && !('path' in bound)
