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

/** The wait after a write, as a multiple of the duration of that write. */
const share = 4

/** The longest wait, in milliseconds. A long write may only mean that the API server was unreachable. */
const maxMs = 1000

/**
 * Returns how long to wait before the next write, in milliseconds, if no request waits for the
 * write. It is at least `minMs`. It is longer if the last write took long, because a long write has
 * delayed other writes.
 */
export const pauseAfter = (tookMs: number, minMs: number): number => Math.max(minMs, Math.min(share * tookMs, maxMs))
