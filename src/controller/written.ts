import type { ReceiverHook } from '../api/hook.ts'
import type { StoredObject } from '../api/object.ts'
import { hookOf, hookKey } from './hooks.ts'

/**
 * Keeps the hooks that this process has written until the cache has them. Without this, an early
 * reconcile would compare with the previous version and write a wrong status.
 */
export class WrittenHooks {
  readonly #written = new Map<string, ReceiverHook>()

  /** Keeps the hook from the API server's answer to a write. `cached` is the hook in the cache now. */
  put(object: StoredObject, cached: ReceiverHook | undefined): void {
    const hook = hookOf(object)
    // If the watch was faster than the answer, no later event would remove the entry.
    if (!hook || !cached || !isNewer(hook, cached)) return
    this.#written.set(hookKey(hook.metadata.namespace, hook.metadata.name), hook)
  }

  /** Returns the newer of the cached hook and the one that this process has written. */
  newest(key: string, cached: ReceiverHook | undefined): ReceiverHook | undefined {
    const own = this.#written.get(key)
    return own && cached && isNewer(own, cached) ? own : cached
  }

  /** Notes that the cache now has `now`. Returns whether this process has written that version. */
  seen(key: string, now: ReceiverHook | undefined): boolean {
    const own = this.#written.get(key)
    if (!own) return false
    if (!now || !isNewer(own, now)) this.#written.delete(key)
    return now?.metadata.resourceVersion === own.metadata.resourceVersion
  }

  get size(): number {
    return this.#written.size
  }
}

/** Compares two versions of a hook. Their resourceVersions are rising numbers. */
const isNewer = (a: ReceiverHook, b: ReceiverHook): boolean =>
  BigInt(a.metadata.resourceVersion) > BigInt(b.metadata.resourceVersion)
