/** Every bound of the evaluation. Times are in milliseconds. */

/** How much of a processor one evaluation may use. The slowest that is of use takes a tenth of it. */
export const budgetMs = 50

/**
 * How much of a processor one check may use. The slowest text that admission lets through takes a tenth of it; a mistake
 * here would keep a good hook from working until somebody edits it.
 */
export const checkBudgetMs = 200

/** How many checks of one namespace wait. */
export const maxChecksWaiting = 20_000

/** The shortest time after which a run that is not over is looked at again. */
export const watchEveryMs = 5

/** A process that is this long at one evaluation and has not even used its budget is stuck, or stopped by somebody. */
export const stuckMs = 10_000

/** A process that evaluated nothing for this long is ended. */
export const idleMs = 60_000

/** How long to wait after a process that ended before it was ready. */
export const startAgainMs = 1000

/** How large the memory of a process may grow by itself, in MiB; a body of 1 MiB can take 50 of them. */
export const maxMemoryMiB = 96

/** How many evaluations of one hook wait, and how many bytes all waiting bodies have. */
export const maxWaiting = 1000
export const maxWaitingBytes = 32 * 1024 * 1024

/**
 * How long a hook is blocked after its expression ran over: this, and twice as long each time, up
 * to the maximum.
 */
export const firstBlockMs = 1000
export const maxBlockMs = 60_000

/** For how long after it ran over a hook shares no process with those that did not. */
export const probationMs = 60_000

/** Of how many hooks it is known how they behaved. */
export const maxReputations = 10_000

/** Who takes more of a processor than this, so many times in a row, could hold up others, and waits among their like. */
export const quickMs = 10
export const maxSlowRuns = 3

/** How long a run may take if the program that watches it is gone. */
export const maxRunMs = stuckMs + 5000

/** For how long after an expression ran over the proven ones have a process of their own. */
export const apartMs = 3_600_000
