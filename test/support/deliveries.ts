import type { TriggerAnswer } from '../../src/trigger/answer.ts'
import type { Endpoint } from '../../src/trigger/answer.ts'
import type { TriggerRequest } from '../../src/trigger/request.ts'
import type { DeliveryContext } from '../../src/record/context.ts'

/** Returns a delivery to a hook that stays as it is, without a name: with a time of 4 s by a clock that stands at 0, and no bounds. */
export const contextOf = (more: Partial<DeliveryContext> & Pick<DeliveryContext, 'deadline'>): DeliveryContext => ({
  hook: { namespace: 'shop', name: 'web-up', uid: 'h1' },
  delivery: { phase: 'none' },
  undo: false,
  cooldownMs: 0,
  dedupeWindowMs: 40_000,
  dryRun: false,
  isAskable: false,
  isCurrent: () => true,
  isSpent: () => false,
  charge: () => {},
  ledger: () => {
    throw new Error('this delivery has no record')
  },
  ...more,
})

/** Returns the answer to a post. */
export const answerOf = (endpoint: Endpoint, request: TriggerRequest): Promise<TriggerAnswer> =>
  new Promise((resolve, reject) => void endpoint(request, resolve).catch(reject))
