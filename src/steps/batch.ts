import { mayRun } from '../record/context.ts'
import type { Ledger } from '../record/ledger.ts'
import { MemoryDraft } from '../record/draft.ts'
import { emptyMemory } from '../record/memory.ts'
import { undecidedOutcome } from '../record/ruling.ts'
import { foldPosts, type Claimed, type FoldedOn, type Part } from './claims.ts'
import { isUnanswered, needsRecord, type Waiting } from './waiting.ts'
import type { Step } from './steps.ts'

/** Posts that are folded into one write, and the result of each. */
export interface Batch extends Claimed {
  /** The posts, in the order of their parts. */
  readonly entries: readonly Waiting[]
  /**
   * Posts whose hooks have changed or have used up their budget. They are in no write and must be
   * admitted again.
   */
  readonly changed: readonly Waiting[]
}

export type BatchResult =
  | { readonly kind: 'batch'; readonly batch: Batch }
  /** The hook was deleted, or its memory cannot be stored. `step` answers the posts that need it. */
  | { readonly kind: 'refused'; readonly step: Step }
  | { readonly kind: 'nobody waits' }

export interface Fold extends FoldedOn {
  /** The posts that were queued before the read of `version` began. Empty if `version` comes from a write. */
  readonly asked: ReadonlySet<Waiting>
}

/**
 * Folds posts in order into one write. If some posts need their hook's record, their claims are stored before this
 * resolves. All posts of the batch are then `in flight`, because any process may send a claimed write. They wait again once
 * it is certain that nothing was stored. `delayed` is called with the reason while storing fails.
 */
export const claimBatch = async (
  waiting: readonly Waiting[],
  fold: Fold,
  ledger: Ledger | undefined,
  delayed: (message: string) => void,
): Promise<BatchResult> => {
  if (!ledger) return { kind: 'batch', batch: foldOn(new MemoryDraft(emptyMemory), 0, waiting, fold) }
  const judged = await ledger.decide(
    (draft, now) => {
      const batch = foldOn(draft, now, waiting, fold)
      for (const entry of batch.entries) entry.state = 'in flight'
      draft.adopt(batch.draft)
      return { result: batch, needsNewest: batch.parts.some(needsNewest) }
    },
    {
      mayContinue: () => waiting.some(isUnanswered),
      withdrawn: () => {
        for (const entry of waiting) if (entry.state === 'in flight') entry.state = 'waiting'
      },
      delayed,
    },
  )
  if (judged.decided === 'stored') return { kind: 'batch', batch: judged.result }
  if (judged.decided === 'given up') return { kind: 'nobody waits' }
  return { kind: 'refused', step: undecidedOutcome(judged) }
}

/** Returns whether a part must be decided on the newest record. So is help for another claim. */
export const needsNewest = (part: Part): boolean =>
  part.part === 'help' || (part.part === 'answer' && part.needsNewest === true)

/**
 * Folds posts on a draft of the record.
 * - If no write will prove the count, a post may be answered only from a read that began after the
 *   post arrived. Other posts wait for the next turn.
 * - Posts without a record do not wait until the skips of others are stored, because their hooks
 *   may change meanwhile. If only skips must be stored, a turn takes either posts with a record or
 *   posts without, according to the first.
 * - No post waits for a post that must first help another write, because helping can take long.
 */
const foldOn = (draft: MemoryDraft, now: number, waiting: readonly Waiting[], fold: Fold): Batch => {
  const members: Waiting[] = []
  const changed: Waiting[] = []
  const isDeleted = draft.fields.forgetful === 'deleted hook'
  for (const entry of waiting) {
    if (entry.state === 'answered') continue
    const { context } = entry
    // The record of a deleted hook has lost rows, so a copy would count again. Only its leases still end.
    const isClosed = isDeleted && needsRecord(entry) && !context.ends
    if (mayRun(context) && !isClosed) members.push(entry)
    else changed.push(entry)
  }
  const fromAll = (members: readonly Waiting[]): Batch => ({
    entries: members,
    changed,
    ...foldPosts(draft, now, members, fold),
  })
  const isAsked = (entry: Waiting): boolean => fold.asked.has(entry)
  const all = fromAll(members)
  const batch = all.isWritten ? all : fromAll(members.filter(isAsked))
  if (!batch.isWritten || batch.rows.length > 0 || !batch.draft.isChanged) return batch
  const others = batch.entries.filter((_, index) => batch.parts[index]?.part !== 'help')
  return others[0] && needsRecord(others[0])
    ? fromAll(others.filter(entry => needsRecord(entry) && isAsked(entry)))
    : fromAll(others.filter(entry => !needsRecord(entry)))
}

/** The answer to a delivery with an idempotency key if the outcome of its step can never be found out. */
export const unknownStep: Step = {
  outcome: 'skipped',
  reason: 'OutcomeUnknown',
  message: 'the API server no longer has the history that would show whether the step was made',
}
