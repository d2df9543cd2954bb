import { emptyMemory } from '../api/record.ts'
import { claim, needsNewest, type Claimed, type Ground, type Member, type Part } from './claims.ts'
import type { Remembered } from './judge.ts'
import type { Ledger } from './ledger.ts'
import { changedMeanwhile, type Plan, type Step, type UndoPlan } from './steps.ts'

/** A delivery that its hook's memory has a say in, and that memory. */
export interface Recorded extends Remembered {
  readonly ledger: Ledger
}

/** One post that waits for its step. */
export interface Waiting {
  readonly plan: Plan | UndoPlan
  readonly recorded?: Recorded
  readonly settle: (step: Step) => void
  /** waiting: it may still leave the queue. in flight: a request that contains it may have been sent. */
  state: 'waiting' | 'in flight' | 'settled'
}

/** Posts that have been folded into one write, and what becomes of each. */
export interface Batch extends Claimed {
  readonly entries: readonly Waiting[]
}

export type Folded =
  | { readonly folded: 'batch'; readonly batch: Batch }
  /** Their hook is no more, or its memory cannot be stored: what those are told that need it. */
  | { readonly folded: 'refused'; readonly step: Step }
  | { readonly folded: 'nobody waits' }

/** What posts are folded on. */
export interface Fold extends Ground {
  /** Those that arrived before the read began that `version` is from; none where it is from a write. */
  readonly asked: ReadonlySet<Waiting>
}

/**
 * Folds posts, in order, into one write; on the memory of their hook where some of them need it, which is stored before
 * this resolves. `delayed` is told why that takes its time.
 */
export const foldBatch = async (
  waiting: readonly Waiting[],
  fold: Fold,
  ledger: Ledger | undefined,
  delayed: (message: string) => void,
): Promise<Folded> => {
  if (!ledger) return { folded: 'batch', batch: foldOn(emptyMemory, 0, waiting, fold) }
  const judged = await ledger.decide(
    (memory, now) => {
      const result = foldOn(memory, now, waiting, fold)
      for (const entry of result.entries) entry.state = 'in flight'
      return { memory: result.memory, result, needsNewest: needsNewest(result.parts) }
    },
    {
      goOn: () => waiting.some(isUnsettled),
      withdrawn: () => {
        for (const entry of waiting) if (entry.state === 'in flight') entry.state = 'waiting'
      },
      delayed,
    },
  )
  switch (judged.decided) {
    case 'stored':
      return { folded: 'batch', batch: judged.result }
    case 'gone':
      return { folded: 'refused', step: { step: 'refused', refused: changedMeanwhile, from: fold.version.count } }
    case 'refused':
      return {
        folded: 'refused',
        step: { step: 'failed', reason: 'Forbidden', message: `the record of the hook: ${judged.message}` },
      }
    case 'given up':
      return { folded: 'nobody waits' }
  }
}

/**
 * Where no write will prove the count, a post may only be answered from a read that began after it arrived. Those that did
 * arrive before stand in front; the others wait for the next turn.
 *
 * Posts that no memory has a say in do not wait until it is stored what others are skipped for: what their hooks say could
 * be over by then. Whoever stands first has the turn, and neither waits for those that have to help first, which can take
 * its time.
 */
const foldOn = (memory: Claimed['memory'], now: number, waiting: readonly Waiting[], fold: Fold): Batch => {
  const fromAll = (members: readonly Waiting[]): Batch => ({
    entries: members,
    ...claim(memory, now, members.map(memberOf), fold),
  })
  const members = waiting.filter(isUnsettled)
  const isAsked = (entry: Waiting): boolean => fold.asked.has(entry)
  const all = fromAll(members)
  const batch = all.isWritten ? all : fromAll(members.filter(isAsked))
  if (!batch.isWritten || batch.rows.length > 0 || batch.memory === memory) return batch
  const others = batch.entries.filter((_, index) => batch.parts[index]?.part !== 'help')
  return others[0]?.recorded
    ? fromAll(others.filter(entry => entry.recorded && isAsked(entry)))
    : fromAll(others.filter(entry => !entry.recorded))
}

/** Each post with what becomes of it. */
export const partsOf = ({ entries, parts }: Batch): readonly (readonly [Waiting, Part | undefined])[] =>
  entries.map((entry, index) => [entry, parts[index]])

export const isUnsettled = ({ state }: Waiting): boolean => state !== 'settled'

const memberOf = ({ plan, recorded }: Waiting): Member => ({ plan, ...(recorded && { remembered: recorded }) })

/** What a named delivery is told whose step may have been made, when nobody can tell any more. */
export const untoldStep: Step = {
  step: 'skipped',
  reason: 'OutcomeUnknown',
  message: 'the API server no longer has the history that would tell whether the step was made',
}

/** What a member of a batch is told. */
export const stepOf = (part: Exclude<Part, { part: 'help' | 'wait' }>): Step => {
  switch (part.part) {
    case 'step':
      return { step: 'done', from: part.from, to: part.to }
    case 'refused':
      return { step: 'refused', refused: part.refused, from: part.from }
    case 'skip':
      return { step: 'skipped', reason: part.reason, message: part.message }
  }
}
