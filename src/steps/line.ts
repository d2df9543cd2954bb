import { isUnsettled } from './batch.ts'
import type { Step } from './steps.ts'
import type { Waiting } from './claims.ts'

/** The posts that wait for a target, in the order in which they came. */
export class Line {
  #entries: Waiting[] = []

  get length(): number {
    return this.#entries.length
  }

  add(entry: Waiting): void {
    this.#entries.push(entry)
  }

  /** Those that have not been answered. */
  waiting(): readonly Waiting[] {
    this.#entries = this.#entries.filter(isUnsettled)
    return [...this.#entries]
  }

  /** Takes some out. */
  take(taken: Iterable<Waiting>): void {
    const out = new Set(taken)
    this.#entries = this.#entries.filter(entry => !out.has(entry))
  }

  /** Puts those that have not been answered back, before all others. */
  putBack(entries: readonly Waiting[]): void {
    const unsettled = entries.filter(isUnsettled)
    for (const entry of unsettled) entry.state = 'waiting'
    this.#entries = [...unsettled, ...this.#entries]
  }
}

/** Answers a post, once. */
export const settle = (entry: Waiting, step: Step): void => {
  if (entry.state === 'settled') return
  entry.state = 'settled'
  entry.settle(step)
}

/** A named post may be sent again: its claim sees to it that it runs once. */
export const isNamed = ({ context }: Waiting): boolean => context.delivery.identity !== undefined
