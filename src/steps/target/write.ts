import type { ApiConnection } from '../../environment/environment.ts'
import { bytesOf, sendWrite, type Charge, type Sent } from '../../kube/written.ts'
import type { ProblemReason, Target, CountWrite, From, Version } from './target.ts'
import { readTarget } from './read.ts'

/** The time limit of a marked write, in milliseconds: the whole time of a delivery. */
const writeTimeoutMs = 4000

export type WriteOutcome =
  /**
   * The write is stored. `version` is the target's newest known version, or undefined if it is
   * unknown.
   */
  | { readonly write: 'applied'; readonly version: Version | undefined }
  /** The version that the count was computed from is outdated. Nothing was written. */
  | { readonly write: 'stale' }
  /** The object does not exist, or cannot be written in this way. Nothing was written. */
  | { readonly write: 'missing' }
  /** The API server refused the write. Nothing was written. */
  | { readonly write: 'refused'; readonly reason: ProblemReason; readonly message: string }
  /** The write is certainly not stored. Another attempt is safe. */
  | { readonly write: 'not sent'; readonly message: string; readonly retryAfterMs?: number }
  /** It is unknown whether the write is stored. */
  | { readonly write: 'unknown'; readonly message: string }

/** The assumed size of an object of unknown size, in bytes. */
export const supposedBytes = 4096

/** How the writes of a target are charged. */
export interface Accounting {
  /** The size of the object when it was last read, in bytes. */
  readonly objectBytes: number
  readonly charge: Charge
}

/**
 * Sends the marked write. It takes effect only as the first write after the version that the count
 * was computed from. `mark`, which no other write has, identifies the write. If `to` is undefined,
 * the write keeps the count and leaves only its mark.
 */
export const markedWrite = async (
  api: ApiConnection,
  target: Target,
  mark: string,
  from: From,
  to: number | undefined,
  accounting: Accounting,
): Promise<WriteOutcome> => {
  const based = target.at.needsGround && !from.ground ? await groundOf(api, target, from) : from
  if ('write' in based) return based
  const request = target.at.write(target, mark, based, to)
  const sent = await sendWrite(api, { method: 'PATCH', ...request, lane: 'step', timeoutMs: writeTimeoutMs }, 'scaling')
  if (sent.sent === 'stored' || sent.sent === 'unknown')
    accounting.charge(storedBytes(target, request, sent, accounting))
  switch (sent.sent) {
    case 'stored': {
      const stored = target.at.stored(sent.response.body, mark, based, to)
      if (stored === undefined) return { write: 'unknown', message: 'the answer was not what was written' }
      return 'reason' in stored ? { write: 'refused', ...stored } : { write: 'applied', version: stored }
    }
    case 'conflict':
      return { write: 'stale' }
    case 'missing':
      return { write: 'missing' }
    case 'refused': {
      // The API server also refuses a patch whose `test` fails. That may only mean that the version
      // is newer, which a read shows.
      const now = !sent.forbidden && target.at.needsGround ? await groundOf(api, target, from) : undefined
      if (now && 'write' in now) return now
      return { write: 'refused', reason: sent.forbidden ? 'Forbidden' : 'NotScalable', message: sent.message }
    }
    case 'not sent':
      return { write: 'not sent', message: sent.message, ...retryAfter(sent) }
    case 'unknown':
      return { write: 'unknown', message: sent.message }
  }
}

/**
 * Returns the size of the whole object that a write stores, or may store, in bytes. The answer from
 * /scale has only a few fields of the object, so the size of the last read is used.
 */
const storedBytes = ({ at }: Target, { body }: CountWrite, sent: Sent, { objectBytes }: Accounting): number => {
  if (sent.sent === 'stored') return at.isAnswered ? Math.max(bytesOf(body), bytesOf(sent.response.body)) : objectBytes
  return Math.max(bytesOf(body), objectBytes)
}

/**
 * Reads what a write needs to know of the version that it replaces. Returns the outcome of the
 * write instead if it cannot be made from that version.
 */
const groundOf = async (api: ApiConnection, target: Target, from: From): Promise<From | WriteOutcome> => {
  const found = await readTarget(api, target)
  switch (found.state) {
    case 'found': {
      const { resourceVersion, uid } = found.version
      return resourceVersion === from.resourceVersion && uid === from.uid ? found.version : { write: 'stale' }
    }
    case 'blocked':
      return found.reason === 'TargetNotFound'
        ? { write: 'missing' }
        : { write: 'refused', reason: found.reason, message: found.message }
    case 'unreachable':
      return { write: 'not sent', message: found.message, ...retryAfter(found) }
  }
}

const retryAfter = ({ retryAfterMs }: { readonly retryAfterMs?: number }) =>
  retryAfterMs === undefined ? {} : { retryAfterMs }
