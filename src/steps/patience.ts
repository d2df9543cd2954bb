import { waitAfter, type Backoff } from '../environment/backoff.ts'
import type { Clock } from '../environment/environment.ts'
import { wait } from '../environment/wait.ts'

/** The wait before the API server is tried again. */
const retry: Backoff = { firstMs: 50, maxMs: 800 }

/** How many conflicts in a row are taken for writes of others, before there is a wait after each. */
const maxConflicts = 8

/** Paces a target's queue: it waits where the API server fails, or where others write the target again and again. */
export class Patience {
  readonly #clock: Clock
  #problem: string | undefined
  #pauses = 0
  #conflicts = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Why the last attempt failed: the answer to a post whose time ends meanwhile. */
  get problem(): string | undefined {
    return this.#problem
  }

  /** It takes its time, and this is why. */
  delayed(message: string): void {
    this.#problem = message
  }

  /** Waits before the API server is asked again: as long as it asked for, else longer each time. */
  async pause(message: string, askedMs?: number): Promise<void> {
    this.#problem = message
    const ownMs = waitAfter(retry, this.#pauses++)
    await wait(this.#clock, Math.min(askedMs ?? ownMs, retry.maxMs))
  }

  /** Somebody else's write came first. Waits only where that happens again and again. */
  pauseAfterConflicts(): Promise<void> | undefined {
    this.#conflicts += 1
    return this.#conflicts > maxConflicts ? wait(this.#clock, retry.firstMs) : undefined
  }

  /** The API server has answered. */
  answered(): void {
    this.#problem = undefined
  }

  /** A write was stored: all waits begin with the first again. */
  succeeded(): void {
    this.#problem = undefined
    this.#pauses = 0
    this.#conflicts = 0
  }
}
