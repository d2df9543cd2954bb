import { rfc3339 } from '../environment/time.ts'
import type { ReasonIn } from './reasons.ts'
import type { ChangeEvidence } from './settlement.ts'

/**
 * One change that a delivery made. `from` and `to` say for people what was there before and after,
 * such as images. A restart has no `from`.
 */
export interface Change {
  /** Kind and name, such as `Deployment/web`. */
  readonly object: string
  /** The part of the object that changed, such as a container. */
  readonly part?: string | undefined
  readonly from?: string | undefined
  readonly to: string
}

/**
 * What was done: either a count before and after, or a summary and the single changes. `until` is
 * when a step ends by itself, in milliseconds since the epoch. A summary is a text for people. It begins with a verb that can follow "would have", as in `rolled out
 * Deployment/web`.
 */
export type Did =
  | {
      readonly from: number
      readonly to: number
      readonly on?: string | undefined
      readonly until?: number | undefined
      /** The hook's bound at which the count stays, in words. */
      readonly bound?: string
    }
  | {
      readonly summary: string
      readonly changes: readonly Change[]
      readonly evidence?: ChangeEvidence
      readonly until?: number | undefined
    }

/** A change that nobody has approved yet. `effect` is its digest. */
export type Awaited = (
  | { readonly from: number; readonly to: number }
  | { readonly summary: string; readonly changes: readonly Change[] }
) & {
  readonly effect: string
  /** When it is too late to approve it, in milliseconds since the epoch. */
  readonly until?: number | undefined
  /** The ReceiverHookRequest that keeps the post until then. Undefined if a request asks for the change itself. */
  readonly request?: string | undefined
}

/** The result of a delivery. docs/reference/http.md lists the answer for each kind. */
export type Outcome =
  /** The API server has stored the change. */
  | ({ readonly outcome: 'applied'; readonly reason: ReasonIn<'applied'> } & Did)
  /** The state was already as requested. */
  | ({ readonly outcome: 'unchanged'; readonly reason: ReasonIn<'unchanged'> } & Did)
  /** The delivery does not count. */
  | {
      readonly outcome: 'skipped'
      readonly reason: ReasonIn<'skipped'>
      readonly message: string
      /** When posts to the hook count again, in RFC 3339. Present if its windows are closed, or a limit is reached. */
      readonly opensAt?: string
      /** When the lease of the delivery's alerts ends, in milliseconds since the epoch. */
      readonly until?: number | undefined
    }
  /** The hook's settings forbid the change. */
  | {
      readonly outcome: 'rejected'
      readonly reason: ReasonIn<'rejected'>
      readonly message: string
      readonly from: number
      readonly until?: number | undefined
    }
  /** The action failed, at least in part. A person must change something before it can succeed. */
  | {
      readonly outcome: 'failed'
      readonly reason: ReasonIn<'failed'>
      readonly message: string
      /** The changes that were made nevertheless. */
      readonly changes?: readonly Change[]
    }
  /** A person has to approve the change before it is made. Nothing was changed. `effect` stands for it. */
  | ({ readonly outcome: 'awaiting'; readonly reason: ReasonIn<'awaiting'> } & Awaited)
  /** The action is not done, at least in part. It is safe to try again, and may succeed. */
  | { readonly outcome: 'unavailable'; readonly reason: ReasonIn<'unavailable'>; readonly message: string }
  /** The post lacks something that the driver needs, so it is no delivery. */
  | { readonly outcome: 'unreadable'; readonly reason: ReasonIn<'unreadable'>; readonly message: string }
  /**
   * The hook changed after the delivery was admitted. Nothing was done; the delivery must be
   * admitted again.
   */
  | { readonly outcome: 'changed' }
  /**
   * The write may or may not be stored. The connection is closed without an answer, because any
   * answer could be wrong.
   */
  | { readonly outcome: 'unknown' }

/** Why a delivery is not executed. */
export interface NotRun {
  readonly reason: ReasonIn<'skipped'> | 'KeyReused'
  readonly message: string
  /** When the limit that is reached has room, in milliseconds since the epoch. Absent if none is. */
  readonly opensAt?: number | undefined
  /** When the lease of the delivery's alerts ends, in milliseconds since the epoch. Undefined if they have none. */
  readonly until?: number | undefined
}

/**
 * Returns the outcome of a delivery that is not executed: `failed` if its key was reused, otherwise
 * `skipped`.
 */
export const notRun = ({
  message,
  opensAt,
  reason,
  until,
}: NotRun): Extract<Outcome, { outcome: 'skipped' | 'failed' }> =>
  reason === 'KeyReused'
    ? { outcome: 'failed', reason, message }
    : {
        outcome: 'skipped',
        reason,
        message,
        // In whole seconds, rounded up: at that time posts count.
        ...(opensAt !== undefined && { opensAt: rfc3339(opensAt + 999) }),
        until,
      }

/** An outcome after which the work on a delivery is over: any but `changed`. */
export type Ended = Exclude<Outcome, { outcome: 'changed' }>

/** An outcome that a sender gets as the answer: any but `changed` and `unknown`. */
export type Answered = Exclude<Ended, { outcome: 'unknown' }>
