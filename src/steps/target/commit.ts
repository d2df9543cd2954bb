import type { Environment } from '../../environment/environment.ts'
import { waitAfter, type Backoff } from '../../environment/backoff.ts'
import { wait } from '../../environment/wait.ts'
import { chargedOnce, forbiddenTries } from '../../kube/written.ts'
import type { Target, From } from './target.ts'
import { findEvidence, type Evidence } from './evidence.ts'
import { markedWrite, type Bill, type Written } from './write.ts'

/** The wait before the evidence of an ambiguous write is looked at again. */
const lookAgain: Backoff = { firstMs: 25, maxMs: 400 }

/** A marked write to be made certain. */
export interface Intended {
  readonly target: Target
  /** What no other write has. */
  readonly mark: string
  /** The version that the count was computed from. */
  readonly from: From
  readonly to: number
  /** Whether other processes may send the very same write: then a conflict may be with one of theirs. */
  readonly shared: boolean
}

/** Who is interested in a write. */
export interface Interest {
  readonly bill: Bill
  /** Whether anyone still waits for it. */
  readonly mayContinue: () => boolean
  /** The evidence was looked at, and this is what it said. */
  readonly looked: (evidence: Evidence['evidence']) => void
  /**
   * Takes back the claim of a shared write that came too late and has left no request on its way. Answers whether that is
   * stored: then nobody else has sent the write, or ever will.
   */
  readonly takeBack?: () => Promise<boolean>
}

export type Committed =
  | Written
  /** It came too late, and its claim has been taken back. Nothing was written. */
  | { readonly write: 'taken back' }
  /** The history that would show it has been compacted: nobody will ever know. */
  | { readonly write: 'untold' }

/**
 * Makes a marked write and makes its outcome certain: while that is ambiguous, the evidence is looked at and the same request is
 * sent again. Only where the history is gone, or nobody waits any more, is the outcome left unknown.
 */
export const commit = async (
  { api, clock }: Pick<Environment, 'api' | 'clock'>,
  { from, mark, shared, target, to }: Intended,
  { bill, mayContinue, looked, takeBack }: Interest,
): Promise<Committed> => {
  const paid = { ...bill, charge: chargedOnce(bill.charge) }
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
    /** No request of ours is on its way, and the server will not have it: waiting changes nothing. */
    const isSettled = ({ write }: Written): boolean => !lost && !mayPass && (write === 'refused' || write === 'missing')
    // From here on a conflict may be with another request of the same mark, so that nothing but the evidence counts.
    const found = await findEvidence(api, target, mark, from)
    looked(found.evidence)
    switch (found.evidence) {
      case 'applied':
        return { write: 'applied', version: found.newest }
      case 'never':
        return { write: 'stale' }
      case 'history gone':
        return { write: 'untold' }
      case 'not yet':
        if (isSettled(written)) return written
        break
      case 'unreachable':
        // The kind of the target is gone, or the right to it: who has sent it before may have been let through.
        if (found.isRefused && isSettled(written)) return { write: 'unknown', message: found.message }
    }
    await wait(clock, waitAfter(lookAgain, looks++))
    if (!mayContinue()) return { write: 'unknown', message: 'nobody waits for it any more' }
  }
}
