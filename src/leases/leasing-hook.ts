import type { RecordOwner } from '../record/memory.ts'

/** A hook whose leases are to end. */
export interface LeasingHook {
  /** Returns whether the hook is still known to exist, and to be the same. */
  readonly isCurrent: () => boolean
  readonly endBefore: number | undefined
  /** The count that an autoscaler sets, such as `Deployment/web`. Undefined: none is known. */
  readonly autoscaled: string | undefined
}

/** What the ends of leases need to know of hooks. */
export interface LeasingHooks {
  /**
   * Returns a hook that certainly exists. `gone`: it does not. `stopped`: nothing may be changed now.
   * `unknown`: that could not be found out.
   */
  find(owner: RecordOwner): Promise<LeasingHook | 'gone' | 'stopped' | 'unknown'>
  /** Returns the `endBefore` of a hook, of any age. */
  endBefore(owner: RecordOwner): number | undefined
}
