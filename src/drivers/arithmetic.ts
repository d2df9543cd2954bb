import type { Plan, UndoPlan } from '../steps/steps.ts'
import type { Limits } from '../steps/target/target.ts'

/** The size of a step: a count, or a share of the present count in percent. */
export type Amount = { readonly count: number } | { readonly percent: number }

/** How a count may move. `min` and `max` are inclusive, 0 <= min <= max. */
export interface Movement {
  readonly action: 'up' | 'down'
  readonly by: Amount
  readonly min: number
  readonly max: number
  /** clamp: a step that would pass the bound ends at it. reject: it is refused. */
  readonly overshoot: 'clamp' | 'reject'
}

/** The largest count that Kubernetes stores (int32): the bound of a hook that has none. */
export const largestCount = 2 ** 31 - 1

/** A step as people write it: an integer of at least 1, or "1%" to "999%". Undefined for anything else. */
export const parseAmount = (written: unknown): Amount | undefined => {
  if (typeof written === 'number') {
    return Number.isInteger(written) && written >= 1 && written <= largestCount ? { count: written } : undefined
  }
  const percent = typeof written === 'string' ? /^([1-9][0-9]{0,2})%$/.exec(written)?.[1] : undefined
  return percent === undefined ? undefined : { percent: Number(percent) }
}

/** How many replicas a step is at a given count. A share is rounded up and is at least 1. */
export const stepSize = (by: Amount, count: number): number =>
  'count' in by ? by.count : Math.max(1, Math.ceil((count * by.percent) / 100))

/** What a plan says when `overshoot` is reject and the step would pass the bound. */
const wouldPassBound = 'WouldPassBound'

/**
 * Promise 2. Up: at or above max, unchanged; else the lesser of count + step and max. Down: at or under min, unchanged;
 * else the greater of count - step and min. The far bound never matters: an up from far below min is still one step.
 * Where the target has bounds of its own, the nearer ones count.
 */
export const moveWithin = (movement: Movement): Plan => {
  const { action, by, min, max, overshoot } = movement
  return action === 'up'
    ? (count, _delta, limits = noLimits) => {
        const end = Math.min(max, limits.max)
        if (count >= end) return count
        const wanted = count + stepSize(by, count)
        return wanted > end && overshoot === 'reject' ? { refused: wouldPassBound } : Math.min(wanted, end)
      }
    : (count, _delta, limits = noLimits) => {
        const end = Math.max(min, limits.min)
        if (count <= end) return count
        const wanted = count - stepSize(by, count)
        return wanted < end && overshoot === 'reject' ? { refused: wouldPassBound } : Math.max(wanted, end)
      }
}

/** Of a target that allows what every one does. Arithmetic goes on below 0, where no count is. */
const noLimits: Limits = { min: -Infinity, max: Infinity }

/** Takes back a sum of steps: the opposite movement, which stops at the bound that it moves towards, and never turns. */
export const takeBackWithin =
  ({ max, min }: Pick<Movement, 'min' | 'max'>): UndoPlan =>
  (count, delta, limits) =>
    delta === 0
      ? count
      : moveWithin({ action: delta > 0 ? 'down' : 'up', by: { count: Math.abs(delta) }, min, max, overshoot: 'clamp' })(
          count,
          0,
          limits,
        )
