import type { Outcome } from '../api/outcome.ts'

/** What a delivery is done for: the same for every copy of it, in every process. */
export interface Act {
  /** Of 132 bits, in base64url; it goes into names and annotations. */
  readonly id: string
  /** When the news happened, or else when the delivery was first decided, in milliseconds since the epoch. */
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
 * Does something, or what is left of it. Whatever it writes has to be the same whoever writes it, and to carry the act as
 * evidence, since several processes may work at one act at once. It ends soon once `goOn` says no.
 */
export type Work = (act: Act, goOn: () => boolean, progress: Progress) => Promise<Worked>

/** How an act is done beside others. */
export interface How {
  /** Never beside another act of this hook. */
  readonly serial?: true
  /** A copy waits for the first instead of doing the same beside it. */
  readonly alone?: true
}

/** Things done once for each delivery, whoever sends it. */
export interface Acts {
  once(work: Work, how?: How): Promise<Outcome>
}
