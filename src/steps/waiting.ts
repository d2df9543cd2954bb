/** What waits in the queue of a target: its posts, and sometimes the queue itself. */

import type { StepBounds } from '../api/row.ts'
import { waitAfter, type Backoff } from '../environment/backoff.ts'
import type { Clock } from '../environment/environment.ts'
import { wait } from '../environment/wait.ts'
import { isRemembered, type DeliveryContext } from '../record/context.ts'
import type { Plan, Step } from './steps.ts'

/** A post that waits for its step. */
export interface Waiting {
  readonly context: DeliveryContext
  /** The arithmetic of the post's step or undo. */
  readonly plan: Plan
  /** The hook's bounds of the count. Undefined if it has none. */
  readonly bounds?: StepBounds | undefined
  readonly answer: (step: Step) => void
  /**
   * waiting: the post may still leave the queue. in flight: a request that contains its step may
   * have been sent.
   */
  state: 'waiting' | 'in flight' | 'answered'
  /** The beginning of the change that the post takes back, if an earlier read of the target was older. */
  outdatedSince?: string
}

/** Returns whether a post needs its hook's record. */
export const needsRecord = ({ context }: Waiting): boolean => isRemembered(context)

export const isUnanswered = ({ state }: Waiting): boolean => state !== 'answered'

/** Answers a post, once. */
export const answerPost = (entry: Waiting, step: Step): void => {
  if (entry.state === 'answered') return
  entry.state = 'answered'
  entry.answer(step)
}

/**
 * Returns whether a post has an idempotency key, or is the end of a lease. It can be tried again,
 * because its claim ensures that it runs only once.
 */
export const isNamed = ({ context }: Waiting): boolean =>
  context.delivery.identity !== undefined || context.ends !== undefined

/** The wait before the API server is tried again. */
const retry: Backoff = { firstMs: 50, maxMs: 800 }

/** How many conflicts in a row are retried at once. After that, there is a wait after each. */
const maxConflicts = 8

/**
 * Decides how long a target's queue waits: while the API server fails, or while others write the
 * target repeatedly.
 */
export class QueueBackoff {
  readonly #clock: Clock
  #problem: string | undefined
  #pauses = 0
  #conflicts = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Returns why the last attempt failed. It is the answer to posts whose time ends meanwhile. */
  get problem(): string | undefined {
    return this.#problem
  }

  /** Notes why the queue is delayed. */
  delayed(message: string): void {
    this.#problem = message
  }

  /**
   * Waits before the API server is tried again: as long as the server asked for, or else longer
   * each time, but at most `retry.maxMs`.
   */
  async pause(message: string, askedMs?: number): Promise<void> {
    this.#problem = message
    const ownMs = waitAfter(retry, this.#pauses++)
    await wait(this.#clock, Math.min(askedMs ?? ownMs, retry.maxMs))
  }

  /** Notes a conflict. Waits only after several in a row. */
  pauseAfterConflicts(): Promise<void> | undefined {
    this.#conflicts += 1
    return this.#conflicts > maxConflicts ? wait(this.#clock, retry.firstMs) : undefined
  }

  /** Notes that the API server has answered. */
  answered(): void {
    this.#problem = undefined
  }

  /** Notes that a write was stored. The next waits begin with the shortest again. */
  succeeded(): void {
    this.#problem = undefined
    this.#pauses = 0
    this.#conflicts = 0
  }
}
