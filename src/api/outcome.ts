import type { ReasonIn } from './reasons.ts'
import type { ChangeEvidence } from './settlement.ts'

/** One thing that a delivery changed. */
export interface Change {
  /** As in `Deployment/web`. */
  readonly object: string
  /** Which part of it: a container. */
  readonly part?: string
  readonly from?: string
  readonly to: string
}

/**
 * What was done: a count before and after, or a line for people and the changes one by one. The line begins with a verb that
 * can follow "would have": `rolled out Deployment/web`.
 */
export type Did =
  | { readonly from: number; readonly to: number }
  | { readonly summary: string; readonly changes: readonly Change[]; readonly evidence?: ChangeEvidence }

/** What became of a delivery. Each kind is one row of the table of answers. */
export type Outcome =
  /** The API server has stored the change. */
  | ({ readonly outcome: 'applied'; readonly reason: ReasonIn<'applied'> } & Did)
  /** There was nothing to change. */
  | ({ readonly outcome: 'unchanged'; readonly reason: ReasonIn<'unchanged'> } & Did)
  /** The delivery does not count. */
  | { readonly outcome: 'skipped'; readonly reason: ReasonIn<'skipped'>; readonly message: string }
  /** The hook refuses what was asked. */
  | {
      readonly outcome: 'rejected'
      readonly reason: ReasonIn<'rejected'>
      readonly message: string
      readonly from: number
    }
  /** The hook cannot do what it is for, or not all of it, until a person changes something. */
  | {
      readonly outcome: 'failed'
      readonly reason: ReasonIn<'failed'>
      readonly message: string
      /** What was done all the same. */
      readonly changes?: readonly Change[]
    }
  /** What was asked is not done, or not all of it, and trying again may help: it is safe. */
  | { readonly outcome: 'unavailable'; readonly reason: ReasonIn<'unavailable'>; readonly message: string }
  /** The message lacks what the driver needs of it: it is no delivery. */
  | { readonly outcome: 'unreadable'; readonly reason: ReasonIn<'unreadable'>; readonly message: string }
  /** The hook is not what it was when the delivery was admitted. Nothing was done: the delivery has to be admitted again. */
  | { readonly outcome: 'changed' }
  /** The write may or may not have been stored: the only honest answer is none. */
  | { readonly outcome: 'unknown' }

/** Why a delivery is not executed. */
export interface NotRun {
  readonly reason: ReasonIn<'skipped'> | 'KeyReused'
  readonly message: string
}

/** The outcome of a delivery that is not executed: it does not count, or its sender has made a mistake. */
export const notRun = ({ message, reason }: NotRun): Extract<Outcome, { outcome: 'skipped' | 'failed' }> =>
  reason === 'KeyReused' ? { outcome: 'failed', reason, message } : { outcome: 'skipped', reason, message }

/** An outcome that a delivery ends with. */
export type Ended = Exclude<Outcome, { outcome: 'changed' }>

/** An outcome that is answered. */
export type Answered = Exclude<Ended, { outcome: 'unknown' }>
