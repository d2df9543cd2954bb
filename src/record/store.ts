import { tryParseJson } from '../api/json.ts'
import { apiVersion, hookKind } from '../api/names.ts'
import { isStoredObject, type StoredObject } from '../api/object.ts'
import { parseContent, recordFormat, recordKind } from '../api/record.ts'
import type { ApiConnection, ApiRequest } from '../environment/environment.ts'
import { readFailureOf } from '../kube/errors.ts'
import { collectionPath, objectPath } from '../kube/paths.ts'
import { read } from '../kube/requests.ts'
import { hooks, records } from '../kube/resources.ts'
import { bytesOf, sendWrite, type Charge } from '../kube/written.ts'
import { emptyMemory, memoryOf, storedOf, type Memory, type RecordOwner } from './memory.ts'
import type { PageRead } from './page-store.ts'

/** How long one request for a record may take, in milliseconds: two fit into a delivery's time. */
const requestWithinMs = 2000

/** A version of a record: the object of its name, if there is one, and what it remembers of this very hook. */
export interface RecordVersion {
  readonly object: StoredObject | undefined
  readonly memory: Memory
}

export type RecordRead =
  | ({ readonly read: 'found' } & RecordVersion)
  /** The hook is no more, or another has its name: its memory must not be begun, and that of the other not be touched. */
  | { readonly read: 'gone' }
  /** A later version of this program wrote it: it is left as it is. */
  | { readonly read: 'newer'; readonly message: string }
  | { readonly read: 'refused'; readonly message: string }
  | { readonly read: 'unreachable'; readonly message: string; readonly retryAfterMs?: number }

export type RecordPut =
  | { readonly put: 'stored'; readonly object: StoredObject }
  /** Another came first. Nothing was stored. */
  | { readonly put: 'conflict' }
  /** The server will not have it. Nothing was stored. */
  | { readonly put: 'refused'; readonly message: string; readonly forbidden: boolean }
  /** It certainly did not happen, and may be tried again. */
  | { readonly put: 'not sent'; readonly message: string; readonly retryAfterMs?: number }
  /** It may or may not have happened. */
  | { readonly put: 'unknown'; readonly message: string }

/** What is needed to read a record. */
export interface RecordReading {
  /** Reads a page of it, unless that is known. */
  readonly page: (name: string) => Promise<PageRead>
  /** Called with what of it cannot be read, which begins empty. */
  readonly unreadable: (what: string) => void
}

/**
 * Reads a hook's record as it is now, with its pages. A record that an earlier hook of the same name has left behind
 * remembers nothing of this one, and what cannot be read of it begins empty. `missedAt` is the version at which a page was
 * missing: it may have been joined with others meanwhile.
 */
export const readRecord = async (
  api: ApiConnection,
  owner: RecordOwner,
  reading: RecordReading,
  missedAt?: string,
): Promise<RecordRead> => {
  const { name, namespace, uid } = owner
  try {
    const object = await read(api, records, namespace, name, { lane: 'step', timeoutMs: requestWithinMs })
    const isOurs = object?.metadata.ownerReferences?.some(owner => owner.uid === uid) === true
    if (!isOurs) {
      const hook = await read(api, hooks, namespace, name, { lane: 'step', timeoutMs: requestWithinMs })
      if (hook?.metadata.uid !== uid) return { read: 'gone' }
    }
    if (!isOurs) return { read: 'found', object, memory: emptyMemory }
    const parsed = parseContent(object['content'])
    if (parsed.content === 'newer') return { read: 'newer', message: tooNew(`${namespace}/${name}`, parsed.format) }
    if (parsed.content === 'unreadable') {
      reading.unreadable('the record')
      return { read: 'found', object, memory: emptyMemory }
    }
    const pages = await readPages(parsed.memory.pages ?? [], reading)
    const newer = pages.find(page => page.read === 'newer')
    if (newer) return { read: 'newer', message: tooNew(`${namespace}/${name}`, newer.format) }
    const { resourceVersion } = object.metadata
    const lost = pages.filter(({ read }) => read !== 'found').length
    if (lost > 0 && missedAt !== resourceVersion) return await readRecord(api, owner, reading, resourceVersion)
    if (lost > 0) reading.unreadable(`${lost} pages of the record`)
    const found = pages.flatMap(page => (page.read === 'found' ? page.page : []))
    return { read: 'found', object, memory: memoryOf(parsed.memory, found) }
  } catch (error) {
    const { failure, ...why } = readFailureOf(error)
    return failure === 'unreachable' ? { read: 'unreachable', ...why } : { read: 'refused', message: why.message }
  }
}

/**
 * How many characters the pages of a record have in all, of which a process reads no more: 4,000 deliveries have 410,000. More was
 * written by nobody who keeps to what a record is.
 */
const maxPagesChars = 4 * 1024 * 1024

/** Reads pages one after another, so that what somebody lists in a record is no flood of requests. */
const readPages = async (names: readonly string[], { page }: RecordReading): Promise<readonly PageRead[]> => {
  const pages: PageRead[] = []
  let chars = 0
  for (const name of names) {
    const read: PageRead = chars > maxPagesChars ? { read: 'unreadable' } : await page(name)
    if (read.read === 'found') chars += read.chars ?? 0
    pages.push(read)
  }
  return pages
}

const tooNew = (record: string, format: number): string =>
  `the record ${record} has format ${format}, and this version knows formats up to ${recordFormat}: run the version that wrote it, or a later one`

/** Stores a memory in place of the version that it was computed from, and of no other. */
export const putRecord = async (
  api: ApiConnection,
  { name, namespace, uid }: RecordOwner,
  { object }: RecordVersion,
  memory: Memory,
  charge: Charge,
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
    content: JSON.stringify(storedOf(memory)),
  }
  const request: ApiRequest = {
    method: object ? 'PUT' : 'POST',
    path: object ? objectPath(records, namespace, name) : collectionPath(records, namespace),
    body: JSON.stringify(body),
    // The content is known already, and large.
    as: 'metadata',
    lane: 'step',
    timeoutMs: requestWithinMs,
  }
  const sent = await sendWrite(api, request, 'storing the record')
  if (sent.sent === 'stored') charge(bytesOf(request.body) + bytesOf(sent.response.body))
  if (sent.sent === 'unknown') charge(bytesOf(request.body))
  switch (sent.sent) {
    case 'stored': {
      const stored = tryParseJson(sent.response.body)
      if (!isStoredObject(stored)) return { put: 'unknown', message: 'the answer was no object' }
      // What says who has written which field is of no use here.
      return { put: 'stored', object: { metadata: { ...stored.metadata, managedFields: [] } } }
    }
    case 'conflict':
      return { put: 'conflict' }
    case 'missing':
      // The record that was read has been deleted since; or there is no such namespace, or kind of object.
      return object ? { put: 'conflict' } : { put: 'refused', message: sent.message, forbidden: false }
    case 'refused':
      return { put: 'refused', message: sent.message, forbidden: sent.forbidden }
    case 'not sent':
      return { put: 'not sent', message: sent.message, ...askedToWait(sent) }
    case 'unknown':
      return { put: 'unknown', message: sent.message }
  }
}

const askedToWait = ({ retryAfterMs }: { readonly retryAfterMs?: number | undefined }) =>
  retryAfterMs === undefined ? {} : { retryAfterMs }
