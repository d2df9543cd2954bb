import { at, isObject, stringAt, tryParseJson } from '../../api/json.ts'
import { isStoredObject, type StoredObject } from '../../api/object.ts'
import type { ApiConnection } from '../../environment/environment.ts'
import { Unreachable } from '../../environment/unreachable.ts'
import { collectionPath } from '../../kube/paths.ts'
import { bytesOf } from '../../kube/written.ts'
import type { Target, Version } from './target.ts'
import { versionOf } from './read.ts'

/** How long one read of the history may take, in milliseconds. */
const readTimeoutMs = 2000

/** What the API server's history says of a marked write whose answer was lost. */
export type Evidence =
  /** It happened. `newest` is the target as it is now, which others may have changed since. */
  | { readonly evidence: 'applied'; readonly newest: Version | undefined }
  /** It did not happen and never can: another write came first, which left these marks. */
  | { readonly evidence: 'never'; readonly owners: readonly string[] }
  /** It has not happened so far: sending the same again does it once. */
  | { readonly evidence: 'not yet'; readonly bytes: number }
  /**
   * The history was compacted: it can no longer be found out, nor for any other write from that version, unless its mark is one
   * of these.
   */
  | { readonly evidence: 'history gone'; readonly owners: readonly string[] }
  /** `isRefused`: the API server refuses to answer, and would the next time. */
  | { readonly evidence: 'unreachable'; readonly message: string; readonly isRefused: boolean }

/**
 * Finds out the outcome of a marked write that was computed from `from`. It can only be the first version after
 * that one, so the marks in that version show it. It is found from the newest end, in steps that grow, and then by
 * bisection, over the versions that the API server still has (5 minutes of them by default): in about two reads.
 */
export const findEvidence = async (
  api: ApiConnection,
  target: Target,
  mark: string,
  from: Pick<Version, 'uid' | 'resourceVersion'>,
): Promise<Evidence> => {
  const before = BigInt(from.resourceVersion)
  const now = await versionAt(api, target, undefined)
  if (now.read !== 'ok') return now.evidence
  let first = sameObject(now.object, from)
  if (first?.metadata.resourceVersion === from.resourceVersion) return { evidence: 'not yet', bytes: now.bytes }
  const newest = first && versionOf(target.at, first)
  const marksOf = (object: StoredObject | undefined): readonly string[] => (object ? target.at.marks(object) : [])
  const newestOwners = marksOf(first)
  if (newestOwners.includes(mark)) return { evidence: 'applied', newest }
  let low = before
  /** Whether the target is known to have been unchanged at `low`. What is compacted shows nothing, and may not be needed. */
  let isKnown = true
  let high = BigInt(first?.metadata.resourceVersion ?? now.listVersion)
  /** How far back the next look goes: mostly one of the last writes was the first, however many there were elsewhere. */
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

/** A target that was deleted, or replaced by another of its name, is none. */
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

/** The target as it was when the API server's storage was at `version`; as it is now when that is undefined. */
const versionAt = async (api: ApiConnection, target: Target, version: bigint | undefined): Promise<Read> => {
  const failed = (evidence: Evidence): Read => ({ read: 'failed', evidence })
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
    })
    if (response.status === 410) return failed({ evidence: 'history gone', owners: [] })
    const list = tryParseJson(response.body)
    const items = at(list, 'items')
    const listVersion = stringAt(list, 'metadata', 'resourceVersion')
    if (response.status !== 200 || !isObject(list) || listVersion === undefined) {
      const isRefused = response.status === 403 || response.status === 404
      return failed({ evidence: 'unreachable', message: `the API server answered ${response.status}`, isRefused })
    }
    const object: unknown = Array.isArray(items) ? items[0] : undefined
    return {
      read: 'ok',
      object: isStoredObject(object) ? object : undefined,
      listVersion,
      bytes: bytesOf(response.body),
    }
  } catch (error) {
    if (error instanceof Unreachable)
      return failed({ evidence: 'unreachable', message: error.message, isRefused: false })
    throw error
  }
}
