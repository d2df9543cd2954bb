import type { NotRun } from '../api/outcome.ts'
import type { Limits, ProblemReason, Target } from './target/target.ts'

/** Why a plan leaves a count as it is, in the driver's own word, which is handed back to it. */
export interface Refusal {
  readonly refused: string
}

/**
 * Computes the count after a step from the present count, or says why there is none. Pure: it may run many times. `limits` are
 * the target's own bounds. Nothing is taken back, so `delta` has no meaning here.
 */
export type Plan = (count: number, delta?: number, limits?: Limits) => number | Refusal

/** Computes the count after an undo from the present count and `delta`, the sum of the steps to take back. */
export type UndoPlan = (count: number, delta: number, limits?: Limits) => number | Refusal

/** The outcome of one step. */
export type Step =
  /** Committed: the API server has stored it. `from` equals `to` when the plan left the count as it was. */
  | { readonly step: 'done'; readonly from: number; readonly to: number }
  /** The hook's memory says that the delivery does not count. Nothing was changed. */
  | ({ readonly step: 'skipped' } & NotRun)
  /** The hook is not what it was when the delivery was admitted. Nothing was done: the delivery has to be admitted again. */
  | { readonly step: 'changed' }
  /** The plan refused, at this count. */
  | { readonly step: 'refused'; readonly refused: string; readonly from: number }
  /** The target cannot be changed. Nothing was. */
  | { readonly step: 'failed'; readonly reason: ProblemReason; readonly message: string }
  /** There was no time, room or server for it. Nothing was changed. */
  | {
      readonly step: 'unavailable'
      readonly reason: 'ApiUnreachable' | 'Contended' | 'InternalError' | 'Overloaded' | 'RecordFull' | 'RecordTooNew'
      readonly message: string
    }
  /** A write was sent and its answer is not known. */
  | { readonly step: 'unknown' }

/** A count changed exactly: every step is computed from the count that it replaces, and none is lost or doubled. */
export interface Steps {
  readonly change: (target: Target, plan: Plan) => Promise<Step>
  /** Takes back what the firings of the delivery's alerts have changed, once. */
  readonly undo: (target: Target, plan: UndoPlan) => Promise<Step>
}
