/** A wait that doubles with every attempt that settled nothing. Milliseconds. */
export interface Backoff {
  readonly first: number
  readonly longest: number
}

/** After an error. It begins as controller-runtime's does, and ends far sooner: nothing else would wake what waits. */
export const afterError: Backoff = { first: 5, longest: 30_000 }

/** The wait after `attempts` attempts before this one, in milliseconds. */
export const delay = ({ first, longest }: Backoff, attempts: number): number => Math.min(first * 2 ** attempts, longest)
