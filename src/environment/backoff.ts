/** A wait before each further attempt. It doubles each time, up to `maxMs`. In milliseconds. */
export interface Backoff {
  readonly firstMs: number
  readonly maxMs: number
}

/** Returns the wait before the next attempt, in milliseconds, if `attempts` came before it. */
export const waitAfter = ({ firstMs, maxMs }: Backoff, attempts: number): number =>
  Math.min(firstMs * 2 ** attempts, maxMs)
