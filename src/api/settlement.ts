/**
 * The states of the change that a delivery made. If its workloads are in different states, the
 * change has the state that is first in this list.
 */
export const settlementStates = [
  'failed',
  'stalled',
  'progressing',
  'replaced',
  'superseded',
  'complete',
  'stored',
] as const

/**
 * The state of a change:
 * - failed: what the change began has ended without success, as a Job does.
 * - stalled: the change makes no progress, as after a workload's deadline.
 * - progressing: the change is not complete yet.
 * - replaced: somebody else has changed what the delivery wrote.
 * - superseded: a later delivery took the place of this one.
 * - complete: the cluster has what the delivery wrote, and it is available.
 * - stored: the change is stored, and nothing more can be seen of it.
 */
export type SettlementState = (typeof settlementStates)[number]

/** The state of a delivery's change at this moment. */
export interface Settlement {
  readonly state: SettlementState
  /** The reason in the answer. Absent: the one that rollouts and counts have in this state. */
  readonly reason?: 'JobComplete' | 'JobRunning' | 'JobFailed' | 'JobGone'
  /** Explains the state to a person. */
  readonly message: string
  /** The numbers of available and of desired new pods or nodes. Absent if none are counted. */
  readonly ready?: number
  readonly of?: number
  /**
   * Why the change makes no progress, as reasons of the workload and its pods, such as `web:
   * ImagePullBackOff (1 of 4)`.
   */
  readonly causes?: readonly string[]
}

/** What a hook's status says of a change that has settled. */
export interface Settled {
  readonly state: SettlementState
  /** Why the change stalled or failed, as a text for people. Absent in other states. */
  readonly stateMessage?: string
}

/** The traces that a delivery leaves on objects. They later distinguish its change from others. */
export interface ChangeEvidence {
  /**
   * For each container of these objects, the entry that the delivery put first in the container's
   * annotation. A restart leaves one entry for a whole workload.
   * An entry begins with the id of the push or the restart. For a push, a space and the first
   * characters of a hash of the image's tag follow, some 31 bytes in all.
   */
  readonly did: readonly string[]
  /** The number of objects with these traces. */
  readonly n: number
}

/** The traces of a delivery that was decided. */
export interface DecidedChange extends ChangeEvidence {
  /** When it was decided, in milliseconds since the epoch. */
  readonly at: number
}

/** The count to which a decided delivery set an object. `at` is in milliseconds since the epoch. */
export interface DecidedCount {
  readonly at: number
  /** Identifies the object and its field with the count, in 8 characters. */
  readonly on: string
  readonly to: number
}

/**
 * How many different traces of one delivery are remembered. If the delivery left more, none are
 * remembered.
 */
export const maxDid = 8
