import type { ReceiverHook } from '../api/hook.ts'
import type { StoredObject } from '../api/object.ts'
import { hookOf, hookKey } from './hooks.ts'

/**
 * Keeps the hooks that this process has written, until the cache has caught up. Without them, a
 * reconcile that comes sooner would compare with the previous version, and leave a wrong status.
 */
export interface WrittenHooks {
  /** What the API server answered to a write; `cached` is what the cache has of that hook by now. */
  put(object: StoredObject, cached: ReceiverHook | undefined): void
  /** The newer one: the cache's, or ours. */
  newest(key: string, cached: ReceiverHook | undefined): ReceiverHook | undefined
  /** The cache has this now. Answers whether it is what we wrote. */
  seen(key: string, now: ReceiverHook | undefined): boolean
  /** How many of them there are. */
  readonly size: number
}

export const writtenHooks = (): WrittenHooks => {
  const written = new Map<string, ReceiverHook>()
  return {
    put: (object, cached) => {
      const hook = hookOf(object)
      // If the watch was faster than the answer, no later event would remove the entry.
      if (!hook || !cached || !isNewer(hook, cached)) return
      written.set(hookKey(hook.metadata.namespace, hook.metadata.name), hook)
    },
    newest: (key, cached) => {
      const own = written.get(key)
      return own && cached && isNewer(own, cached) ? own : cached
    },
    seen: (key, now) => {
      const own = written.get(key)
      if (!own) return false
      if (!now || !isNewer(own, now)) written.delete(key)
      return now?.metadata.resourceVersion === own.metadata.resourceVersion
    },
    get size() {
      return written.size
    },
  }
}

/** Versions of one kind of object are numbers that rise. */
const isNewer = (a: ReceiverHook, b: ReceiverHook): boolean =>
  BigInt(a.metadata.resourceVersion) > BigInt(b.metadata.resourceVersion)
