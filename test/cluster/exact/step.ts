import type { Hook } from './history.ts'

/**
 * Returns what a hook makes of a count, as its description says: written down apart from the product. `rejected` where
 * `overshoot` is reject and the step would pass the bound.
 */
export const stepOf = (hook: Hook, count: number): number | 'rejected' => {
  const { action, by, least = 0, max, min, most = Infinity, overshoot } = hook
  const [towards, bound] = action === 'up' ? ([1, Math.min(max, most)] as const) : ([-1, Math.max(min, least)] as const)
  const room = (bound - count) * towards
  if (room <= 0) return count
  if (by <= room) return count + by * towards
  return overshoot === 'reject' ? 'rejected' : bound
}
