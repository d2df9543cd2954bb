import type { ReceiverHook } from '../api/hook.ts'
import { at, stringAt } from '../api/json.ts'
import type { Metrics } from '../environment/environment.ts'
import { Tally } from '../environment/shares.ts'

/** Receives each change of a hook from a cache. */
export type HookCounter = (change: {
  readonly before: ReceiverHook | undefined
  readonly now: ReceiverHook | undefined
}) => void

/**
 * Counts hooks by their condition Ready and its reason. A hook of whose present spec nothing is said yet counts as
 * Unknown and Pending. A reason that hooks no longer have stays in
 * the gauge, with the count 0.
 */
export const hookCounter = (metrics: Metrics): HookCounter => {
  const gauge = metrics.gauge('receiverhooks_hooks', 'Hooks, by their condition Ready and its reason.', [
    'ready',
    'reason',
  ])
  const counts = new Tally()
  const add = (hook: ReceiverHook | undefined, by: number): void => {
    if (hook === undefined) return
    const condition = isJudged(hook) ? readyIn(hook) : undefined
    const labels = {
      ready: stringAt(condition, 'status') ?? 'Unknown',
      reason: stringAt(condition, 'reason') ?? 'Pending',
    }
    gauge.set(labels, counts.add(`${labels.ready} ${labels.reason}`, by))
  }
  return ({ before, now }) => {
    add(before, -1)
    add(now, 1)
  }
}

/**
 * Returns whether a hook's status is about its present spec, or needs to be about it no more: no controller looks at
 * a hook that is being deleted.
 */
const isJudged = ({ metadata, status }: ReceiverHook): boolean =>
  status?.observedGeneration === metadata.generation || metadata.deletionTimestamp !== undefined

/**
 * Returns the condition Ready. The form of a cached hook is not checked: with another version of
 * the CRD, its status may have any form.
 */
const readyIn = ({ status }: ReceiverHook): unknown => {
  const conditions: unknown = status?.conditions
  return Array.isArray(conditions) ? conditions.find(condition => at(condition, 'type') === 'Ready') : undefined
}
