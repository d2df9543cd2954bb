import type { Clock } from '../environment/environment.ts'
import { Waits } from '../environment/backoff.ts'
import { wait } from '../environment/wait.ts'

/** The wait before the API server is tried again, in milliseconds; it doubles up to the longest. */
const firstRetryMs = 50
const maxRetryMs = 800

/** How many conflicts in a row are taken for writes of others, before there is a wait after each. */
const maxConflicts = 8

/** Paces a target's queue: it waits where the API server fails, or where others write the target again and again. */
export interface Patience {
  /** Why the last attempt failed: the answer to a post whose time ends meanwhile. */
  readonly problem: string | undefined
  /** It takes its time, and this is why. */
  delayed(message: string): void
  /** Waits before the API server is asked again: as long as it asked for, else longer each time. */
  pause(message: string, askedMs?: number): Promise<void>
  /** Somebody else's write came first. Waits only where that happens again and again. */
  pauseAfterConflicts(): Promise<void> | undefined
  /** The API server has answered. */
  answered(): void
  /** A write was stored: all waits begin with the first again. */
  succeeded(): void
}

export const patience = (clock: Clock): Patience => {
  let problem: string | undefined
  const retries = new Waits({ firstMs: firstRetryMs, maxMs: maxRetryMs })
  let conflicts = 0
  return {
    get problem() {
      return problem
    },
    delayed: message => {
      problem = message
    },
    pause: async (message, askedMs) => {
      problem = message
      const ownMs = retries.next()
      await wait(clock, Math.min(askedMs ?? ownMs, maxRetryMs))
    },
    pauseAfterConflicts: () => (++conflicts > maxConflicts ? wait(clock, firstRetryMs) : undefined),
    answered: () => {
      problem = undefined
    },
    succeeded: () => {
      problem = undefined
      retries.reset()
      conflicts = 0
    },
  }
}
