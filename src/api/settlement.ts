/** The states that the change of a delivery can be in, the one that counts first where its workloads differ. */
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
  /** How many pods of the new template are available at least, and how many are wanted; absent where none are counted. */
  readonly ready?: number
  readonly of?: number
}

/** What a delivery has left on the objects that it changed, by which a later look distinguishes its change from others. */
export interface ChangeEvidence {
  /**
   * What is written first in the annotation of each container, some 31 bytes each: the id of the push or the restart and, after a
   * space, the beginning of the hash of what runs.
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

/** How many different changes a delivery may be known by. Of more nothing is remembered. */
export const maxDid = 8
