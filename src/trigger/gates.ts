import type { Delivery } from '../api/delivery.ts'
import type { Outcome } from '../api/outcome.ts'
import type { LiveHook } from './hook.ts'

/** Whether a delivery counts: undefined when it does, else what it is answered. Pure. */
export const gate = (hook: LiveHook, delivery: Delivery): Outcome | undefined => {
  if ('path' in hook.bound) {
    return { outcome: 'failed', reason: 'InvalidHook', message: `${hook.bound.path} ${hook.bound.message}` }
  }
  if (hook.suspend) return { outcome: 'skipped', reason: 'Suspended', message: 'the hook is suspended' }
  if (delivery.phase === 'partly resolved') {
    return { outcome: 'skipped', reason: 'PartlyResolved', message: 'some alerts ended and no new one fires' }
  }
  if (delivery.phase === 'resolved' && hook.onResolved === 'ignore') {
    return { outcome: 'skipped', reason: 'Resolved', message: 'the alert is over, and onResolved is ignore' }
  }
  return hook.obstacle && { outcome: 'failed', ...hook.obstacle }
}
