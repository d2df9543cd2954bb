import { tryParseJson } from '../api/json.ts'
import { apiVersion, hookKind, dueAnnotation, leasesFinalizer, leasesLabel } from '../api/names.ts'
import { isStoredObject, type StoredObject } from '../api/object.ts'
import { parseContent, recordFormat, recordKind, type StoredMemory } from '../api/record.ts'
import { rfc3339 } from '../environment/time.ts'
import type { ApiConnection, ApiRequest } from '../environment/environment.ts'
import { readFailureOf } from '../kube/errors.ts'
import { collectionPath, objectPath } from '../kube/paths.ts'
import { readOfAnyKind } from '../kube/requests.ts'
import { hooks, records } from '../kube/resources.ts'
import { bytesOf, sendWrite, type Charge, type Sent } from '../kube/written.ts'
import { emptyMemory, memoryOf, storedOf, type Memory, type RecordOwner } from './memory.ts'
import { dueOf } from './due.ts'
import type { PageRead } from './page-store.ts'

/** The time limit of one request for a record, in milliseconds. Two requests fit into a delivery's time. */
export const recordRequestMs = 2000

/**
 * A version of a record: its object, or undefined if the record does not exist yet, and the hook's
 * memory in it.
 */
export interface RecordVersion {
  readonly object: StoredObject | undefined
  readonly memory: Memory
}

export type RecordRead =
  | ({ readonly read: 'found' } & RecordVersion)
  /**
   * The hook was deleted or replaced. No record may be created for it, and the record of a later
   * hook with its name must not be changed.
   */
  | { readonly read: 'gone' }
  /** A newer program wrote the record, which is not changed. */
  | { readonly read: 'newer'; readonly message: string }
  | { readonly read: 'refused'; readonly message: string }
  /** The leases of an earlier hook of the name have to end first. */
  | { readonly read: 'held'; readonly message: string }
  | { readonly read: 'unreachable'; readonly message: string; readonly retryAfterMs?: number | undefined }

export type RecordPut =
  | { readonly sent: 'stored'; readonly object: StoredObject }
  | { readonly sent: 'conflict' }
  | Exclude<Sent, { readonly sent: 'stored' | 'conflict' | 'missing' }>

export interface RecordReading {
  /** Returns a page of the record, from the cache or else from a read. */
  readonly page: (name: string) => Promise<PageRead>
  /** Called with a message if the record, or a page of it, cannot be read and is treated as empty. */
  readonly unreadable: (message: string) => void
}

/**
 * Reads a hook's current record with its pages. The record of an earlier hook with the same name
 * counts as empty, and so do parts that cannot be parsed. `missed` has the listed pages that were missing
 * before: they may have been joined with others meanwhile. No name is used twice, so what is missing again is lost.
 */
export const readRecord = async (
  api: ApiConnection,
  owner: RecordOwner,
  reading: RecordReading,
  missed: ReadonlySet<string> = new Set(),
): Promise<RecordRead> => {
  const { name, namespace, uid } = owner
  try {
    const object = await readOfAnyKind(api, records, namespace, name, { lane: 'step', timeoutMs: recordRequestMs })
    const isOurs = object?.metadata.ownerReferences?.some(owner => owner.uid === uid) === true
    if (!isOurs && !(await isHookThere(api, owner))) return { read: 'gone' }
    if (!isOurs && object && isHeld(object)) return { read: 'held', message: heldBy(name) }
    if (!isOurs) return { read: 'found', object, memory: emptyMemory }
    const parsed = parseContent(object['content'])
    if (parsed.content === 'newer') return { read: 'newer', message: tooNew(`${namespace}/${name}`, parsed.format) }
    if (parsed.content === 'unreadable') {
      reading.unreadable('the record is unreadable, so it begins again')
      return { read: 'found', object, memory: emptyMemory }
    }
    const { pages: names = [] } = parsed.memory
    const pages = await readPages(names, reading)
    const newer = pages.find(page => page.read === 'newer')
    if (newer) return { read: 'newer', message: tooNew(`${namespace}/${name}`, newer.format) }
    const lost = names.filter((_, place) => pages[place]?.read !== 'found')
    if (lost.some(page => !missed.has(page))) return await readRecord(api, owner, reading, new Set(lost))
    // The pages of a deleted hook go first.
    const isGoing = object.metadata.deletionTimestamp !== undefined
    if (lost.length > 0 && !isGoing)
      reading.unreadable('a page of the record is lost: copies of its deliveries count as new')
    const found = pages.flatMap(page => (page.read === 'found' ? page.page : []))
    const memory = memoryOf(parsed.memory, found)
    if (lost.length === 0 && !isGoing) return { read: 'found', object, memory }
    // Somebody may have deleted the record alone, or a page.
    const forgetful = (await isHookThere(api, owner)) ? 'lost pages' : 'deleted hook'
    return { read: 'found', object, memory: { ...memory, forgetful } }
  } catch (error) {
    const { failure, ...why } = readFailureOf(error)
    return failure === 'unreachable' ? { read: 'unreachable', ...why } : { read: 'refused', message: why.message }
  }
}

const isHookThere = async (api: ApiConnection, { name, namespace, uid }: RecordOwner): Promise<boolean> => {
  const hook = await readOfAnyKind(api, hooks, namespace, name, { lane: 'step', timeoutMs: recordRequestMs })
  return hook?.metadata.uid === uid
}

/**
 * How many characters of pages a process reads for one record. 4,000 deliveries have 410,000. A
 * trigger never writes more.
 */
const maxPagesChars = 4 * 1024 * 1024

/** Reads pages one after another, so that a forged list in a record causes no flood of requests. */
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
  `the record ${record} has format ${format}, but this version knows formats up to ${recordFormat}: run the version that wrote it, or a later one`

/** Stores a memory, if the record still has the version that the memory is based on. */
export const putRecord = async (
  api: ApiConnection,
  { name, namespace, uid }: RecordOwner,
  { object }: RecordVersion,
  memory: Memory,
  charge: Charge,
): Promise<RecordPut> => {
  const stored = storedOf(memory)
  const body = {
    apiVersion,
    kind: recordKind,
    metadata: {
      name,
      namespace,
      ...(object && { uid: object.metadata.uid, resourceVersion: object.metadata.resourceVersion }),
      ownerReferences: [{ apiVersion, kind: hookKind, name, uid }],
      ...dueMetadata(stored, object),
    },
    content: JSON.stringify(stored),
  }
  const request: ApiRequest = {
    method: object ? 'PUT' : 'POST',
    path: object ? objectPath(records, namespace, name) : collectionPath(records, namespace),
    body: JSON.stringify(body),
    // The content is large, and the caller has it already. So the answer is asked for without it.
    as: 'metadata',
    lane: 'step',
    timeoutMs: recordRequestMs,
  }
  const sent = await sendWrite(api, request, 'storing the record')
  if (sent.sent === 'stored') charge(bytesOf(request.body) + bytesOf(sent.response.body))
  if (sent.sent === 'unknown') charge(bytesOf(request.body))
  switch (sent.sent) {
    case 'stored': {
      const answered = tryParseJson(sent.response.body)
      if (!isStoredObject(answered)) return { sent: 'unknown', message: 'the answer was not an object' }
      // managedFields are not used here, and are large.
      return { sent: 'stored', object: { metadata: { ...answered.metadata, managedFields: [] } } }
    }
    case 'conflict':
      return { sent: 'conflict' }
    case 'missing':
      // If a record was read before, it was deleted since then. Otherwise the namespace or the CRD
      // does not exist.
      return object ? { sent: 'conflict' } : { sent: 'refused', message: sent.message, status: 404, about: undefined }
    case 'refused':
    case 'not sent':
    case 'unknown':
      return sent
  }
}

/**
 * Returns the metadata that wakes triggers, and keeps the record until all has ended. Nothing if nothing in
 * the record ends by itself.
 */
const dueMetadata = (stored: StoredMemory, object: StoredObject | undefined) => {
  const due = dueOf(stored)
  const { deletionTimestamp, finalizers = [] } = object?.metadata ?? {}
  // An object that is being deleted takes no new finalizer.
  const mayStay = deletionTimestamp === undefined || finalizers.includes(leasesFinalizer)
  const kept = [
    ...finalizers.filter(finalizer => finalizer !== leasesFinalizer),
    ...(due !== undefined && stored.endsWithHook === true && mayStay ? [leasesFinalizer] : []),
  ]
  return {
    ...(kept.length > 0 && { finalizers: kept }),
    // Whole seconds, rounded up.
    ...(due !== undefined && {
      labels: { [leasesLabel]: 'open' },
      annotations: { [dueAnnotation]: rfc3339(due + 999) },
    }),
  }
}

/** Returns whether a record of an earlier hook may not be replaced yet. Nobody owns an orphan, so it may be. */
const isHeld = ({ metadata: { finalizers = [], ownerReferences = [] } }: StoredObject): boolean =>
  finalizers.includes(leasesFinalizer) && ownerReferences.length > 0

const heldBy = (name: string): string =>
  `the leases of an earlier hook ${name} are ending, and its record must stay until then`
