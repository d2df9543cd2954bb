import type { Happened, Violation } from '../happened.ts'
import { checkAccounts } from './accounts.ts'
import { checkAnswers, checkLateness } from './answers.ts'
import { checkApprovals } from './approvals.ts'
import { checkSteps } from './bounds.ts'
import { checkDeleted } from './deleted.ts'
import { checkHalted } from './halted.ts'
import { checkHolds } from './holds.ts'
import { checkJobs } from './jobs.ts'
import { checkKeys } from './keys.ts'
import { checkLeases } from './leases.ts'
import { checkLimits } from './limits.ts'
import { checkNamed } from './named.ts'
import { checkPassed } from './passed.ts'
import { checkProofs } from './proofs.ts'
import { checkPublishing } from './publishing.ts'
import { checkQuiet } from './quiet.ts'
import { checkReplays } from './replayed.ts'
import { checkRestored, setBackIn } from './restored.ts'
import { timelineOf } from './timeline.ts'
import { checkRollouts } from './rollouts.ts'
import { checkUndo } from './undo.ts'
import { checkWaited } from './waited.ts'
import { checkMarks } from './words.ts'
import { explain } from './writes.ts'

/** What a history is said to be that was given up: a process is in a loop. */
export const endless = 'events, and no end of them'

/** Holds a history against the promises: what it lacks, or nothing. */
export const check = (happened: readonly Happened[]): readonly Violation[] => {
  const timeline = timelineOf(happened)
  // It is too long for the other checks, which compare posts with writes.
  if (happened.some(entry => entry.what === 'broken' && entry.why.endsWith(endless))) return checkQuiet(timeline)
  if (setBackIn(happened)) return [...checkRestored(timeline), ...checkLateness(timeline), ...checkQuiet(timeline)]
  const explanation = explain(timeline, write => checkSteps(timeline, [write]).length === 0)
  const { explained, violations } = explanation
  return [
    ...violations,
    ...checkSteps(timeline, explained),
    ...checkNamed(timeline, explanation),
    ...checkReplays(timeline, explanation),
    ...checkMarks(timeline),
    ...checkUndo(timeline),
    ...checkLeases(timeline),
    ...checkLimits(timeline, explanation),
    ...checkDeleted(timeline),
    ...checkAnswers(timeline, explanation),
    ...checkRollouts(timeline),
    ...checkJobs(timeline),
    ...checkHalted(timeline),
    ...checkHolds(timeline),
    ...checkApprovals(timeline),
    ...checkPassed(timeline),
    ...checkWaited(timeline, explanation),
    ...checkKeys(timeline),
    ...checkProofs(timeline),
    ...checkPublishing(timeline),
    ...checkAccounts(timeline, explanation),
    ...checkQuiet(timeline),
  ]
}
