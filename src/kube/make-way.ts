/** How many times as long as the last one took passes before the next. */
const share = 4

/** The API server may be away: however long that took to notice, in milliseconds. */
const longestMs = 1000

/**
 * How long to leave the API server alone between two writes that nobody waits for, in milliseconds: at least `leastMs`,
 * and longer where the last one, which took `tookMs`, had to stand in line with those that somebody does wait for.
 */
export const pauseAfter = (tookMs: number, leastMs: number): number =>
  Math.max(leastMs, Math.min(share * tookMs, longestMs))
