import type { Delivery } from '../api/delivery.ts'
import type { Ended, Outcome } from '../api/outcome.ts'
import type { LiveHook } from './hook.ts'
import { mayBeLong } from './reading/long.ts'

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
