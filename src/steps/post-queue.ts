import { isUnanswered } from './batch.ts'
import type { Step } from './steps.ts'
import type { Waiting } from './claims.ts'

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
