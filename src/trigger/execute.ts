import type { Delivery } from '../api/delivery.ts'
import type { Outcome } from '../api/outcome.ts'
import type { ApiConnection, Clock, Expressions, ExpressionVariables } from '../environment/environment.ts'
import { isRemembered, isUndo } from '../steps/judge.ts'
import type { Ledgers } from '../steps/ledgers.ts'
import type { Recorded } from '../steps/batch.ts'
import type { StepService } from '../steps/service.ts'
import { changedMeanwhile, type Refusal, type Step, type Target } from '../steps/steps.ts'
import { closed, passedOver } from './gates.ts'
import type { LiveHook } from './hook.ts'
import type { Hooks } from './hooks.ts'
import { stepTakesMs } from './limits.ts'
import { remember } from './remember.ts'
import { filtered } from './when.ts'

interface Surroundings {
  readonly api: ApiConnection
  readonly clock: Clock
  readonly expressions: Expressions
  /** What an expression can read of the delivery. */
  readonly variables: ExpressionVariables
  readonly hooks: Hooks
  readonly ledgers: Ledgers
  readonly steps: StepService
  /** When it must be answered, in monotonic milliseconds. */
  readonly deadline: number
  readonly dryRun: boolean
}

/** A plan of one count or of more. */
type PlanOf<Counts extends readonly number[]> = (...counts: Counts) => number | Refusal

/**
 * Passes a delivery through the gates and runs the driver. A hook is looked at again when its step is folded, not
 * only when the post arrived: if it has changed by then, nothing is done and the delivery has to begin again.
 */
export const execute = async (
  hook: LiveHook,
  delivery: Delivery,
  { api, clock, deadline, dryRun, expressions, hooks, ledgers, steps: service, variables }: Surroundings,
): Promise<Outcome | 'changed meanwhile'> => {
  const recorded = recordedOf(hook, delivery, ledgers)
  const gated =
    closed(hook) ??
    (await filtered(expressions, hook, variables, deadline - clock.monotonic() - stepTakesMs)) ??
    passedOver(hook, delivery)
  if (gated)
    return gated.outcome === 'skipped' && !dryRun ? await remember(gated, recorded, { api, clock, deadline }) : gated
  if ('path' in hook.bound) throw new Error('the gate lets no invalid hook through')

  const steps = dryRun ? service.preview(deadline, recorded) : service.until(deadline, recorded)
  let changed = false
  const watched =
    <Counts extends readonly number[]>(step: (target: Target, plan: PlanOf<Counts>) => Promise<Step>) =>
    async (target: Target, plan: PlanOf<Counts>): Promise<Step> => {
      const made = await step(target, (...counts) =>
        hooks.unchanged(hook) ? plan(...counts) : { refused: changedMeanwhile },
      )
      changed = made.step === 'refused' && made.refused === changedMeanwhile
      return made
    }
  const { bound } = hook
  const run = recorded && isUndo(recorded) ? bound.undo : bound.execute
  const outcome = await run(delivery, {
    namespace: hook.namespace,
    api,
    clock,
    steps: { change: watched(steps.change), undo: watched(steps.undo) },
  })
  return changed ? 'changed meanwhile' : outcome
}

const recordedOf = (hook: LiveHook, delivery: Delivery, ledgers: Ledgers): Recorded | undefined => {
  const { cooldownMs, dedupeWindowMs, onResolved } = hook
  const remembered = { delivery, undo: onResolved === 'undo', cooldownMs, dedupeWindowMs }
  return isRemembered(remembered) ? { ...remembered, ledger: ledgers.of(hook) } : undefined
}
