import type { ReceiverHook } from '../api/hook.ts'
import type { StoredObject } from '../api/object.ts'
import type { Environment } from '../environment/environment.ts'
import type { Cache } from '../kube/cache.ts'
import { cacheIn } from '../kube/cache-in.ts'
import type { Follow } from '../kube/follow.ts'
import { hooks } from '../kube/resources.ts'
import { triggerPath } from '../token/published.ts'
import { hookCounter, leaseGauges } from './hook-gauges.ts'
import {
  hookOf,
  needsReconcile,
  keptHookOf,
  hookKey,
  namespaceAndName,
  mayReportOtherwise,
  otherConditions,
  otherReport,
  withURL,
  type KeptHook,
} from './hooks.ts'
import { WrittenHooks } from './written.ts'

export interface HookStoreOptions {
  /** The beginning of trigger URLs, without a slash at the end. */
  readonly publicURL: string
  /** The namespaces whose hooks are kept. Empty: all. */
  readonly watchNamespaces: readonly string[]
  /** How to follow hooks if another part of the process follows them too. */
  readonly follow: Follow | undefined
}

/** The newest known version of each hook, from the watch or from this process's own writes. */
export interface HookStore {
  readonly cache: Cache<KeptHook>
  newest(this: void, key: string): ReceiverHook | undefined
  /** Keeps the hook from the API server's answer to a write of this process. */
  wrote(this: void, object: StoredObject): void
  /**
   * Calls `look` with the key of each hook that must be reconciled, or was deleted. Calls `compare` with the key of
   * each one whose status may not say any more what its record says.
   */
  onChange(look: (key: string) => void, compare: (key: string) => void): void
}

export const hookStore = (environment: Environment, options: HookStoreOptions): HookStore => {
  const { publicURL, watchNamespaces } = options
  const urlOf = (token: string): string => publicURL + triggerPath + token
  const keep = (object: StoredObject): KeptHook | undefined => {
    const hook = hookOf(object)
    return hook && keptHookOf(hook, urlOf)
  }
  const cache = cacheIn(environment, watchNamespaces, { type: hooks, keep }, options.follow)
  const written = new WrittenHooks()
  cache.subscribe(hookCounter(environment.metrics))
  cache.subscribe(leaseGauges(environment.metrics))
  return {
    cache,
    newest: key => {
      const cached = cache.get(...namespaceAndName(key))
      return written.newest(key, cached && withURL(cached, urlOf))
    },
    wrote: object => {
      const { name, namespace = '' } = object.metadata
      written.put(object, cache.get(namespace, name))
    },
    onChange: (look, compare) =>
      cache.subscribe(({ before, name, namespace, now }) => {
        const key = hookKey(namespace, name)
        const isOwn = written.seen(key, now)
        // What is known of the failures of a deleted hook ends with one more look.
        if (!now || needsReconcile(before, now) || (!isOwn && otherConditions(before, now))) look(key)
        if (mayReportOtherwise(before, now) || (!isOwn && otherReport(before, now))) compare(key)
      }),
  }
}
