import type { ApiConnection, Environment } from '../../environment/environment.ts'
import { waitAfter, type Backoff } from '../../environment/backoff.ts'
import { wait } from '../../environment/wait.ts'
import { bytesOf, chargedOnce, forbiddenTries, sendWrite, type Charge } from '../../kube/written.ts'
import { findEvidence, type Evidence } from './evidence.ts'
import { readTarget } from './read.ts'
import type { From, ProblemReason, Target, Version } from './target.ts'

/** The time limit of a marked write, in milliseconds: the whole time of a delivery. */
const writeTimeoutMs = 4000

/** The wait before the evidence of an ambiguous write is searched for again. */
const lookAgain: Backoff = { firstMs: 25, maxMs: 400 }

export type WriteOutcome =
  /** The write is stored. `version` is the target's newest known version, or undefined if it is unknown. */
  | { readonly write: 'applied'; readonly version: Version | undefined }
  /** The version that the count was computed from is outdated. Nothing was written. */
  | { readonly write: 'stale' }
  /** The object does not exist, or cannot be written in this way. Nothing was written. */
  | { readonly write: 'missing' }
  /** The API server refused the write. Nothing was written. */
  | { readonly write: 'refused'; readonly reason: ProblemReason; readonly message: string }
  /** The write is certainly not stored. Another attempt is safe. */
  | { readonly write: 'not sent'; readonly message: string; readonly retryAfterMs?: number | undefined }
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
  const { charge, objectBytes } = accounting
  switch (sent.sent) {
    case 'stored': {
      // The whole object is charged. The answer from /scale has only a few of its fields, so the size of the
      // last read is used.
      const { isAnswered } = target.at
      charge(isAnswered ? Math.max(bytesOf(request.body), bytesOf(sent.response.body)) : objectBytes)
      const stored = target.at.stored(sent.response.body, mark, based, to)
      if (stored === undefined) return { write: 'unknown', message: 'the answer does not match what was written' }
      return 'reason' in stored ? { write: 'refused', ...stored } : { write: 'applied', version: stored }
    }
    case 'conflict':
      return { write: 'stale' }
    case 'missing':
      return { write: 'missing' }
    case 'refused': {
      // The API server also refuses a patch whose `test` fails. That may only mean that the version
      // is newer, which a read shows.
      const forbidden = sent.status === 403
      const now = !forbidden && target.at.needsGround ? await groundOf(api, target, from) : undefined
      if (now && 'write' in now) return now
      return { write: 'refused', reason: forbidden ? 'Forbidden' : 'NotScalable', message: sent.message }
    }
    case 'not sent':
      return { write: 'not sent', message: sent.message, retryAfterMs: sent.retryAfterMs }
    case 'unknown':
      // The write may be stored.
      charge(Math.max(bytesOf(request.body), objectBytes))
      return { write: 'unknown', message: sent.message }
  }
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
      return { write: 'not sent', message: found.message, retryAfterMs: found.retryAfterMs }
  }
}

/** A marked write whose outcome must become certain. */
export interface Intended {
  readonly target: Target
  /** The mark, which no other write has. */
  readonly mark: string
  /** The version that the count was computed from. */
  readonly from: From
  /** The mark in that version, if the count had one. */
  readonly before?: string | undefined
  readonly to: number
  /**
   * True if other processes may send the same write. Then a conflict may have been caused by one of
   * their requests.
   */
  readonly shared: boolean
}

/** What the caller of {@link commit} passes in: who pays, and its callbacks. */
export interface Interest {
  readonly accounting: Accounting
  /** Returns false once nobody waits any more. */
  readonly mayContinue: () => boolean
  /** Called with the result of each search for evidence. */
  readonly looked: (evidence: Evidence['evidence']) => void
  /** Called with the reason if evidence cannot be read. */
  readonly delayed?: (message: string) => void
  /**
   * Takes back the claim of a shared write that had a conflict and has no request on its way.
   * Returns whether the removal is stored. If so, nobody else has sent the write or ever will.
   */
  readonly takeBack?: () => Promise<boolean>
}

export type Committed =
  | WriteOutcome
  /** The write had a conflict, and its claim was taken back. Nothing was written. */
  | { readonly write: 'taken back' }
  /** The history that would show the write was compacted. The outcome can never be found out. */
  | { readonly write: 'history gone' }

/**
 * Sends a marked write until its outcome is certain. While the outcome is ambiguous, this searches
 * for evidence and sends an identical request again. The outcome stays unknown only if the history
 * is gone or nobody waits any more.
 */
export const commit = async (
  { api, clock }: Pick<Environment, 'api' | 'clock'>,
  { before, from, mark, shared, target, to }: Intended,
  { accounting, delayed, mayContinue, looked, takeBack }: Interest,
): Promise<Committed> => {
  const paid = { ...accounting, charge: chargedOnce(accounting.charge) }
  let lost = false
  let forbidden = 0
  let looks = 0
  for (;;) {
    const written = await markedWrite(api, target, mark, from, to, paid)
    if (written.write === 'applied') return written
    lost ||= written.write === 'unknown'
    const mayPass = written.write === 'refused' && written.reason === 'Forbidden' && ++forbidden < forbiddenTries
    if (!lost && !shared && !mayPass) return written
    if (!lost && written.write === 'stale' && (await takeBack?.())) return { write: 'taken back' }
    // Waiting cannot help if none of our requests is on its way, and the server refuses the write or does not find
    // its object.
    const isFinal = !lost && !mayPass && (written.write === 'refused' || written.write === 'missing')
    // From here on, a conflict may have been caused by another request with the same mark, so only
    // evidence counts.
    const found = await findEvidence(api, target, { mark, from, before })
    looked(found.evidence)
    switch (found.evidence) {
      case 'applied':
        return { write: 'applied', version: found.newest }
      case 'never':
        return { write: 'stale' }
      case 'history gone':
        return { write: 'history gone' }
      case 'not yet':
        if (isFinal) return written
        break
      case 'unreachable':
        // The target's kind or the right to it is gone. Requests that were sent earlier may have
        // succeeded.
        if (found.isRefused && isFinal) return { write: 'unknown', message: found.message }
        delayed?.(found.message)
    }
    await wait(clock, waitAfter(lookAgain, looks++))
    if (!mayContinue()) return { write: 'unknown', message: 'nobody is waiting for it any more' }
  }
}
