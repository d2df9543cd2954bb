import type { Outcome } from '../api/outcome.ts'
import type { Decided } from './ledger.ts'

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
