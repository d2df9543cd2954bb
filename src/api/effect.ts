import { keyOf } from './hash.ts'

/** What a delivery to a hook with `approval` needs before it changes anything. */
export interface Approval {
  /** The version of the hook to which an approval belongs. */
  readonly of: string
  /** The digest of the effect that was approved. Undefined: none was, so nothing is changed. */
  readonly approved: string | undefined
}

/** A change of a count. */
export interface Effect {
  /** The version of the hook. */
  readonly of: string
  /** The count, as `Deployment/web`, and the uid of its object. */
  readonly target: string
  readonly uid: string
  readonly from: number
  readonly to: number
}

/** Returns what stands for an effect in a decision: equal for two effects only if they are the same. */
export const digestOf = ({ from, of, target, to, uid }: Effect): string =>
  keyOf(JSON.stringify([of, target, uid, from, to]))
