import { isDeepStrictEqual } from 'node:util'
import { isReceiverHook, type ReceiverHook } from '../api/hook.ts'
import type { StoredObject } from '../api/object.ts'

/**
 * A hook as the controller's cache keeps it: of its metadata only what is read here, since managedFields and what
 * kubectl writes into annotations are more than half of its bytes. Undefined for an object that lacks what every hook
 * has; the rest of the spec is judged at each reconcile.
 */
export const hookOf = (object: StoredObject): ReceiverHook | undefined => {
  if (!isReceiverHook(object)) return undefined
  const { spec, status } = object
  const { creationTimestamp, deletionTimestamp, generation, name, namespace, resourceVersion, uid } = object.metadata
  const alive = { name, namespace, uid, resourceVersion, generation, creationTimestamp }
  const metadata = deletionTimestamp === undefined ? alive : { ...alive, deletionTimestamp }
  return status ? { metadata, spec, status } : { metadata, spec }
}

/** A hook as it is kept: a URL ends with its token, and ten thousand of them need not stand there twice. */
export type KeptHook = ReceiverHook & {
  /** Whether the status has the URL that goes with its token, which is then left out. */
  readonly hasURL: boolean
}

/** `urlOf` says which URL goes with a token. */
export const keptHookOf = (hook: ReceiverHook, urlOf: (token: string) => string): KeptHook => {
  const { metadata, spec, status } = hook
  if (status?.token === undefined || status.triggerURL !== urlOf(status.token)) return { ...hook, hasURL: false }
  const { triggerURL: _, ...rest } = status
  return { metadata, spec, status: rest, hasURL: true }
}

/** The hook that was kept. */
export const whole = ({ hasURL, ...hook }: KeptHook, urlOf: (token: string) => string): ReceiverHook =>
  hasURL && hook.status?.token !== undefined
    ? { ...hook, status: { ...hook.status, triggerURL: urlOf(hook.status.token) } }
    : hook

/** How a hook is called in the queue and in log lines. */
export const hookKey = (namespace: string, name: string): string => `${namespace}/${name}`

/** The namespace and the name in a key. */
export const namespaceAndName = (key: string): [namespace: string, name: string] => {
  const slash = key.indexOf('/')
  return [key.slice(0, slash), key.slice(slash + 1)]
}

/**
 * Decides whether a change of a hook requires a reconcile. What the controller itself writes into a
 * status does not, unless a token was removed or replaced: then another client may have done it.
 */
export const needsReconcile = (before: ReceiverHook | undefined, now: ReceiverHook | undefined): boolean =>
  now !== undefined &&
  (before?.metadata.uid !== now.metadata.uid ||
    before.metadata.generation !== now.metadata.generation ||
    before.metadata.deletionTimestamp !== now.metadata.deletionTimestamp ||
    (before.status?.token !== undefined && before.status.token !== now.status?.token))

/**
 * Is true if a hook's conditions have changed. If another client did that, a reconcile may have
 * seen the old ones.
 */
export const otherConditions = (before: ReceiverHook | undefined, now: ReceiverHook | undefined): boolean =>
  now !== undefined && !isDeepStrictEqual(before?.status?.conditions, now.status?.conditions)

/** Whether a hook's last look, or the one that is due, was or will be at this target. */
export const mayAimAt = (hook: ReceiverHook, target: string): boolean =>
  hook.status?.observedGeneration !== hook.metadata.generation || hook.status.target === target
