import { isDeepStrictEqual } from 'node:util'
import { isReceiverHook, type ReceiverHook } from '../api/hook.ts'
import type { StoredObject } from '../api/object.ts'

/**
 * A hook as the controller's cache keeps it: without its managedFields, which are half of its bytes and read by nobody
 * here. Undefined for an object that lacks what every hook has; the rest of the spec is judged at each reconcile.
 */
export const hookOf = (object: StoredObject): ReceiverHook | undefined => {
  if (!isReceiverHook(object)) return undefined
  const { managedFields: _, ...metadata } = object.metadata
  return { ...object, metadata }
}

/** How a hook is called in the queue and in log lines. */
export const keyOf = (namespace: string, name: string): string => `${namespace}/${name}`

/** The namespace and the name in a key. */
export const nameOf = (key: string): [namespace: string, name: string] => {
  const slash = key.indexOf('/')
  return [key.slice(0, slash), key.slice(slash + 1)]
}

/**
 * Whether a change of a hook asks for a look at it. What the controller itself writes into a status does not, unless
 * a token that was there is gone or another: then someone else may have taken it out.
 */
export const isNews = (before: ReceiverHook | undefined, now: ReceiverHook | undefined): boolean =>
  now !== undefined &&
  (before?.metadata.uid !== now.metadata.uid ||
    before.metadata.generation !== now.metadata.generation ||
    before.metadata.deletionTimestamp !== now.metadata.deletionTimestamp ||
    (before.status?.token !== undefined && before.status.token !== now.status?.token))

/** Whether a hook's conditions have changed. Where we did not do it, a look may have been at what was there before. */
export const otherConditions = (before: ReceiverHook | undefined, now: ReceiverHook | undefined): boolean =>
  now !== undefined && !isDeepStrictEqual(before?.status?.conditions, now.status?.conditions)

/** Whether a hook's last look, or the one that is due, was or will be at this target. */
export const mayAimAt = (hook: ReceiverHook, target: string): boolean =>
  hook.status?.observedGeneration !== hook.metadata.generation || hook.status.target === target
