/** A wait that doubles with every attempt that settled nothing. Milliseconds. */
export interface Backoff {
  readonly first: number
  readonly longest: number
}

/** After an error: controller-runtime's figures. */
export const afterError: Backoff = { first: 5, longest: 1_000_000 }

/** The wait after `attempts` attempts before this one, in milliseconds. */
export const delay = ({ first, longest }: Backoff, attempts: number): number => Math.min(first * 2 ** attempts, longest)
