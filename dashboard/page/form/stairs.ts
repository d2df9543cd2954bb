import { at } from '../../../src/api/json.ts'
import { largestCount, moveWithin, parseAmount } from '../../../src/steps/arithmetic.ts'

/** The greatest number of steps to show. */
const maxSteps = 12

/**
 * Returns the counts after each of several deliveries, starting at `from`, with the driver's own
 * arithmetic. `end` says what comes after them. Undefined if the hook's action is neither `up` nor
 * `down`, or if its fields are not valid.
 */
export const stairs = (
  member: unknown,
  from: number,
): { readonly counts: readonly number[]; readonly end: string } | undefined => {
  const action = at(member, 'action')
  const by = parseAmount(at(member, 'by') ?? 1)
  const min = Number(at(member, 'min') ?? 1)
  const max = Number(at(member, 'max') ?? (action === 'down' ? largestCount : NaN))
  const overshoot = at(member, 'overshoot') === 'reject' ? 'reject' : 'clamp'
  if ((action !== 'up' && action !== 'down') || by === undefined || !(min <= max)) return undefined
  const move = moveWithin({ action, by, min, max, overshoot })
  const counts = [from]
  for (let count = from; counts.length <= maxSteps;) {
    const next = move(count)
    if (typeof next !== 'number') return { counts, end: 'then refused' }
    if (next === count) return { counts, end: 'then unchanged' }
    counts.push(next)
    count = next
  }
  return { counts, end: 'and so on' }
}
