import { isReceiverHook } from '../api/hook.ts'
import { Unreachable } from '../environment/unreachable.ts'
import type { Environment } from '../environment/environment.ts'
import { watchedCache } from '../kube/cache.ts'
import { ApiError } from '../kube/errors.ts'
import { read } from '../kube/requests.ts'
import { hooks } from '../kube/resources.ts'
import { hookReadWithinMs } from './limits.ts'
import { liveHook, type LiveHook } from './hook.ts'

export type Found =
  | { readonly found: 'hook'; readonly hook: LiveHook }
  | { readonly found: 'none' }
  | { readonly found: 'unreachable'; readonly message: string }

/** The hooks as this process sees them. */
export interface Hooks {
  readonly synced: () => boolean
  /**
   * The hook of this name and uid: from the cache while that can be trusted, else by a live read. The cache alone
   * never says that there is none, since a false "none" is a lost alert.
   */
  find(namespace: string, name: string, uid: string): Promise<Found>
  /** Reads past the cache. */
  readLive(namespace: string, name: string, uid: string): Promise<Found>
  /** Whether a hook is still exactly as it was found, as far as this process knows. */
  unchanged(hook: LiveHook): boolean
  run(stop: AbortSignal): Promise<void>
}

export const hookCache = (environment: Environment, watchNamespace: string | undefined): Hooks => {
  const cache = watchedCache<LiveHook>(environment, {
    type: hooks,
    ...(watchNamespace === undefined ? {} : { namespace: watchNamespace }),
    keep: object => (isReceiverHook(object) ? liveHook(object) : undefined),
  })

  const readLive = async (namespace: string, name: string, uid: string): Promise<Found> => {
    try {
      const object = await read(environment.api, hooks, namespace, name, { lane: 'step', timeoutMs: hookReadWithinMs })
      if (!isReceiverHook(object) || object.metadata.uid !== uid) return { found: 'none' }
      return { found: 'hook', hook: liveHook(object) }
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
      const hook = cache.fresh() ? cache.get(namespace, name) : undefined
      return hook?.uid === uid ? { found: 'hook', hook } : await readLive(namespace, name, uid)
    },
    readLive,
    unchanged: hook => {
      const now = cache.get(hook.namespace, hook.name)
      // Not in the cache: it was found by a live read, and nothing newer is known.
      if (now === undefined) return !cache.fresh()
      return now === hook || (now.uid === hook.uid && now.generation <= hook.generation)
    },
    run: stop => cache.run(stop),
  }
}
