import type { Environment } from '../../environment/environment.ts'
import { waitAfter, type Backoff } from '../../environment/backoff.ts'
import { wait } from '../../environment/wait.ts'
import { chargedOnce, forbiddenTries } from '../../kube/written.ts'
import type { Target, From } from './target.ts'
import { findEvidence, type Evidence } from './evidence.ts'
import { markedWrite, type Accounting, type WriteOutcome } from './write.ts'

/** The wait before the evidence of an ambiguous write is searched for again. */
const lookAgain: Backoff = { firstMs: 25, maxMs: 400 }

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
    /**
     * Returns whether waiting cannot help: none of our requests is on its way, and the server
     * refuses the write or does not find its object.
     */
    const isFinal = ({ write }: WriteOutcome): boolean =>
      !lost && !mayPass && (write === 'refused' || write === 'missing')
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
        if (isFinal(written)) return written
        break
      case 'unreachable':
        // The target's kind or the right to it is gone. Requests that were sent earlier may have
        // succeeded.
        if (found.isRefused && isFinal(written)) return { write: 'unknown', message: found.message }
        delayed?.(found.message)
    }
    await wait(clock, waitAfter(lookAgain, looks++))
    if (!mayContinue()) return { write: 'unknown', message: 'nobody waits for it any more' }
  }
}
