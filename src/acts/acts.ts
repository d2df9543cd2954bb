import type { Outcome } from '../api/outcome.ts'

/** What a delivery is done for: the same for every copy of it, in every process. */
export interface Act {
  /** Of 132 bits, in base64url; it goes into names and annotations. */
  readonly id: string
  /** When the event happened that the delivery reports; if that is not known, when the delivery was first decided. In milliseconds since
   * the epoch. */
  readonly at: number
}

/** How far a piece of work has come. */
export type Worked =
  /** All of it is stored, or there is nothing to do. */
  | { readonly worked: 'done'; readonly outcome: Outcome }
  /** Nothing was written, and nothing would be if the same were sent again now. */
  | { readonly worked: 'failed'; readonly outcome: Outcome }
  /** Some of it is left: the next copy of the delivery does that, with the same act. */
  | { readonly worked: 'unfinished'; readonly outcome: Outcome }

/** How far work has come that goes on, for the answer to a delivery that cannot wait for its end. */
export type Progress = (soFar: string) => void

/**
 * Does something, or what is left of it. Several processes may work at one act at once. So each of them must write the same, and
 * every write must carry the act as evidence. Work ends soon after `mayContinue` has returned false.
 */
export type Work = (act: Act, mayContinue: () => boolean, progress: Progress) => Promise<Worked>

/** What an act may run at the same time with. */
export interface ActOptions {
  /** Never at the same time as another act of this hook. */
  readonly serial?: true
  /** A copy waits for the first instead of doing the same work at the same time. */
  readonly alone?: true
}

/** Does things once for each delivery, however often and by whomever it is sent. */
export interface Acts {
  once(work: Work, how?: ActOptions): Promise<Outcome>
}
