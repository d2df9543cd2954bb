import { isObject, listAt, stringAt, tryParseJson } from '../../api/json.ts'
import { isStoredObject, type StoredObject } from '../../api/object.ts'
import type { ApiConnection } from '../../environment/environment.ts'
import { Unreachable } from '../../environment/unreachable.ts'
import { ApiError } from '../../kube/errors.ts'
import { collectionPath } from '../../kube/paths.ts'
import { bytesOf } from '../../kube/written.ts'
import type { Target, Version } from './target.ts'
import { versionOf } from './read.ts'

/** The time limit of one read of the history, in milliseconds. */
const readTimeoutMs = 2000

/** The result of searching the API server's history for a marked write whose answer was lost. */
export type Evidence =
  /**
   * The write was made. `newest` is the target's newest version, which others may have made since.
   * Undefined if the target has no count now.
   */
  | { readonly evidence: 'applied'; readonly newest: Version | undefined }
  /**
   * The write was not made and never can be: another write came first. `owners` are the marks of
   * that write.
   */
  | { readonly evidence: 'never'; readonly owners: readonly string[] }
  /**
   * The write has not been made yet. If the same request is sent again, it takes effect once.
   * `bytes` is the size of the object.
   */
  | { readonly evidence: 'not yet'; readonly bytes: number }
  /**
   * The history was compacted. The outcome of a write from that version can never be found out,
   * unless its mark is in `owners`.
   */
  | { readonly evidence: 'history gone'; readonly owners: readonly string[] }
  /** The history could not be read. `isRefused`: the API server refuses to answer, and would refuse again. */
  | { readonly evidence: 'unreachable'; readonly message: string; readonly isRefused: boolean }

/** A marked write whose outcome is unknown. */
export interface Sought {
  readonly mark: string
  /** The version that the count was computed from. */
  readonly from: Pick<Version, 'uid' | 'resourceVersion'>
  /** The mark in that version, if the count had one. */
  readonly before?: string | undefined
}

/**
 * Searches for the outcome of a marked write that was computed from `from`. The write can only be
 * the first version after `from`, so the marks in that version show it. The search goes back from
 * the newest version in growing steps, and then by bisection. It covers the history that the API
 * server keeps, by default 5 minutes. It takes about two reads. If the mark that the write replaces is
 * still there at another version, the write was never made, and one read shows it without any history.
 */
export const findEvidence = async (
  api: ApiConnection,
  target: Target,
  { before: replaced, from, mark }: Sought,
): Promise<Evidence> => {
  const now = await versionAt(api, target, undefined)
  if (now.read !== 'ok') return now.evidence
  let first = sameObject(now.object, from)
  if (first?.metadata.resourceVersion === from.resourceVersion) return { evidence: 'not yet', bytes: now.bytes }
  const newest = first && versionOf(target.at, first)
  const marksOf = (object: StoredObject | undefined): readonly string[] => (object ? target.at.marks(object) : [])
  const newestOwners = marksOf(first)
  if (newestOwners.includes(mark)) return { evidence: 'applied', newest }
  // The write would have removed the mark that it replaces, and that write is never made again.
  if (first && replaced !== undefined && target.at.lastMark(first) === replaced) {
    return { evidence: 'never', owners: newestOwners }
  }
  // A version that is no number is in no order with others.
  if (!/^\d+$/.test(from.resourceVersion)) return { evidence: 'history gone', owners: newestOwners }
  let low = BigInt(from.resourceVersion)
  /**
   * True if the target is known to be unchanged at `low`. A compacted version shows nothing, and
   * may not be needed.
   */
  let isKnown = true
  let high = BigInt(first?.metadata.resourceVersion ?? now.listVersion)
  /**
   * How many versions the next step goes back. Mostly, the first write to this target after `from`
   * is among the last writes in the cluster.
   */
  let back = 1n
  while (high - low > 1n) {
    const half = (low + high) / 2n
    const middle = high - back > half ? high - back : half
    back *= 4n
    const then = await versionAt(api, target, middle)
    if (then.read !== 'ok') {
      if (then.evidence.evidence !== 'history gone') return then.evidence
      low = middle
      isKnown = false
      continue
    }
    const object = sameObject(then.object, from)
    if (object?.metadata.resourceVersion === from.resourceVersion) {
      low = middle
      isKnown = true
    } else {
      first = object
      high = object ? BigInt(object.metadata.resourceVersion) : middle
    }
  }
  const owners = marksOf(first)
  if (owners.includes(mark)) return { evidence: 'applied', newest }
  return isKnown ? { evidence: 'never', owners } : { evidence: 'history gone', owners: [...owners, ...newestOwners] }
}

/**
 * Returns an object if its uid is that of `from`. Returns undefined for a later object with the
 * same name.
 */
const sameObject = (object: StoredObject | undefined, from: Pick<Version, 'uid'>): StoredObject | undefined =>
  object?.metadata.uid === from.uid ? object : undefined

type Read =
  | {
      readonly read: 'ok'
      readonly object: StoredObject | undefined
      readonly listVersion: string
      readonly bytes: number
    }
  | { readonly read: 'failed'; readonly evidence: Evidence }

/** Returns the target at a version of the API server's storage, or the newest if that is undefined. */
const versionAt = async (api: ApiConnection, target: Target, version: bigint | undefined): Promise<Read> => {
  const notRead = (evidence: Evidence): Read => ({ read: 'failed', evidence })
  try {
    const response = await api.request({
      method: 'GET',
      path: collectionPath(target.type, target.namespace),
      query: {
        fieldSelector: `metadata.name=${target.name}`,
        limit: '1',
        ...(version === undefined ? {} : { resourceVersion: String(version), resourceVersionMatch: 'Exact' }),
      },
      lane: 'step',
      timeoutMs: readTimeoutMs,
      isEvidence: true,
    })
    if (response.status === 410) return notRead({ evidence: 'history gone', owners: [] })
    const list = tryParseJson(response.body)
    const listVersion = stringAt(list, 'metadata', 'resourceVersion')
    if (response.status !== 200 || !isObject(list) || listVersion === undefined) {
      const isRefused = response.status === 403 || response.status === 404
      const { message } = new ApiError(response, 'checking whether a write was made')
      return notRead({ evidence: 'unreachable', message, isRefused })
    }
    const [object] = listAt(list, 'items')
    return {
      read: 'ok',
      object: isStoredObject(object) ? object : undefined,
      listVersion,
      bytes: bytesOf(response.body),
    }
  } catch (error) {
    if (error instanceof Unreachable)
      return notRead({ evidence: 'unreachable', message: error.message, isRefused: false })
    throw error
  }
}
