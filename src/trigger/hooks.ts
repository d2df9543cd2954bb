import { isReceiverHook, type ReceiverHook } from '../api/hook.ts'
import type { StoredObject } from '../api/object.ts'
import { Unreachable } from '../environment/unreachable.ts'
import type { Environment } from '../environment/environment.ts'
import { watchedCache } from '../kube/cache.ts'
import { ApiError } from '../kube/errors.ts'
import type { Follow } from '../kube/follow.ts'
import { read } from '../kube/requests.ts'
import { hooks } from '../kube/resources.ts'
import { freshReads } from './fresh.ts'
import { hookReadWithinMs } from './limits.ts'
import { liveHook, type LiveHook } from './hook.ts'

/** How many deleted hooks are remembered: a post that was on its way to one is answered within seconds. */
const mostGone = 10_000

export type Found =
  | { readonly found: 'hook'; readonly hook: LiveHook }
  | { readonly found: 'none' }
  /** In a namespace that is not served here. */
  | { readonly found: 'elsewhere' }
  | { readonly found: 'unreachable'; readonly message: string }

/** The hooks as this process sees them. */
export interface Hooks {
  readonly synced: () => boolean
  /**
   * The hook of this name and uid: from the cache while that can be trusted, else by a live read. The cache alone
   * never says that there is none, or that something is in the way of its steps, since that would lose an alert: a
   * process that was stalled learns late of what has become of a hook meanwhile.
   */
  find(namespace: string, name: string, uid: string): Promise<Found>
  /** Reads past the cache. Many who ask at the same time cost two reads. */
  readLive(namespace: string, name: string, uid: string): Promise<Found>
  /** Whether a hook is still exactly as it was found, as far as this process knows. */
  unchanged(hook: LiveHook): boolean
  /** Whether there is a hook of this name, as far as this process knows. */
  has(namespace: string, name: string): boolean
  run(stop: AbortSignal): Promise<void>
}

export const hookCache = (environment: Environment, watchNamespace: string | undefined, follow?: Follow): Hooks => {
  const cache = watchedCache<LiveHook>(
    environment,
    {
      type: hooks,
      ...(watchNamespace === undefined ? {} : { namespace: watchNamespace }),
      keep: object => (isAlive(object) ? liveHook(object) : undefined),
    },
    follow,
  )
  /**
   * Those found by a live read, with what the cache had when that began: what it lacked then says nothing against them.
   * What it has been told of their name since then may.
   */
  const readLately = new WeakMap<LiveHook, Beside>()
  /** The uids of hooks that the watch has told to be gone, the newest last. */
  const gone = new Set<string>()
  cache.subscribe(({ before, now }) => {
    if (!before || before.uid === now?.uid) return
    gone.add(before.uid)
    const [oldest] = gone
    if (oldest !== undefined && gone.size > mostGone) gone.delete(oldest)
  })

  const shared = freshReads<Found>()
  const readLive = (namespace: string, name: string, uid: string): Promise<Found> =>
    shared(`${namespace}/${name}/${uid}`, () => readAnew(namespace, name, uid))
  const besideOf = (namespace: string, name: string): Beside => ({
    lists: cache.lists,
    known: cache.get(namespace, name),
  })
  const readAnew = async (namespace: string, name: string, uid: string): Promise<Found> => {
    const beside = besideOf(namespace, name)
    try {
      const object = await read(environment.api, hooks, namespace, name, { lane: 'step', timeoutMs: hookReadWithinMs })
      if (!isAlive(object) || object.metadata.uid !== uid) return { found: 'none' }
      const hook = liveHook(object)
      readLately.set(hook, beside)
      return { found: 'hook', hook }
    } catch (error) {
      if (error instanceof ApiError || error instanceof Unreachable) {
        return { found: 'unreachable', message: error.message }
      }
      throw error
    }
  }

  return {
    synced: () => cache.synced(),
    async find(namespace, name, uid) {
      if (watchNamespace !== undefined && namespace !== watchNamespace) return { found: 'elsewhere' }
      const hook = cache.fresh() ? cache.get(namespace, name) : undefined
      if (hook?.uid === uid && mayRun(hook)) return { found: 'hook', hook }
      return await readLive(namespace, name, uid)
    },
    readLive,
    unchanged: hook => {
      const now = besideOf(hook.namespace, hook.name)
      if (now.known?.uid === hook.uid) return now.known.generation <= hook.generation
      const then = readLately.get(hook)
      return then?.lists === now.lists && then.known === now.known && !gone.has(hook.uid)
    },
    has: (namespace, name) => cache.get(namespace, name) !== undefined,
    run: stop => cache.run(stop),
  }
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
