import type { Outcome } from '../api/outcome.ts'
import type { ReasonIn } from '../api/reasons.ts'
import type { ClaimedRow } from '../api/row.ts'
import type { MemoryDraft } from './draft.ts'
import type { PartOf } from './parts.ts'

/** The record's decision about a delivery. */
export type Judgement =
  /** The delivery is to be run. */
  | { readonly judgement: 'new' }
  /**
   * Changes are to be taken back: the delivery's alerts have ended, and their firings changed these
   * counts. Or their lease has ended.
   */
  | { readonly judgement: 'undo'; readonly changed: readonly PartOf[] }
  /** The delivery is to be skipped. `remember`: the skip must be stored. */
  | {
      readonly judgement: 'skip'
      readonly reason: ReasonIn<'skipped'>
      readonly message: string
      readonly remember: boolean
      /** True if the delivery is a repeat that only `dedupeWindow` makes a copy. */
      readonly isRepeat?: boolean
      /** True if a newer record may say that the alerts have ended and begun again. */
      readonly mayBeNext?: boolean
      /** When the limit that is reached has room, in milliseconds since the epoch. */
      readonly opensAt?: number
    }
  /** The key was used before, for a different body. */
  | { readonly judgement: 'skip'; readonly reason: 'KeyReused'; readonly message: string; readonly remember: false }
  /**
   * The record has no room for the delivery's key. Dropping another key within its window could
   * double a step.
   */
  | { readonly judgement: 'full'; readonly message: string }
  /**
   * A claimed write blocks the delivery, and its outcome is unknown. The caller finishes that write
   * and asks again. If the claim is the delivery's own, the outcome is its answer.
   */
  | { readonly judgement: 'unfinished'; readonly row: ClaimedRow; readonly isOwn: boolean }

export type Skip = Judgement & { judgement: 'skip' }
export type Unfinished = Judgement & { judgement: 'unfinished' }
export type Full = Judgement & { judgement: 'full' }

/** Returns a skip that must be stored. */
export const rememberedSkip = (reason: Exclude<ReasonIn<'skipped'>, 'KeyReused'>, message: string): Skip => ({
  judgement: 'skip',
  reason,
  message,
  remember: true,
})

/** The decision for alerts without changes that can be taken back. */
export const nothingToUndo = rememberedSkip('NothingToUndo', 'this alert changed nothing here that could be taken back')

/** The decision for the end of alerts that have begun again since. */
export const begunAgain: Skip = {
  ...nothingToUndo,
  message: 'the alerts have begun again since this end: nothing is taken back until they end the next time',
}

/** The decision for alerts whose changes are no longer the hook's to take back. */
export const setByOthers = rememberedSkip(
  'SetByOthers',
  'someone else has set the count since this alert changed it, so nothing is taken back',
)

/** The result of a judge. The judge's changes of the draft are stored. */
export interface Ruling<T> {
  readonly result: T
  /**
   * True if the result is valid only for the newest memory. If nothing has to be stored, the newest
   * memory is then read.
   */
  readonly needsNewest?: boolean
}

/**
 * Decides on a memory at `now`, in milliseconds since the epoch. It may run several times, each
 * time on a new draft.
 */
export type Judge<T> = (draft: MemoryDraft, now: number) => Ruling<T>

export type Decided<T> =
  /**
   * Decided, and the changes are stored. If there were no changes, the memory may be out of date,
   * unless the judge asked for the newest.
   */
  | { readonly decided: 'stored'; readonly result: T }
  /** The hook was deleted or replaced. Nothing was stored. */
  | { readonly decided: 'gone' }
  /** A newer program wrote the record. Nothing was decided or stored. */
  | { readonly decided: 'newer'; readonly message: string }
  /** The leases of an earlier hook of the name have to end first. Posts of other hooks must not wait for that. */
  | { readonly decided: 'held'; readonly message: string }
  /** The API server refused the record. Nothing was stored. */
  | { readonly decided: 'refused'; readonly message: string }
  /** Nobody waits any more. The last changes may be stored now or later. */
  | { readonly decided: 'given up' }

export interface Waiter {
  /** Returns false once the caller no longer waits. */
  readonly mayContinue: () => boolean
  /** Called with the reason while the API server does not answer. */
  readonly delayed?: (message: string) => void
}

export interface Deciding extends Waiter {
  /** Called when the last changes are certain not to be stored. */
  readonly withdrawn?: () => void
}

/** The outcome of a delivery that has waited too long for another one to the same hook. */
export const waitedForOther = {
  outcome: 'unavailable',
  reason: 'Contended',
  message: 'another delivery to this hook is not finished yet',
} as const

/** A record that has decided nothing about a delivery, for another reason than that nobody waits any more. */
export type Undecided = Exclude<Decided<unknown>, { decided: 'stored' | 'given up' }>

/** Returns the outcome of a delivery about which its record has decided nothing. */
export const undecidedOutcome = (
  undecided: Undecided,
):
  | Extract<Outcome, { outcome: 'changed' }>
  | { readonly outcome: 'failed'; readonly reason: 'Forbidden'; readonly message: string }
  | { readonly outcome: 'unavailable'; readonly reason: 'Contended' | 'RecordTooNew'; readonly message: string } => {
  switch (undecided.decided) {
    case 'gone':
      return { outcome: 'changed' }
    case 'newer':
      return { outcome: 'unavailable', reason: 'RecordTooNew', message: undecided.message }
    case 'held':
      return { outcome: 'unavailable', reason: 'Contended', message: undecided.message }
    case 'refused':
      return { outcome: 'failed', reason: 'Forbidden', message: `the hook's record: ${undecided.message}` }
  }
}
