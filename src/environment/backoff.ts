/** A wait before each further attempt, which doubles from one to the next. In milliseconds. */
export interface Backoff {
  readonly firstMs: number
  readonly maxMs: number
}

/** The wait after `attempts` attempts before this one, in milliseconds. */
export const waitAfter = ({ firstMs, maxMs }: Backoff, attempts: number): number =>
  Math.min(firstMs * 2 ** attempts, maxMs)
