import type { Delivery } from '../api/delivery.ts'
import type { Limit } from '../api/limits-schema.ts'
import type { Leasing } from './lease-terms.ts'
import type { CountName } from './count-name.ts'

/** What the record needs to know of a delivery and its hook. */
export interface Remembered {
  readonly delivery: Pick<Delivery, 'identity' | 'group' | 'phase'>
  /** True if the end of an alert takes back the changes of its firings. */
  readonly undo: boolean
  /** How long a second delivery with the same key is a copy, in milliseconds. */
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

/** A part whose lease is to end. */
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
