import { tryParseJson } from '../api/json.ts'
import { apiVersion, hookKind } from '../api/names.ts'
import { isStoredObject, type StoredObject } from '../api/object.ts'
import { emptyMemory, parseMemory, recordKind, type Memory } from '../api/record.ts'
import type { ApiConnection, ApiResponse } from '../environment/environment.ts'
import { Unreachable } from '../environment/unreachable.ts'
import { ApiError } from '../kube/errors.ts'
import { collectionPath, objectPath } from '../kube/paths.ts'
import { read } from '../kube/requests.ts'
import { hooks, records } from '../kube/resources.ts'

/** How long one request for a record may take, in milliseconds: two fit into a delivery's time. */
const requestWithinMs = 2000

/** The hook that a record belongs to. */
export interface RecordOwner {
  readonly namespace: string
  readonly name: string
  readonly uid: string
}

/** A version of a record: the object of its name, if there is one, and what it remembers of this very hook. */
export interface RecordVersion {
  readonly object: StoredObject | undefined
  readonly memory: Memory
}

export type RecordRead =
  | ({ readonly read: 'found' } & RecordVersion)
  /** The hook is no more, or another has its name: its memory must not be begun, and that of the other not be touched. */
  | { readonly read: 'gone' }
  | { readonly read: 'refused'; readonly message: string }
  | { readonly read: 'unreachable'; readonly message: string; readonly retryAfterMs?: number }

export type RecordPut =
  | { readonly put: 'stored'; readonly object: StoredObject }
  /** Another came first. Nothing was stored. */
  | { readonly put: 'conflict' }
  /** The server will not have it. Nothing was stored. */
  | { readonly put: 'refused'; readonly message: string; readonly forbidden: boolean }
  /** It surely did not happen, and may be tried again. */
  | { readonly put: 'not sent'; readonly message: string; readonly retryAfterMs?: number }
  /** It may or may not have happened. */
  | { readonly put: 'unknown'; readonly message: string }

/**
 * Reads a hook's record as it is now. A record that an earlier hook of the same name has left behind remembers nothing of
 * this one, and one whose content cannot be read begins anew; `unreadable` is told of it.
 */
export const readRecord = async (
  api: ApiConnection,
  { name, namespace, uid }: RecordOwner,
  unreadable: () => void,
): Promise<RecordRead> => {
  try {
    const object = await read(api, records, namespace, name, { lane: 'step', timeoutMs: requestWithinMs })
    const isOurs = object?.metadata.ownerReferences?.some(owner => owner.uid === uid) === true
    if (!isOurs) {
      const hook = await read(api, hooks, namespace, name, { lane: 'step', timeoutMs: requestWithinMs })
      if (hook?.metadata.uid !== uid) return { read: 'gone' }
    }
    const memory = isOurs ? parseMemory(object?.['content']) : emptyMemory
    if (!memory) unreadable()
    return { read: 'found', object, memory: memory ?? emptyMemory }
  } catch (error) {
    if (error instanceof Unreachable) return { read: 'unreachable', message: error.message }
    if (!(error instanceof ApiError)) throw error
    const { message, status } = error
    return status === 403 ? { read: 'refused', message } : { read: 'unreachable', message, ...askedToWait(error) }
  }
}

/** Stores a memory in place of the version that it was computed from, and of no other. */
export const putRecord = async (
  api: ApiConnection,
  { name, namespace, uid }: RecordOwner,
  { object }: RecordVersion,
  memory: Memory,
): Promise<RecordPut> => {
  const body = {
    apiVersion,
    kind: recordKind,
    metadata: {
      name,
      namespace,
      ...(object && { uid: object.metadata.uid, resourceVersion: object.metadata.resourceVersion }),
      ownerReferences: [{ apiVersion, kind: hookKind, name, uid }],
    },
    content: JSON.stringify(memory),
  }
  try {
    const response = await api.request({
      method: object ? 'PUT' : 'POST',
      path: object ? objectPath(records, namespace, name) : collectionPath(records, namespace),
      body: JSON.stringify(body),
      // The content is known already, and large.
      as: 'metadata',
      lane: 'step',
      timeoutMs: requestWithinMs,
    })
    return judge(response, object !== undefined)
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error
    return { put: error.mayHaveArrived ? 'unknown' : 'not sent', message: error.message }
  }
}

const judge = (response: ApiResponse, existed: boolean): RecordPut => {
  if (response.status === 200 || response.status === 201) {
    const object = tryParseJson(response.body)
    return isStoredObject(object)
      ? { put: 'stored', object: withoutHistory(object) }
      : { put: 'unknown', message: 'the answer was no object' }
  }
  const error = new ApiError(response, 'storing the record')
  const { message, status } = error
  switch (status) {
    case 409:
      return { put: 'conflict' }
    case 404:
      // The record that was read has been deleted since; or there is no such namespace, or kind of object.
      return existed ? { put: 'conflict' } : { put: 'refused', message, forbidden: false }
    case 401:
    case 408:
    case 429:
      return { put: 'not sent', message, ...askedToWait(error) }
    default:
      if (status < 400) return { put: 'not sent', message }
      return status >= 500 ? { put: 'unknown', message } : { put: 'refused', message, forbidden: status === 403 }
  }
}

/** What says who has written which field is of no use here. */
const withoutHistory = ({ metadata }: StoredObject): StoredObject => ({
  metadata: { ...metadata, managedFields: [] },
})

const askedToWait = ({ retryAfterMs }: ApiError) => (retryAfterMs === undefined ? {} : { retryAfterMs })
