import type { Outcome } from '../../api/outcome.ts'
import { readFailureOf } from '../../kube/errors.ts'
import type { Need } from '../../kube/reviews.ts'
import type { Step } from '../../steps/steps.ts'
import type { Target, TargetProblem } from '../../steps/target/target.ts'
import { viaScale } from '../../steps/target/via-scale.ts'
import { largestCount, moveWithin, parseAmount, stepSize, takeBackWithin } from '../../steps/arithmetic.ts'
import type { Execution } from '../driver.ts'
import type { Counted } from './schema.ts'

/** Changes the count of a target for a delivery. Resolves with the outcome. */
export type CountChange = (target: Target, execution: Execution) => Promise<Outcome>

/** Returns the function that makes the step of a hook on a target, or takes back what an alert's firings changed there. */
export const counting = (member: Counted, changed: 'Stepped' | 'Undone'): CountChange => {
  const { action, overshoot } = member
  const bounds = boundsOf(member)
  const isStep = changed === 'Stepped'
  const plan = isStep ? moveWithin({ action, by: amountOf(member), overshoot, ...bounds }) : takeBackWithin(bounds)
  return async (target, { step }) => outcomeOf(await step(target, plan, isStep ? bounds : undefined), member, changed)
}

export const failedBy = ({ message, reason }: TargetProblem): Outcome => ({ outcome: 'failed', reason, message })

/**
 * Returns the outcome of a step for which something about its target could not be read. Rethrows
 * errors that are not the API server's.
 */
export const unreadBy = (error: unknown): Outcome => {
  const { failure, message } = readFailureOf(error)
  return failure === 'forbidden'
    ? { outcome: 'failed', reason: 'Forbidden', message }
    : { outcome: 'unavailable', reason: 'ApiUnreachable', message }
}

/**
 * Returns the rights that the trigger needs to change a count. It needs `list` to find out whether
 * a write with a lost answer was made.
 */
export const countNeeds = ({ at, name, type }: Pick<Target, 'at' | 'name' | 'type'>): readonly Need[] =>
  at === viaScale
    ? [
        { type, name, verbs: ['get', 'list'] },
        { type, subresource: 'scale', name, verbs: ['patch'] },
      ]
    : [{ type, name, verbs: ['get', 'list', 'patch'] }]

/** Returns the movement of a count in words, such as `up by 1, to at most 10`. */
export const movementInWords = (member: Counted): string => {
  const { action, by } = member
  const { max, min } = boundsOf(member)
  return action === 'up' ? `up by ${by}, to at most ${max}` : `down by ${by}, to at least ${min}`
}

/** Returns how far posts can move a count at worst, in words, such as `raise Deployment/web to 10`. */
export const worstInWords = (member: Counted, target: string): string => {
  const { max, min } = boundsOf(member)
  return member.action === 'up' ? `raise ${target} to ${max}` : `lower ${target} to ${min}`
}

/**
 * Returns the bounds of a hook. `max` may be missing, for example if the hook steps down. An undo,
 * which moves up, then stops only at the largest count.
 */
const boundsOf = ({ max = largestCount, min }: Counted) => ({ max, min })

const amountOf = ({ by }: Counted) => {
  const amount = parseAmount(by)
  if (!amount) throw new TypeError(`not a valid step: ${by}`)
  return amount
}

const outcomeOf = (step: Step, member: Counted, changed: 'Stepped' | 'Undone'): Outcome => {
  switch (step.outcome) {
    case 'done': {
      const { outcome: _, ...made } = step
      return made.from === made.to
        ? {
            outcome: 'unchanged',
            reason: 'AtBound',
            ...made,
            ...(changed === 'Stepped' && reachedBound(member, made.to)),
          }
        : { outcome: 'applied', reason: changed, ...made }
    }
    case 'refused': {
      const { action, by } = member
      const message = `a step ${action} by ${by} from ${step.from} would end ${passedBound(member, step.from)}`
      return { outcome: 'rejected', reason: 'WouldPassBound', message, from: step.from, until: step.until }
    }
    case 'skipped':
    case 'awaiting':
    case 'failed':
    case 'unavailable':
    case 'changed':
    case 'unknown':
      return step
  }
}

/** Returns in words the hook's bound that keeps a count from a step. Nothing if the target's own does. */
const reachedBound = (member: Counted, count: number): { readonly bound?: string } => {
  const { max, min } = boundsOf(member)
  if (member.action === 'up') return count >= max ? { bound: `the hook's max is ${max}` } : {}
  return count <= min ? { bound: `the hook's min is ${min}` } : {}
}

/** Returns in words the bound that a step would pass: the hook's, or else the target's own. */
const passedBound = (member: Counted, from: number): string => {
  const { max, min } = boundsOf(member)
  const size = stepSize(amountOf(member), from)
  if (member.action === 'up') return from + size > max ? `above max ${max}` : 'above what the target itself allows'
  return from - size < min ? `below min ${min}` : 'below what the target itself allows'
}
