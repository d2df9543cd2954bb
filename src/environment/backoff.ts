/**
 * The waits between attempts, in milliseconds. The first is `firstMs`. Each further one is twice as
 * long, up to `maxMs`.
 */
export interface Backoff {
  readonly firstMs: number
  readonly maxMs: number
}

/** Returns the next wait, in milliseconds. `attempts` is the number of waits before it. */
export const waitAfter = ({ firstMs, maxMs }: Backoff, attempts: number): number =>
  Math.min(firstMs * 2 ** attempts, maxMs)
