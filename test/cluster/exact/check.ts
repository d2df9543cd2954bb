import { checkpointsIn } from './checkpoints.ts'
import { operationsIn } from './deliveries.ts'
import type { History } from './history.ts'
import { walk } from './walk.ts'

/** What a history shows. */
export interface Checked {
  /** Where the product broke a promise; empty where it kept them. */
  readonly violations: readonly string[]
  /** Deliveries of which nobody was told what became of them; and how many of them explain a write. */
  readonly untold: number
  readonly untoldApplied: number
}

/**
 * Promises 1 to 4. Every version of every target is a write of the product or of the outside writer; each write of the
 * product is made of the steps of deliveries that were answered so, each once, and of some of those that were not
 * answered, in an order in which each found the count that the one before it left.
 */
export const check = (history: History): Checked => {
  const { checkpoints, violations } = checkpointsIn(history)
  const { operations, violations: untrue } = operationsIn(history)
  const byTarget = Map.groupBy(operations, ({ hook }) => hook.target)
  const found = [...violations, ...untrue]
  let untoldApplied = 0
  for (const target of new Set([...checkpoints.keys(), ...byTarget.keys()])) {
    const walked = walk(checkpoints.get(target) ?? [], byTarget.get(target) ?? [])
    if (walked.explained) untoldApplied += walked.steps.filter(({ told }) => told === undefined).length
    else found.push(`${target}: ${walked.why}`)
  }
  return {
    violations: found,
    untold: operations.filter(({ told }) => told === undefined).length,
    untoldApplied,
  }
}
