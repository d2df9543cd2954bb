import type { Outcome } from '../api/outcome.ts'
import type { Expressions, ExpressionVariables } from '../environment/environment.ts'

/**
 * What is answered to a delivery that the expression of its hook does not let through; undefined where it does. `withinMs` bounds
 * the wait.
 */
export const filtered = async (
  expressions: Expressions,
  { uid, when }: { readonly uid: string; readonly when: string },
  variables: ExpressionVariables,
  withinMs: number,
): Promise<Outcome | undefined> => {
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
