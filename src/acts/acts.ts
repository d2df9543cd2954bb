/**
 * Acts: work that is done once for each delivery, such as a rollout. `once.ts` asks the record
 * whether an act is new, `running.ts` does the work. Any process may continue an unfinished act.
 * Acts import `record` and the rooms before it, and know no driver.
 */

import type { Outcome } from '../api/outcome.ts'
import type { MemoryDraft } from '../record/draft.ts'

/**
 * The identity of the work that a delivery asks for. All copies of the delivery, in all processes,
 * have the same act.
 */
export interface Act {
  /** The id of the act, in characters of base64url, so that annotations can contain it. */
  readonly id: string
  /**
   * When the reported event occurred, in milliseconds since the epoch. If that time is unknown,
   * when the delivery was first decided.
   */
  readonly at: number
  /** True if `at` is the time of the event. */
  readonly isDated?: boolean
  /** True if the work may have begun before: evidence of it may be there. */
  readonly isResumed?: boolean
}

export type Worked =
  /** Everything is stored, or nothing had to be done. `wasDone`: it shows that a part of it was done before. */
  | { readonly worked: 'done'; readonly outcome: Outcome; readonly wasDone?: true }
  /** Nothing was written. Another attempt would write nothing either. */
  | { readonly worked: 'failed'; readonly outcome: Outcome }
  /**
   * Part of the work remains. The next copy of the delivery continues it with the same act. `isUntouched`:
   * nothing of it is stored, and nothing that was sent can be stored later.
   */
  | { readonly worked: 'unfinished'; readonly outcome: Outcome; readonly isUntouched?: boolean }

/** Receives how far the work has come, for an answer that must be sent before the work ends. */
export type Progress = (soFar: string) => void

/**
 * Resolves with whether the work may make its next request that changes something. It may take a while
 * to find out, so the work asks right before each such request.
 */
export type MayContinue = () => Promise<boolean>

/**
 * Does the work, or the rest of it. Several processes may do the work of one act at the same time.
 * So all of them must write the same changes, and every write carries the act's id as evidence. The
 * work must end soon after `mayContinue` has resolved with false.
 */
export type Work = (act: Act, mayContinue: MayContinue, progress: Progress) => Promise<Worked>

/** How the work of an act has ended in this process. */
export interface EndedWork {
  readonly outcome: Outcome
  /** True if a post was answered with this outcome. Otherwise no sender has got it, and none may ask for it. */
  readonly isAnswered: boolean
  /** Returns whether another process had done the act before. Its own answer or report says so then. */
  readonly wasDone: (draft: MemoryDraft) => boolean
}

export interface ActOptions {
  /**
   * No other act of this hook runs at the same time, and only one process works on this one. Its work
   * has six seconds, and its requests at most three each. Then another process may take it up.
   */
  readonly serial?: true
  /** While the work is in progress, a copy of the delivery waits for it, and does not work on it too. */
  readonly alone?: true
  /**
   * The work changes nothing, and its result is not remembered: the post may only ask about a delivery
   * that was sent before. So nothing is stored.
   */
  readonly asks?: true
  /** Called once when the work has ended, which may be long after the answer, or when the process stops. */
  readonly ended?: ((ended: EndedWork) => void) | undefined
}

/** Does an act once for each delivery, however often the delivery is sent. */
export interface Acts {
  once(work: Work, how?: ActOptions): Promise<Outcome>
  /**
   * Stores that another act of the hook is done, if it is still open. A driver calls this before it
   * removes the evidence of that act. Resolves with false if that could not be stored.
   */
  settle(id: string, outcome: Outcome): Promise<boolean>
}
