import type { Delivery } from '../api/delivery.ts'
import type { Ended, Outcome } from '../api/outcome.ts'
import type { Environment } from '../environment/environment.ts'
import type { LiveHook } from './hook.ts'
import { stepTakesMs } from './limits.ts'
import { mayBeLong } from './reading/message.ts'
import type { TriggerContext } from './request.ts'

/** What is answered to every delivery, whatever it says; undefined when the hook is open. Pure. */
export const closed = (hook: LiveHook): Ended | undefined => {
  if ('path' in hook.bound) {
    return { outcome: 'failed', reason: 'InvalidHook', message: `${hook.bound.path} ${hook.bound.message}` }
  }
  if (hook.obstacle?.reason === 'InvalidExpression') return { outcome: 'failed', ...hook.obstacle }
  return hook.suspend ? { outcome: 'skipped', reason: 'Suspended', message: 'the hook is suspended' } : undefined
}

/**
 * What is answered to every delivery before its body is read; undefined where that is read first. A short body is read
 * although the hook is suspended, since it may name the delivery: a skip is remembered, so that a copy that comes after the
 * hook was resumed is not executed. Pure.
 */
export const closedUnread = (hook: LiveHook, headers: Readonly<Record<string, string>>): Ended | undefined => {
  const outcome = closed(hook)
  if (outcome?.outcome !== 'skipped') return outcome
  return mayBeLong(headers) ? outcome : undefined
}

/** What is answered to a delivery that an open hook does not run for; undefined when it counts. Pure. */
export const passedOver = (hook: LiveHook, delivery: Delivery): Outcome | undefined => {
  if (delivery.phase === 'no news') {
    return { outcome: 'skipped', reason: 'NoNews', message: 'the message asks for no step' }
  }
  if (delivery.phase === 'partly resolved') {
    return { outcome: 'skipped', reason: 'PartlyResolved', message: 'some alerts ended and no new one fires' }
  }
  if (delivery.phase === 'resolved' && hook.onResolved === 'ignore') {
    return { outcome: 'skipped', reason: 'Resolved', message: 'the alert is over, and onResolved is ignore' }
  }
  return hook.obstacle && { outcome: 'failed', ...hook.obstacle }
}

/** What is answered to a delivery that the expression of its hook does not let through; undefined where it does. */
export const filtered = async (
  expression: string,
  { deadline, hook, message, request }: TriggerContext,
  { clock, expressions }: Pick<Environment, 'clock' | 'expressions'>,
): Promise<Outcome | undefined> => {
  const variables = {
    ...(message.isJson ? { body: message.body } : {}),
    headers: request.headers,
    query: Object.fromEntries(request.query),
    sender: message.delivery.sender,
  }
  const withinMs = deadline - clock.monotonic() - stepTakesMs
  const judged = await expressions.evaluate({ owner: hook.uid, expression, variables, withinMs })
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
