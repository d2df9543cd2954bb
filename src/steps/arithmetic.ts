import type { Plan } from './steps.ts'
import type { CountLimits } from './target/target.ts'

/** The size of a step: a number, or a percentage of the current count. */
export type Amount = { readonly count: number } | { readonly percent: number }

/** How a count may move. `min` and `max` are inclusive, 0 <= min <= max. */
export interface Movement {
  readonly action: 'up' | 'down'
  readonly by: Amount
  readonly min: number
  readonly max: number
  /** clamp: a step that would pass the bound stops at it. reject: such a step is refused. */
  readonly overshoot: 'clamp' | 'reject'
}

/** The largest count that Kubernetes stores (int32). It is the upper bound of a hook without `max`. */
export const largestCount = 2 ** 31 - 1

/**
 * Parses a step as people write it: an integer of at least 1, or "1%" to "999%". Returns undefined
 * for anything else.
 */
export const parseAmount = (written: unknown): Amount | undefined => {
  if (typeof written === 'number') {
    return Number.isInteger(written) && written >= 1 && written <= largestCount ? { count: written } : undefined
  }
  const percent = typeof written === 'string' ? /^([1-9][0-9]{0,2})%$/.exec(written)?.[1] : undefined
  return percent === undefined ? undefined : { percent: Number(percent) }
}

/** Returns the size of a step at a given count. A percentage is rounded up to at least 1. */
export const stepSize = (by: Amount, count: number): number =>
  'count' in by ? by.count : Math.max(1, Math.ceil((count * by.percent) / 100))

/** The refusal that a plan returns if `overshoot` is reject and the step would pass the bound. */
const wouldPassBound = 'WouldPassBound'

/**
 * Returns the plan of a movement.
 * - Up: at or above max, the count stays. Otherwise it is the smaller of count + step and max.
 * - Down: at or below min, the count stays. Otherwise it is the greater of count - step and min.
 * With `overshoot: reject`, a step that would pass this bound is refused. The other bound does not
 * matter: a step up from far below min is still one step. If the target has its own bounds, the
 * narrower bound applies.
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

/**
 * The limits of a target without bounds of its own. They have no effect, because a hook's own
 * bounds are narrower.
 */
const noLimits: CountLimits = { min: -Infinity, max: Infinity }

/**
 * Returns the plan that takes back a sum of steps. The plan moves the count in the opposite
 * direction, stops at the bound on that side, and never moves it in the direction of the steps.
 */
export const takeBackWithin =
  ({ max, min }: Pick<Movement, 'min' | 'max'>): Plan =>
  (count, delta = 0, limits) =>
    delta === 0
      ? count
      : moveWithin({ action: delta > 0 ? 'down' : 'up', by: { count: Math.abs(delta) }, min, max, overshoot: 'clamp' })(
          count,
          0,
          limits,
        )
