/** The states of a delivery's change. If its workloads differ, the first state of this list counts. */
export const settlementStates = ['stalled', 'progressing', 'replaced', 'superseded', 'complete', 'stored'] as const

/**
 * complete: what the delivery wrote is there, and available. progressing: not yet. stalled: it does not go on. superseded: a later
 * delivery took its place. replaced: somebody else did. stored: it is stored, and nothing more can be seen.
 */
export type SettlementState = (typeof settlementStates)[number]

/** The outcome of the change of a delivery, as it is now. */
export interface Settlement {
  readonly state: SettlementState
  /** For people. */
  readonly message: string
  /** The least number of available new pods, and the desired number. Absent if none are counted. */
  readonly ready?: number
  readonly of?: number
  /** Why it does not go on, as reasons of the workload and its pods: `web: ImagePullBackOff (1 of 4)`. */
  readonly causes?: readonly string[]
}

/** What a hook's status says of a change that has settled. */
export interface Settled {
  readonly state: SettlementState
  /** Why it stalled, for people. */
  readonly stateMessage?: string
}

/** The traces of a delivery on its objects. They distinguish its change from others later. */
export interface ChangeEvidence {
  /**
   * The first entry in the annotation of each container, some 31 bytes each: the id of the push or
   * the restart. After a space follows the beginning of the hash of what runs.
   */
  readonly did: readonly string[]
  /** On how many objects. */
  readonly n: number
}

/** A delivery that was decided. */
export interface DecidedChange extends ChangeEvidence {
  /** When, in milliseconds since the epoch. */
  readonly at: number
}

/** A count that was decided. */
export interface DecidedCount {
  readonly at: number
  /** Identifies the object with the count: 8 characters. */
  readonly on: string
  readonly to: number
}

/** How many different changes a delivery may be known by. Of more nothing is remembered. */
export const maxDid = 8
