import { changesInWords, digestOfChanges, keyOfChange, type Approval } from '../api/effect.ts'
import type { Change, Outcome } from '../api/outcome.ts'
import { reasons } from '../api/reasons.ts'
import { maxAnswerText, maxShownChanges } from '../api/run-request.ts'

/** How a driver is run that changes objects one by one. `mayChange` returns whether a change was approved. */
export interface RunAs {
  readonly dryRun: boolean
  readonly mayChange?: (change: Change) => boolean
}

/** How many characters an answer has besides its summary and its changes, at most. */
const besides = 64

/**
 * Runs a driver that changes objects one by one, for a hook with approval. A dry run first says what it would
 * change. All of that must have been approved, unless an earlier try has already done a part of it (`isBegun`).
 * Each change is compared again when it is written.
 */
export const runApproved = async (
  { approved, changes: shown = [], of }: Approval,
  isBegun: () => Promise<boolean>,
  run: (as: RunAs) => Promise<Outcome>,
): Promise<Outcome> => {
  const trial = await run({ dryRun: true })
  if (trial.outcome === 'changed' || trial.outcome === 'unavailable') return trial
  // Of an edited hook, nothing is approved.
  const isApproved = approved !== undefined && digestOfChanges(of, shown) === approved
  const allowed = new Set(isApproved ? shown.map(keyOfChange) : [])
  if (trial.outcome === 'failed' && !(await isBegun())) return trial
  if (trial.outcome === 'applied' && 'changes' in trial) {
    const changes = trial.changes.toSorted((one, other) => (keyOfChange(one) < keyOfChange(other) ? -1 : 1))
    const effect = digestOfChanges(of, changes)
    const isRest = changes.every(change => allowed.has(keyOfChange(change))) && (await isBegun())
    if (effect !== approved && !isRest) {
      const length = besides + trial.summary.length + changesInWords(changes).length
      return length > maxAnswerText || changes.length > maxShownChanges
        ? { outcome: 'failed', reason: 'TooLargeToApprove', message: reasons.TooLargeToApprove.means }
        : { outcome: 'awaiting', reason: 'AwaitingApproval', summary: trial.summary, changes, effect }
    }
  }
  // If it would change nothing, that is stored as for any post.
  return await run({ dryRun: false, mayChange: change => allowed.has(keyOfChange(change)) })
}
