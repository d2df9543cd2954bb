import type { Acting } from '../kube/acting.ts'
import type { RecordOwner } from '../record/memory.ts'

export interface LeasingHook {
  /** Returns whether the hook is still known to exist, and to be the same. */
  readonly isCurrent: () => boolean
  readonly endBefore: number | undefined
  /** Whether what is leased ends when the hook is deleted. */
  readonly endsWithHook: boolean
  /** The account as which the hook acts. Undefined: the process's own. */
  readonly account: Acting | undefined
  /** The count that an autoscaler sets, such as `Deployment/web`. Undefined: none is known. */
  readonly autoscaled: string | undefined
}

/** What a hook says of the ends of its leases. */
export type LeaseEnds = Pick<LeasingHook, 'endBefore' | 'endsWithHook'>

export type FoundHook =
  /** The hook certainly exists. */
  | { readonly found: 'hook'; readonly hook: LeasingHook }
  /** It certainly does not. `isCurrent`: whether things may still be changed. `isReplaced`: whether there is a new hook of its name. */
  | { readonly found: 'gone'; readonly isCurrent: () => boolean; readonly isReplaced: boolean }
  /** Nothing may be changed now. */
  | { readonly found: 'stopped' }
  | { readonly found: 'unknown' }

/** What the ends of leases need to know of hooks. */
export interface LeasingHooks {
  find(owner: RecordOwner): Promise<FoundHook>
  /** Returns a hook as it is known, of any age. */
  known(owner: RecordOwner): LeaseEnds | undefined
  /** Returns whether another hook of the name is known, of any age. */
  isReplaced(owner: RecordOwner): boolean
}
