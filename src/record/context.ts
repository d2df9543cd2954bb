import type { Approval } from '../api/effect.ts'
import type { Delivery } from '../api/delivery.ts'
import type { Limit } from '../api/limits-schema.ts'
import type { ApiConnection } from '../environment/environment.ts'
import type { Acting } from '../kube/acting.ts'
import type { CountName } from './count-name.ts'
import type { Leasing } from './lease-terms.ts'
import type { Ledger } from './ledger.ts'
import type { RecordOwner } from './memory.ts'

/** What the record needs to know of a delivery and its hook. */
export interface Remembered {
  readonly delivery: Pick<Delivery, 'identity' | 'group' | 'phase'>
  /** True if the end of an alert takes back the changes of its firings. */
  readonly undo: boolean
  /**
   * How long a second report of the same event is a copy, in milliseconds. One with an idempotency key of its sender is
   * a copy for as long as the record knows the first.
   */
  readonly dedupeWindowMs: number
  /** The shortest time between two runs of the hook, in milliseconds. */
  readonly cooldownMs: number
  /** How often, and how far, the hook may act within a time. Undefined: without a limit. */
  readonly limits?: readonly Limit[] | undefined
  /** The signed body. Present only if the hook counts a signed body only once within some time. */
  readonly signed?: Signed | undefined
  /**
   * The beginning of the hash of the body that was sent with the sender's key. Undefined if the
   * post has no such key, or no body.
   */
  readonly of?: string | undefined
  /** How long the delivery's step lasts. Undefined: for good. */
  readonly leasing?: Leasing | undefined
  /** The part that this step ends. Undefined if a delivery asks for the step. */
  readonly ends?: EndedPart | undefined
}

export interface EndedPart {
  readonly key: string
  readonly count: CountName
  /** What was leased before this moment ends by then, in milliseconds since the epoch. */
  readonly endBefore?: number | undefined
  /** True: it ends now, regardless of the clocks, because its hook is deleted. */
  readonly isDue?: boolean
}

/** The hash of a signed body, and how long it counts only once, in milliseconds. */
export interface Signed {
  readonly body: string
  readonly withinMs: number
}

/**
 * A delivery on its way through the program. This object is made when the body is read, and again if the
 * hook changed meanwhile. Gates, driver, queue, fold and record get it by reference.
 */
export interface DeliveryContext extends Remembered {
  /** The hook as it was when the post was admitted. */
  readonly hook: RecordOwner
  /**
   * The account as which the driver acts. Absent: the process's own. The record is always the
   * process's own.
   */
  readonly account?: Acting | undefined
  /** When the answer is due, in monotonic milliseconds. */
  readonly deadline: number
  /** True if the sender gave a key in a header, and so may ask for the outcome later. */
  readonly isAskable: boolean
  /** True if nothing may be changed: the answer says what would happen. */
  readonly dryRun: boolean
  /** What was approved, if the hook asks for approval. */
  readonly approval?: Approval | undefined
  /** True if the post has `wait`: its answer must say the outcome of the change. */
  readonly waits?: boolean
  /**
   * Returns whether the hook is known to be unchanged since the post was admitted. If it may have
   * changed, nothing more is done, and the post is admitted again.
   */
  readonly isCurrent: () => boolean
  /**
   * Returns whether the hook's posts have used all the bytes that they may store. Always false on a
   * dry run.
   */
  readonly isSpent: () => boolean
  /** Charges the hook for bytes that the API server stores. */
  readonly charge: (bytes: number) => void
  /** Returns the hook's record, which is opened at the first call. */
  readonly ledger: () => Ledger
}

/** Returns whether a delivery may still change something: its hook is unchanged and has bytes left. */
export const mayRun = ({ isCurrent, isSpent }: Pick<DeliveryContext, 'isCurrent' | 'isSpent'>): boolean =>
  isCurrent() && !isSpent()

/** Returns what a process works with, but with a connection that sends requests as the delivery's account. */
export const actingIn = <E extends { readonly api: ApiConnection }>(
  environment: E,
  { account }: Pick<DeliveryContext, 'account'>,
): E => (account ? { ...environment, api: account.api } : environment)

/** Returns whether a delivery needs its hook's record. */
export const isRemembered = ({ cooldownMs, delivery, ends, leasing, limits, undo }: Remembered): boolean =>
  delivery.identity !== undefined ||
  cooldownMs > 0 ||
  leasing !== undefined ||
  limits !== undefined ||
  ends !== undefined ||
  (undo && delivery.group !== undefined)

/** Returns how long a further delivery with the same key is a copy of this one, in milliseconds. */
export const windowOf = ({ dedupeWindowMs, delivery }: Remembered): number =>
  delivery.identity?.withinMs ?? dedupeWindowMs

/** Returns whether a delivery undoes earlier changes instead of running the hook. */
export const isUndo = ({ delivery, undo }: Remembered): boolean => undo && delivery.phase === 'resolved'

/**
 * Returns whether a row is of a delivery with another body. A post without a body matches every row
 * with its key.
 */
export const isOfOther = ({ of }: Pick<Remembered, 'of'>, row: { readonly of?: string | undefined }): boolean =>
  of !== undefined && row.of !== undefined && of !== row.of
