import type { Outcome } from '../api/outcome.ts'
import type { Expressions, ExpressionVariables } from '../environment/environment.ts'
import type { LiveHook } from './hook.ts'

/**
 * What is answered to a delivery that the expression of its hook does not let through; undefined where it does, or where
 * there is none. `withinMs` bounds the wait.
 */
export const filtered = async (
  expressions: Expressions,
  { uid, when }: LiveHook,
  variables: ExpressionVariables,
  withinMs: number,
): Promise<Outcome | undefined> => {
  if (when === undefined) return undefined
  const judged = await expressions.evaluate({ owner: uid, expression: when, variables, withinMs })
  if ('failed' in judged) return { outcome: 'failed', reason: 'ExpressionFailed', message: `when: ${judged.failed}` }
  if ('ranOver' in judged) return { outcome: 'failed', reason: 'ExpressionTooSlow', message: `when: ${judged.ranOver}` }
  if ('unavailable' in judged) {
    // Nobody has judged it: it is not a skip, which would be remembered.
    return { outcome: 'unavailable', reason: 'ExpressionBusy', message: `when: ${judged.unavailable}` }
  }
  return judged.counts
    ? undefined
    : { outcome: 'skipped', reason: 'Filtered', message: 'when is false for this delivery' }
}
