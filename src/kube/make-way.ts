/** The wait after a write, as a multiple of its duration. */
const share = 4

/** The longest wait, in milliseconds. A long write may only mean that the API server is away. */
const maxMs = 1000

/**
 * Returns the wait between two writes that nobody waits for, in milliseconds: at least `minMs`. It
 * is longer if the last write took long, because then it delayed others.
 */
export const pauseAfter = (tookMs: number, minMs: number): number => Math.max(minMs, Math.min(share * tookMs, maxMs))
