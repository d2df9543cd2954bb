import type { Hook } from './history.ts'

/**
 * What a hook makes of a count, as its description says: written down apart from the product. `rejected` where
 * `overshoot` is reject and the step would pass the bound.
 */
export const stepOf = ({ action, by, max, min, overshoot }: Hook, count: number): number | 'rejected' => {
  const [towards, bound] = action === 'up' ? ([1, max] as const) : ([-1, min] as const)
  const room = (bound - count) * towards
  if (room <= 0) return count
  if (by <= room) return count + by * towards
  return overshoot === 'reject' ? 'rejected' : bound
}
