import type { ApiConnection } from '../environment/environment.ts'
import type { Acting } from '../kube/acting.ts'
import type { RecordOwner } from './memory.ts'
import type { Remembered } from './remembered.ts'
import type { Ledger } from './ledger.ts'

/**
 * A delivery on its way through the program. This object is made once, when the post is admitted to
 * a hook. Gates, driver, queue, fold and record get it by reference.
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

/** Returns what a process works with, but with a connection that sends requests as the delivery's account. */
export const actingIn = <E extends { readonly api: ApiConnection }>(
  environment: E,
  { account }: Pick<DeliveryContext, 'account'>,
): E => (account ? { ...environment, api: account.api } : environment)
