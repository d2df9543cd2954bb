import { checkpointsIn } from './checkpoints.ts'
import { operationsIn } from './deliveries.ts'
import type { History } from './history.ts'
import { walk } from './walk.ts'

/** What a history shows. */
export interface Checked {
  /** Where the product broke a promise; empty where it kept them. */
  readonly violations: readonly string[]
  /** Deliveries that no sender got an outcome of, and how many of them explain a write. */
  readonly unanswered: number
  readonly unansweredApplied: number
}

/**
 * Checks promises 1 to 4. Every version of every target is a write of the product or of the outside
 * writer. Each write of the product is made of steps. It has the steps of all deliveries that were
 * answered so, each once, and of some that were not answered. In their order, each found the count
 * that the one before it left.
 */
export const check = (history: History): Checked => {
  const { checkpoints, violations } = checkpointsIn(history)
  const { operations, violations: untrue } = operationsIn(history)
  const byTarget = Map.groupBy(operations, ({ hook }) => hook.target)
  const found = [...violations, ...untrue]
  let unansweredApplied = 0
  for (const target of new Set([...checkpoints.keys(), ...byTarget.keys()])) {
    const walked = walk(checkpoints.get(target) ?? [], byTarget.get(target) ?? [])
    if (walked.explained) unansweredApplied += walked.steps.filter(({ answered }) => answered === undefined).length
    else found.push(`${target}: ${walked.why}`)
  }
  return {
    violations: found,
    unanswered: operations.filter(({ answered }) => answered === undefined).length,
    unansweredApplied,
  }
}
