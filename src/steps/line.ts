import { isUnsettled } from './batch.ts'
import type { Step } from './steps.ts'
import type { Waiting } from './claims.ts'

/** The posts that wait for a target, in the order in which they came. */
export interface Line {
  readonly length: number
  add(entry: Waiting): void
  /** Those that have not been answered. */
  waiting(): readonly Waiting[]
  /** Takes some out. */
  take(taken: Iterable<Waiting>): void
  /** Puts those that have not been answered back, before all others. */
  putBack(entries: readonly Waiting[]): void
}

export const lineOf = (): Line => {
  let entries: Waiting[] = []
  return {
    get length() {
      return entries.length
    },
    add: entry => void entries.push(entry),
    waiting: () => {
      entries = entries.filter(isUnsettled)
      return [...entries]
    },
    take: taken => {
      const out = new Set(taken)
      entries = entries.filter(entry => !out.has(entry))
    },
    putBack: returned => {
      const unsettled = returned.filter(isUnsettled)
      for (const entry of unsettled) entry.state = 'waiting'
      entries = [...unsettled, ...entries]
    },
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
