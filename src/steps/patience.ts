import type { Clock } from '../environment/environment.ts'
import { Waits } from '../environment/backoff.ts'
import { wait } from '../environment/wait.ts'

/** The wait before the API server is tried again, in milliseconds; it doubles up to the longest. */
const firstRetryMs = 50
const longestRetryMs = 800

/** How many conflicts in a row are taken for writes of others, before there is a wait after each. */
const mostConflicts = 8

/** How a target's queue waits when the API server, or somebody else who writes, is in its way. */
export interface Patience {
  /** Why the last attempt failed: what a post is told whose time ends meanwhile. */
  readonly trouble: string | undefined
  /** It takes its time, and this is why. */
  delayed(message: string): void
  /** Waits before the API server is asked again: as long as it asked for, else longer each time. */
  pause(message: string, askedMs?: number): Promise<void>
  /** Somebody else's write came first. Waits only where that happens again and again. */
  ifConflictsGoOn(): Promise<void> | undefined
  /** The API server has answered. */
  answered(): void
  /** A write was stored: all waits begin anew. */
  succeeded(): void
}

export const patience = (clock: Clock): Patience => {
  let trouble: string | undefined
  const retries = new Waits({ firstMs: firstRetryMs, maxMs: longestRetryMs })
  let conflicts = 0
  return {
    get trouble() {
      return trouble
    },
    delayed: message => {
      trouble = message
    },
    pause: async (message, askedMs) => {
      trouble = message
      const ownMs = retries.next()
      await wait(clock, Math.min(askedMs ?? ownMs, longestRetryMs))
    },
    ifConflictsGoOn: () => (++conflicts > mostConflicts ? wait(clock, firstRetryMs) : undefined),
    answered: () => {
      trouble = undefined
    },
    succeeded: () => {
      trouble = undefined
      retries.reset()
      conflicts = 0
    },
  }
}
