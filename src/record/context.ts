import type { RecordOwner } from './memory.ts'
import type { Remembered } from './judge.ts'
import type { Ledger } from './ledger.ts'

/**
 * A delivery on its way. It is made once, when its post is admitted to a hook, and passed by reference to all that works on it:
 * the gates, the driver, the queue of a target, the fold and the record.
 */
export interface DeliveryContext extends Remembered {
  /** The hook as it was when the post was admitted. */
  readonly hook: RecordOwner
  /** When it has to be answered, in monotonic milliseconds. */
  readonly deadline: number
  /** True if its sender has given it a key in a header: its outcome may be asked for later. */
  readonly isAskable: boolean
  /** True where it is only asked what would be done. */
  readonly dryRun: boolean
  /** True while the hook is known to be as it was then. Nothing is done once this is false: the post is admitted again. */
  readonly isCurrent: () => boolean
  /** True if nothing is left of what the posts to the hook may make the API server store. Never on a dry run. */
  readonly isSpent: () => boolean
  /** Charges the hook with bytes that the API server stores for it. */
  readonly charge: (bytes: number) => void
  /** The record of the hook, which is opened when it is first asked for. */
  readonly ledger: () => Ledger
}

/** Whether something may be done for a delivery now, as its hook was when it was admitted. */
export const mayRun = ({ isCurrent, isSpent }: DeliveryContext): boolean => isCurrent() && !isSpent()
