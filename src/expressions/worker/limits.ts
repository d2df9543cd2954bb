/** All limits of the evaluation. Times are in milliseconds. */

/** The processor time of one evaluation. The slowest useful expression takes a tenth of it. */
export const budgetMs = 50

/**
 * The processor time of one check. The slowest text that admission accepts takes a tenth of it.
 * With a lower limit, a correct hook could stay disabled until somebody edits it.
 */
export const checkBudgetMs = 200

/** How many checks of one namespace may wait. */
export const maxChecksWaiting = 20_000

/** The shortest time between two looks at the processor time that a run has used. */
export const watchEveryMs = 5

/**
 * If an evaluation takes this long but little processor time, its process is stuck, or somebody
 * stopped it.
 */
export const stuckMs = 10_000

/** A process without an evaluation for this long is ended. */
export const idleMs = 60_000

/**
 * How long a process may take until it is ready. On a busy machine it takes seconds. One that stands
 * still is ended after this time, because nothing else would end it.
 */
export const startWithinMs = 60_000

/** How long no process is started after one that ended before it was ready. */
export const startAgainMs = 1000

/** How far the memory of a process may grow, in MiB. A body of 1 MiB can take 50. */
export const maxMemoryMiB = 96

/**
 * How many evaluations of one hook may wait, and how many bytes the waiting bodies and expressions
 * of all hooks may have together. Beyond it, those of the heaviest namespace leave first.
 */
export const maxWaiting = 1000
export const maxWaitingBytes = 32 * 1024 * 1024

/** How long a hook is blocked after its expression exceeded a limit. Doubles each time, up to the maximum. */
export const firstBlockMs = 1000
export const maxBlockMs = 60_000

/**
 * How long a hook shares no process with hooks that kept to the limits, after its expression
 * exceeded one.
 */
export const probationMs = 60_000

/** For how many hooks the behaviour is remembered. */
export const maxReputations = 10_000

/**
 * A run that takes more than `quickMs` of processor time is slow. After `maxSlowRuns` slow runs in
 * a row, a hook waits among the slow hooks.
 */
export const quickMs = 10
export const maxSlowRuns = 3

/** How long a run may take if no parent is there to end it. */
export const maxRunMs = stuckMs + 5000

/** How long proven expressions keep a process of their own after any expression exceeded a limit. */
export const apartMs = 3_600_000
