import type { DeliveryOutcome } from '../record.ts'

/**
 * Where a reason appears:
 * - an outcome, such as `applied`: in the answers with this outcome.
 * - `refused`: in answers without an outcome.
 * - `waited`: in answers that give the outcome of an earlier delivery.
 * - `condition`: on a hook that is not Ready.
 * - `ready`: on a hook that is Ready.
 * - `event`: in Kubernetes Events.
 * - `listed`: in the deliveries that a status lists, for one that had another answer before.
 */
export type ReasonPlace =
  | DeliveryOutcome
  | 'awaiting'
  | 'unavailable'
  | 'unreadable'
  | 'refused'
  | 'condition'
  | 'ready'
  | 'event'
  | 'listed'
  | 'waited'

/**
 * The texts of one reason. The table `reasons` has all reasons of answers, conditions and Events.
 * docs/reference/reasons.md is made from it, and a test fails if a reason is missing in either.
 */
export interface ReasonText {
  readonly where: readonly ReasonPlace[]
  /** What happened, as a sentence. */
  readonly means: string
  readonly todo: string
}
