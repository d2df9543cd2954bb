import { notRun, type Outcome } from '../../api/outcome.ts'
import { readFailureOf } from '../../kube/errors.ts'
import type { Need } from '../../kube/reviews.ts'
import type { Step } from '../../steps/steps.ts'
import type { Target, TargetProblem } from '../../steps/target/target.ts'
import { viaScale } from '../../steps/target/via-scale.ts'
import { largestCount, moveWithin, parseAmount, stepSize, takeBackWithin } from '../arithmetic.ts'
import type { Execution } from '../driver.ts'
import type { Counted } from './schema.ts'

/** Makes a hook's step and returns its outcome. */
export const stepOn = async (target: Target, member: Counted, { steps }: Execution): Promise<Outcome> => {
  const { action, overshoot } = member
  const plan = moveWithin({ action, by: amountOf(member), overshoot, ...boundsOf(member) })
  return outcomeOf(await steps.change(target, plan), member, 'Stepped')
}

/** Takes back what an alert's firings have changed. */
export const takeBackOn = async (target: Target, member: Counted, { steps }: Execution): Promise<Outcome> =>
  outcomeOf(await steps.undo(target, takeBackWithin(boundsOf(member))), member, 'Undone')

/** Why there is no target for a step, as its outcome. */
export const failedBy = ({ message, reason }: TargetProblem): Outcome => ({ outcome: 'failed', reason, message })

/** What a read that a target depends on has failed with, as an outcome. Throws what is no answer of the API. */
export const unreadBy = (error: unknown): Outcome => {
  const { failure, message } = readFailureOf(error)
  return failure === 'forbidden'
    ? { outcome: 'failed', reason: 'Forbidden', message }
    : { outcome: 'unavailable', reason: 'ApiUnreachable', message }
}

/** What the trigger must be allowed to change a count: `list` is how it finds out whether a write was made whose answer is lost. */
export const countNeeds = ({ at, name, type }: Pick<Target, 'at' | 'name' | 'type'>): readonly Need[] =>
  at === viaScale
    ? [
        { type, name, verbs: ['get', 'list'] },
        { type, subresource: 'scale', name, verbs: ['patch'] },
      ]
    : [{ type, name, verbs: ['get', 'list', 'patch'] }]

/** How a count moves, for people, behind what moves: `up by 1, to at most 10`. */
export const movementInWords = (member: Counted): string => {
  const { action, by } = member
  const { max, min } = boundsOf(member)
  return action === 'up' ? `up by ${by}, to at most ${max}` : `down by ${by}, to at least ${min}`
}

/** What the count of a target can be brought to by posts alone, for people: `raise Deployment/web to 10`. */
export const worstInWords = (member: Counted, target: string): string => {
  const { max, min } = boundsOf(member)
  return member.action === 'up' ? `raise ${target} to ${max}` : `lower ${target} to ${min}`
}

/** Without a max nothing but what Kubernetes stores ends a step up: to take a step down back, for one. */
const boundsOf = ({ max = largestCount, min }: Counted) => ({ max, min })

const amountOf = ({ by }: Counted) => {
  const amount = parseAmount(by)
  if (!amount) throw new TypeError(`a step was accepted and is none: ${by}`)
  return amount
}

const outcomeOf = (step: Step, member: Counted, changed: 'Stepped' | 'Undone'): Outcome => {
  switch (step.step) {
    case 'done': {
      const { from, to } = step
      return from === to
        ? { outcome: 'unchanged', reason: 'AtBound', from, to }
        : { outcome: 'applied', reason: changed, from, to }
    }
    case 'skipped':
      return notRun(step)
    case 'changed':
      return { outcome: 'changed' }
    case 'refused': {
      const { action, by } = member
      const message = `a step ${action} by ${by} from ${step.from} would end ${passedBound(member, step.from)}`
      return { outcome: 'rejected', reason: 'WouldPassBound', message, from: step.from }
    }
    case 'failed':
      return { outcome: 'failed', reason: step.reason, message: step.message }
    case 'unavailable':
      return { outcome: 'unavailable', reason: step.reason, message: step.message }
    case 'unknown':
      return { outcome: 'unknown' }
  }
}

/** The bound that a step would pass: the hook's, or else the target's own. */
const passedBound = (member: Counted, from: number): string => {
  const { max, min } = boundsOf(member)
  const size = stepSize(amountOf(member), from)
  if (member.action === 'up') return from + size > max ? `above max ${max}` : 'above what the target itself allows'
  return from - size < min ? `below min ${min}` : 'below what the target itself allows'
}
