import type { StepBounds } from '../api/row.ts'
import type { DeliveryContext } from '../record/context.ts'
import type { Plan, Step, UndoPlan } from './steps.ts'

/** A post that waits for its step. */
export interface Waiting {
  readonly context: DeliveryContext
  /** The arithmetic of the post's step or undo. */
  readonly plan: Plan | UndoPlan
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

/** The posts that wait for a target, in order of arrival. */
export class PostQueue {
  #entries: Waiting[] = []

  get length(): number {
    return this.#entries.length
  }

  add(entry: Waiting): void {
    this.#entries.push(entry)
  }

  /** Returns the posts that have no answer yet. */
  waiting(): readonly Waiting[] {
    this.#entries = this.#entries.filter(isUnanswered)
    return [...this.#entries]
  }

  /** Removes posts. */
  take(taken: Iterable<Waiting>): void {
    const out = new Set(taken)
    this.#entries = this.#entries.filter(entry => !out.has(entry))
  }

  /** Puts posts without an answer back before all others. */
  putBack(entries: readonly Waiting[]): void {
    const unanswered = entries.filter(isUnanswered)
    for (const entry of unanswered) entry.state = 'waiting'
    this.#entries = [...unanswered, ...this.#entries]
  }
}

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
