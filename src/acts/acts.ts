/**
 * Acts: work that is done once for each delivery, such as a rollout. `once.ts` asks the record
 * whether an act is new, `running.ts` does the work. Any process may continue an unfinished act.
 * Acts import `record` and the rooms before it, and know no driver.
 */

import type { Outcome } from '../api/outcome.ts'

/** The work that a delivery asks for. It is the same for every copy, in every process. */
export interface Act {
  /** 132 random bits in base64url, for names and annotations. */
  readonly id: string
  /**
   * When the reported event occurred, in milliseconds since the epoch. If that is unknown, when the
   * delivery was first decided.
   */
  readonly at: number
}

/** The result of working on an act. */
export type Worked =
  /** Everything is stored, or nothing had to be done. */
  | { readonly worked: 'done'; readonly outcome: Outcome }
  /** Nothing was written, and sending the same again would write nothing. */
  | { readonly worked: 'failed'; readonly outcome: Outcome }
  /** Part of the work remains. The next copy of the delivery continues it with the same act. */
  | { readonly worked: 'unfinished'; readonly outcome: Outcome }

/** Reports how far the work has come, for an answer that cannot wait for its end. */
export type Progress = (soFar: string) => void

/**
 * Does the work, or the rest of it. Several processes may do so at once. So all write the same, and
 * every write carries the act's id as evidence. The work must end soon after `mayContinue` returns
 * false.
 */
export type Work = (act: Act, mayContinue: () => boolean, progress: Progress) => Promise<Worked>

/** Which other acts may run at the same time. */
export interface ActOptions {
  /** No other act of this hook runs at the same time. */
  readonly serial?: true
  /** A copy of the delivery waits for the first one instead of working too. */
  readonly alone?: true
}

/** Does an act once for each delivery, however often the delivery is sent. */
export interface Acts {
  once(work: Work, how?: ActOptions): Promise<Outcome>
}
