import type { DeliveryContext } from '../record/context.ts'
import type { MemoryDraft } from '../record/draft.ts'
import { judgeMove, type Judgement } from '../record/judge.ts'
import { keepOf } from '../record/room.ts'
import type { Plan, UndoPlan } from './steps.ts'
import type { CountLimits } from './target/target.ts'

/**
 * Decides about the step of a post from the count `from`, by the limits of its hook. Undefined: they
 * have room for it, or its plan refuses it.
 */
export const judgedMove = (
  draft: MemoryDraft,
  { context, plan }: { readonly context: DeliveryContext; readonly plan: Plan | UndoPlan },
  from: number,
  bounds: CountLimits | undefined,
  now: number,
): Extract<Judgement, { judgement: 'skip' | 'unfinished' }> | undefined => {
  const to = context.limits && plan(from, 0, bounds)
  return context.limits && typeof to === 'number' ? judgeMove(draft, context.limits, to - from, now) : undefined
}

/** Returns the member of a claimed row that says how long limits count its step. Empty without limits. */
export const keepIn = ({ limits }: Pick<DeliveryContext, 'limits'>) => limits && { keep: keepOf(limits) }
