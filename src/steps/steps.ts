/**
 * Steps: exact changes of a count. `service.ts` has one queue for each target. `queue.ts` reads the
 * target, folds all waiting posts into one write (`batch.ts`, `claims.ts`) and sends it
 * (`writer.ts`). `finish.ts` and `help.ts` finish the writes that another process left behind.
 * `target/` knows the objects: how a count is read and written, and how a lost write is found
 * again.
 *
 * The promise: each post that is answered 200 has changed the count exactly once, with any number
 * of replicas. Steps import `record` and the folders above it in CONTRIBUTING's map. They know no
 * driver and no sender.
 */

import type { Outcome } from '../api/outcome.ts'
import type { StepBounds } from '../api/row.ts'
import type { CountLimits, Target } from './target/target.ts'

/** Why a plan refuses to change a count. The text is the driver's own, and is returned to it. */
export interface Refusal {
  readonly refused: string
}

/**
 * Computes the count after a step from the current count, or returns a refusal. Pure: it may run
 * several times. `delta` is the sum of the steps that an undo takes back, or else 0. `limits` are the target's own bounds.
 */
export type Plan = (count: number, delta?: number, limits?: CountLimits) => number | Refusal

/** The count before and after a step, and the id of the object's count if the outcome may be asked for. */
export interface Made {
  readonly from: number
  readonly to: number
  readonly on?: string | undefined
  /** When the step ends by itself, in milliseconds since the epoch. Undefined if it is for good. */
  readonly until?: number | undefined
}

export type Step =
  /**
   * The API server has stored the step. `from` equals `to` if the plan kept the count. `on`
   * identifies the count of the object. It is undefined if nobody may ask for the outcome.
   */
  | ({ readonly outcome: 'done' } & Made)
  /** The plan refused at this count. */
  | {
      readonly outcome: 'refused'
      readonly refused: string
      readonly from: number
      readonly until?: number | undefined
    }
  /** The step was not made. This is the outcome of its delivery, too. */
  | Extract<Outcome, { outcome: 'skipped' | 'awaiting' | 'failed' | 'unavailable' | 'changed' | 'unknown' }>

/**
 * Makes one exact change of a count: a step, or an undo of what the firings of the delivery's alerts changed. It is
 * computed from the count that it replaces. None is lost or doubled. `bounds` are the hook's own. The end of a lease
 * returns to where the count was within them.
 */
export type MakeStep = (target: Target, plan: Plan, bounds?: StepBounds) => Promise<Step>
