import { boundedMap } from '../environment/bounded-map.ts'
import { isReceiverHook, isTooLargeHook, type ReceiverHook } from '../api/hook.ts'
import type { StoredObject } from '../api/object.ts'
import { Unreachable } from '../environment/unreachable.ts'
import type { Environment } from '../environment/environment.ts'
import { watchedCache } from '../kube/cache.ts'
import { currentForMs } from '../kube/currency.ts'
import { ApiError, TooLarge } from '../kube/errors.ts'
import type { Follow } from '../kube/follow.ts'
import { freshReads } from '../environment/single-flight.ts'
import { read } from '../kube/requests.ts'
import { hooks, largeHookPick } from '../kube/resources.ts'
import { departedHooks } from './departed.ts'
import { hookReadWithinMs, lookupRate } from './limits.ts'
import { liveHook, type LiveHook } from './hook.ts'
import { tooLargeHooks } from './too-large.ts'
import { rateLimiter } from '../environment/rate.ts'

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
export interface Hooks {
  readonly synced: () => boolean
  /** Why hooks cannot be read or watched, if they cannot. */
  readonly trouble: () => string | undefined
  /**
   * The hook of this name and uid, as it was at most `currentForMs` ago: from the cache while that is proven to be
   * current, else by a live read, which many may share. The cache alone
   * never says that there is none, or that something is in the way of its steps, since that would lose an alert: a
   * process that was stalled learns late of what has become of a hook meanwhile.
   */
  find(namespace: string, name: string, uid: string): Promise<Found>
  /** Reads past the cache. Many who ask at the same time cost two reads. */
  readLive(namespace: string, name: string, uid: string): Promise<Found>
  /** Whether a hook is known to be as it was found, at most `currentForMs` ago. */
  unchanged(hook: LiveHook): boolean
  /** The hook as this process has it, however old that is: for limits, and for nothing else. */
  known(hook: Pick<LiveHook, 'namespace' | 'name' | 'uid'>): LiveHook | undefined
  /** Whether there is a hook of this name, as far as this process knows. */
  has(namespace: string, name: string): boolean
  run(stop: AbortSignal): Promise<void>
}

export const hookCache = (environment: Environment, watchNamespace: string | undefined, follow?: Follow): Hooks => {
  const { clock } = environment
  const cache = watchedCache<LiveHook>(
    environment,
    {
      type: hooks,
      pick: largeHookPick,
      ...(watchNamespace === undefined ? {} : { namespace: watchNamespace }),
      keep: object => (isAlive(object) && !isTooLargeHook(object) ? liveHook(object) : undefined),
    },
    follow,
  )
  /**
   * The hooks that a live read found, with the cache's entry of when it began. A hook that was missing then proves nothing:
   * only what the cache has learnt since can contradict the read.
   */
  const readLately = new WeakMap<LiveHook, LiveRead>()
  /** The newest live read of each hook, by uid, the oldest first: for when the cache is not current. */
  const newestReads = new Map<string, LiveHook>()
  /** The uids of hooks that the watch has told to be gone, the newest last. */
  const gone = boundedMap<string, true>(mostGone)
  const departed = departedHooks(environment.clock)
  const tooLarge = tooLargeHooks(environment.clock)
  cache.subscribe(({ before, now }) => {
    if (now) departed.drop(now.uid)
    if (now) tooLarge.delete(now.uid)
    if (!before || before.uid === now?.uid) return
    gone.set(before.uid, true)
  })

  const lookups = rateLimiter(environment.clock, 1)
  const shared = freshReads<Found>()
  const readLive = (namespace: string, name: string, uid: string): Promise<Found> =>
    shared(`${namespace}/${name}/${uid}`, () => readAnew(namespace, name, uid))
  const besideOf = (namespace: string, name: string): Beside => ({
    lists: cache.lists,
    known: cache.get(namespace, name),
  })
  const isRecent = ({ began }: LiveRead): boolean => clock.monotonic() - began < currentForMs
  const keepRead = (hook: LiveHook, liveRead: LiveRead): void => {
    readLately.set(hook, liveRead)
    newestReads.delete(hook.uid)
    newestReads.set(hook.uid, hook)
    for (const [uid, oldest] of newestReads) {
      const then = readLately.get(oldest)
      if (newestReads.size <= mostLiveReads && then && isRecent(then)) break
      newestReads.delete(uid)
    }
  }
  const readAnew = async (namespace: string, name: string, uid: string): Promise<Found> => {
    const beside = { ...besideOf(namespace, name), began: clock.monotonic() }
    // Whoever asks for hooks that are not known here must not fill the connections of those that are.
    const lane = beside.known?.uid === uid ? 'step' : 'lookup'
    try {
      const object = await read(environment.api, hooks, namespace, name, { lane, timeoutMs: hookReadWithinMs })
      if (!isAlive(object) || object.metadata.uid !== uid) {
        departed.add(uid)
        return { found: 'none' }
      }
      if (isTooLargeHook(object)) return tooLarge.found(uid)
      const hook = liveHook(object)
      keepRead(hook, beside)
      return { found: 'hook', hook }
    } catch (error) {
      if (error instanceof TooLarge) return tooLarge.found(uid)
      if (error instanceof ApiError || error instanceof Unreachable) {
        return { found: 'unreachable', message: error.message }
      }
      throw error
    }
  }

  /** Whether nothing speaks against what a live read found: neither its age, nor what was told since. */
  const holds = (hook: LiveHook, now: Beside): boolean => {
    const then = readLately.get(hook)
    if (!then || !isRecent(then)) return false
    if (now.known?.uid === hook.uid) return now.known.generation <= hook.generation
    return then.lists === now.lists && then.known === now.known && gone.get(hook.uid) === undefined
  }

  const readRecently = (namespace: string, name: string, uid: string): LiveHook | undefined => {
    const hook = newestReads.get(uid)
    const isIt = hook?.namespace === namespace && hook.name === name
    return isIt && mayRun(hook) && holds(hook, besideOf(namespace, name)) ? hook : undefined
  }

  return {
    synced: () => cache.synced(),
    trouble: () => cache.trouble(),
    async find(namespace, name, uid) {
      if (watchNamespace !== undefined && namespace !== watchNamespace) return { found: 'elsewhere' }
      const known = cache.get(namespace, name)
      if (known?.uid === uid && cache.fresh() && mayRun(known)) return { found: 'hook', hook: known }
      const hook = readRecently(namespace, name, uid)
      if (hook) return { found: 'hook', hook }
      if (departed.has(uid)) return { found: 'none' }
      if (tooLarge.has(uid)) return { found: 'too large' }
      // No right token leads here again and again, but for those of hooks that were deleted.
      if (known?.uid !== uid && !lookups.take('', lookupRate)) return { found: 'not looked up' }
      return await readLive(namespace, name, uid)
    },
    readLive,
    unchanged: hook => {
      const now = besideOf(hook.namespace, hook.name)
      if (now.known?.uid === hook.uid && cache.fresh()) return now.known.generation <= hook.generation
      return holds(hook, now)
    },
    known: ({ name, namespace, uid }) => {
      const known = cache.get(namespace, name)
      return known?.uid === uid ? known : undefined
    },
    has: (namespace, name) => cache.get(namespace, name) !== undefined,
    run: stop => cache.run(stop),
  }
}

/** A live read of a hook: when it began, in monotonic milliseconds, and what the cache had then. */
interface LiveRead extends Beside {
  readonly began: number
}

/** What the cache had under a hook's name. Values that have not changed are the very same. */
interface Beside {
  readonly lists: number
  readonly known: LiveHook | undefined
}

/** Whether nothing is in the way of its steps, as far as is known. */
const mayRun = ({ bound, obstacle }: LiveHook): boolean => !obstacle && !('path' in bound)

/** A hook that is being deleted runs no more, however long its finalizers or its dependents hold it back. */
const isAlive = (object: StoredObject | undefined): object is ReceiverHook =>
  isReceiverHook(object) && object.metadata.deletionTimestamp === undefined
