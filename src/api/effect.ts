import { keyOf } from './hash.ts'
import type { Change } from './outcome.ts'

/** What a delivery to a hook with `approval` needs before it changes anything. */
export interface Approval {
  /** The version of the hook to which an approval belongs. */
  readonly of: string
  /** The digest of the effect that was approved. Undefined: none was, so nothing is changed. */
  readonly approved: string | undefined
  /** The changes that were approved with it. Undefined for a change of a count. */
  readonly changes?: readonly Change[] | undefined
}

export interface Effect {
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

/** Returns the same for changes of objects, in this order. */
export const digestOfChanges = (of: string, changes: readonly Change[]): string =>
  keyOf(JSON.stringify([of, ...changes.map(keyOfChange)]))

/** Returns a text that is equal for two changes only if they are the same. */
export const keyOfChange = ({ from, object, part, to }: Change): string => JSON.stringify([object, part, from, to])

/** Says what changes, each by itself. */
export const changesInWords = (changes: readonly Change[]): string =>
  changes
    .map(({ from, object, part, to }) => (part === undefined ? object : `${object} ${part} from ${from} to ${to}`))
    .join('; ')
