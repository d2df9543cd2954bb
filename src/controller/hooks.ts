import { isDeepStrictEqual } from 'node:util'
import { isReceiverHook, type ReceiverHook } from '../api/hook.ts'
import type { StoredObject } from '../api/object.ts'
import { overruledAt } from './leases.ts'

/**
 * Returns a hook in the form that the cache keeps, with only the metadata that the controller
 * reads. The managedFields and kubectl's annotations are left out: they are more than half of a
 * hook's bytes. Returns undefined for an object without the members of every hook. The rest of the
 * spec is checked at each reconcile.
 */
export const hookOf = (object: StoredObject): ReceiverHook | undefined => {
  if (!isReceiverHook(object)) return undefined
  const { spec, status } = object
  const { creationTimestamp, deletionTimestamp, generation, name, namespace, resourceVersion, uid } = object.metadata
  const alive = { name, namespace, uid, resourceVersion, generation, creationTimestamp }
  const metadata = deletionTimestamp === undefined ? alive : { ...alive, deletionTimestamp }
  return status ? { metadata, spec, status } : { metadata, spec }
}

/**
 * A hook without its URL. The URL ends with the token, so a cache of ten thousand hooks would have
 * each token twice.
 */
export type KeptHook = ReceiverHook & {
  /** True if the status has the URL of its token, which is left out here. */
  readonly hasURL: boolean
}

/** Returns a hook in the form that the cache keeps. `urlOf` returns the URL of a token. */
export const keptHookOf = (hook: ReceiverHook, urlOf: (token: string) => string): KeptHook => {
  const { metadata, spec, status } = hook
  if (status?.token === undefined || status.triggerURL !== urlOf(status.token)) return { ...hook, hasURL: false }
  const { triggerURL: _, ...rest } = status
  return { metadata, spec, status: rest, hasURL: true }
}

/** Returns a kept hook with its URL again. */
export const withURL = ({ hasURL, ...hook }: KeptHook, urlOf: (token: string) => string): ReceiverHook =>
  hasURL && hook.status?.token !== undefined
    ? { ...hook, status: { ...hook.status, triggerURL: urlOf(hook.status.token) } }
    : hook

/** Returns a hook's key in the queue and in log lines. */
export const hookKey = (namespace: string, name: string): string => `${namespace}/${name}`

export const namespaceAndName = (key: string): [namespace: string, name: string] => {
  const slash = key.indexOf('/')
  return [key.slice(0, slash), key.slice(slash + 1)]
}

/**
 * Decides whether a change of a hook requires a reconcile. The controller's own changes of the
 * status do not. But a removed or replaced token requires one, because another client may have
 * changed it.
 */
export const needsReconcile = (before: ReceiverHook | undefined, now: ReceiverHook | undefined): boolean =>
  now !== undefined &&
  (before?.metadata.uid !== now.metadata.uid ||
    before.metadata.generation !== now.metadata.generation ||
    before.metadata.deletionTimestamp !== now.metadata.deletionTimestamp ||
    (before.status?.token !== undefined && before.status.token !== now.status?.token))

/**
 * Returns whether a hook's conditions have changed. If another client changed them, a reconcile may
 * have used the old conditions.
 */
export const otherConditions = (before: ReceiverHook | undefined, now: ReceiverHook | undefined): boolean =>
  now !== undefined && !isDeepStrictEqual(before?.status?.conditions, now.status?.conditions)

/** The members of a status that say what a record says. */
const recorded = ['conditions', 'counts', 'lastDelivery', 'leases', 'limits', 'recent'] as const

/**
 * Returns whether what a hook's status says of deliveries has changed. If another client changed it, such as one that
 * restores a backup, the status may say what no record says.
 */
export const otherReport = (before: ReceiverHook | undefined, now: ReceiverHook | undefined): boolean =>
  now !== undefined && recorded.some(name => !isDeepStrictEqual(before?.status?.[name], now.status?.[name]))

/**
 * Returns whether what a hook's status says of deliveries may be outdated, although its record is the
 * same. The sum of leases is about its target, what is used of limits is about its spec, and holds may be overruled.
 */
export const mayReportOtherwise = (before: ReceiverHook | undefined, now: ReceiverHook | undefined): boolean =>
  now !== undefined &&
  (before?.metadata.generation !== now.metadata.generation ||
    before.status?.target !== now.status?.target ||
    overruledAt(before.status) !== overruledAt(now.status))

/**
 * Returns whether a hook may have this target. Its status names the target of the last reconcile.
 * If the spec has changed since then, any target is possible.
 */
export const mayAimAt = (hook: ReceiverHook, target: string): boolean =>
  hook.status?.observedGeneration !== hook.metadata.generation || hook.status.target === target
