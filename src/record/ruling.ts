import type { Outcome } from '../api/outcome.ts'
import type { MemoryDraft } from './draft.ts'

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

/** A caller that waits for a write. */
export interface Waiter {
  /** Returns false once the caller no longer waits. */
  readonly mayContinue: () => boolean
  /** Called with the reason while the API server does not answer. */
  readonly delayed?: (message: string) => void
}

/** A caller that waits for a decision. */
export interface Deciding extends Waiter {
  /** Called when the last changes are certain not to be stored. */
  readonly withdrawn?: () => void
}

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
      return { outcome: 'failed', reason: 'Forbidden', message: `the record of the hook: ${undecided.message}` }
  }
}
