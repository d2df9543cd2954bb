import type { StoredObject } from '../api/object.ts'
import type { Checkable, LeasePlace } from './history-check.ts'
import type { Source } from './source.ts'

/**
 * Whether the API server's history has gone back, as it does when etcd is restored from a snapshot.
 *
 * Versions of objects then repeat. The caches of an API server that was not restarted keep the lost
 * state, at a higher version. Consistent lists come from these caches, so every proof that a watch is
 * current succeeds. Only a GET reads etcd. So this process reads one object by GET that is written
 * every two seconds, the Lease of the controller's election.
 *
 * - If its version is lower than it ever was, history has gone back. Nothing that this process has
 *   in memory can be kept, so the process ends.
 * - An API server lists the Lease over the connection of a watch, at the version R. If a write that
 *   came after the list has no version above R, the caches of this API server are of a lost history.
 *   Until a list passes, no report of a watch from there counts as current.
 */
export interface History {
  /**
   * Returns whether the Lease was read within the last `currentForMs`, and its version was no lower
   * than before. Also true if it cannot be read for want of a right, or does not exist. For a while
   * after each call, it is read more often.
   */
  readonly current: () => boolean
  /** Returns why history has gone back. Undefined if it has not. */
  readonly wentBack: () => string | undefined
  /** Returns which API server's caches are of a lost history. Undefined if none are known. */
  readonly lostCache: () => string | undefined
  /**
   * Returns that an API server may have caches of a lost history: this process has found one, and nobody has
   * removed the mark since. Undefined if it has found none.
   */
  readonly mayBeLost: () => string | undefined
  /**
   * Returns why lists of earlier versions may be of a lost history. Undefined if the Lease is current, this
   * process has found no such API server, and one has passed the check, or time enough has passed. A request
   * may go to another API server than the watches do, so one that was found counts after its watch, too.
   */
  readonly doubt: () => string | undefined
  /** Returns why nothing of this is checked. Undefined if it is. */
  readonly unchecked: () => string | undefined
  /** Compares the Lease that another request reads or writes. It is called before that request is sent. */
  readonly seeing: SeeingLease
  /** Checks the API server of a watch, until `end` is called. */
  readonly checkOver: (source: Source, watch: Checkable) => HistoryCheck
  /**
   * Reads the Lease until `stop` is aborted, or until history has gone back. In the second case, the
   * Lease was marked before it resolves, if this process marks it and could.
   */
  readonly run: (stop: AbortSignal) => Promise<'stopped' | 'went back'>
}

/**
 * Returns a check for the answer to a request that is sent now. The check returns false if history has
 * gone back. Nobody may write the Lease then: a new version would hide that from the other processes.
 */
export type SeeingLease = () => (lease: StoredObject) => boolean

export interface HistoryOptions extends LeasePlace {
  /** Whether this process marks the Lease if a history is lost. A trigger may not write the Lease. */
  readonly marks: boolean
}

/** The check of the API server of one watch. */
export interface HistoryCheck {
  /** Returns whether the caches of the API server are known to be of the present history. */
  readonly passed: () => boolean
  /**
   * Returns whether the check may still pass. The API server has come as far as what the watch began with, and its caches are not
   * known to be of a lost history. A list by another request may be of one as well, and nobody checks that.
   */
  readonly mayPass: () => boolean
  readonly end: () => void
}
