import type { Delivery } from '../api/delivery.ts'
import type { Outcome } from '../api/outcome.ts'
import { reasons } from '../api/reasons.ts'
import type { Acts } from '../acts/acts.ts'
import type { ActService } from '../acts/once.ts'
import type { Post } from '../drivers/driver.ts'
import type { ApiConnection, Environment, ExpressionVariables, Outbound } from '../environment/environment.ts'
import { Unreachable } from '../environment/unreachable.ts'
import type { Definitions } from '../kube/definitions.ts'
import { metered, type Wrote } from '../kube/metered.ts'
import { isRemembered, isUndo, type Remembered, type Signed } from '../record/judge.ts'
import type { Ledgers } from '../record/ledgers.ts'
import type { StepService } from '../steps/service.ts'
import { storeSkip } from '../steps/skip.ts'
import { closed, passedOver } from './gates.ts'
import type { LiveHook } from './hook.ts'
import { stepTakesMs } from './limits.ts'
import { namedBySigned } from './signed.ts'
import { filtered } from './when.ts'

/** What all deliveries of a process are executed with. */
interface Surroundings extends Pick<Environment, 'api' | 'clock' | 'expressions' | 'log' | 'outbound'> {
  readonly acts: ActService
  readonly definitions: Definitions
  /** Whether nothing is left of what the posts to a hook may write. */
  readonly isSpent: (uid: string) => boolean
  readonly ledgers: Ledgers
  /** Has acts end early that would write too much. */
  readonly pace: (acts: Acts, hook: LiveHook) => Acts
  readonly steps: StepService
}

/** What is asked for one delivery. */
interface Asked {
  readonly post: Post
  /** What an expression can read of the delivery. */
  readonly variables: () => ExpressionVariables
  /** Whether the hook is known to be what it was when the post was admitted. */
  readonly isCurrent: () => boolean
  /** Is told what is written for the hook, beside its record. */
  readonly wrote: Wrote
  /** What of the post the hook counts once, however it is named. */
  readonly signed: Signed | undefined
  /** When it must be answered, in monotonic milliseconds. */
  readonly deadline: number
  readonly dryRun: boolean
}

/**
 * Passes a delivery through the gates and runs the driver. A hook is looked at again when its step is folded, not
 * only when the post arrived: if it has changed by then, nothing is done and the delivery has to begin again. Its budget is
 * looked at again as well: bodies may be held back until many posts have been let in.
 */
export const execute = async (
  hook: LiveHook,
  posted: Delivery,
  asked: Asked,
  surroundings: Surroundings,
): Promise<Outcome> => {
  const { acts, clock, definitions, expressions, ledgers, log, outbound, steps: service } = surroundings
  const { deadline, dryRun, post, signed, variables, wrote } = asked
  const { uid, when } = hook
  const api = metered(surroundings.api, wrote)
  const delivery = namedBySigned(posted, signed)
  const remembered = rememberedOf(hook, delivery, signed)
  const isSpent = (): boolean => !dryRun && surroundings.isSpent(uid)
  // A slow body may have taken seconds since the post was admitted.
  if (!asked.isCurrent()) return { outcome: 'changed' }
  const leftMs = (): number => deadline - clock.monotonic() - stepTakesMs
  const recorded = isRemembered(remembered) ? { ...remembered, ledger: ledgers.of(hook) } : undefined
  const gated =
    closed(hook) ??
    (when === undefined ? undefined : await filtered(expressions, { uid, when }, variables(), leftMs())) ??
    passedOver(hook, delivery)
  if (gated && (gated.outcome !== 'skipped' || dryRun)) return gated
  // Nothing has been written yet.
  if (isSpent()) return { outcome: 'unavailable', reason: 'WritesLimited', message: reasons.WritesLimited.means }
  if (gated) return await storeSkip(gated, recorded, { api, clock, deadline, log })
  if ('path' in hook.bound) throw new Error('the gate lets no invalid hook through')

  // Where the budget is used up meanwhile, the delivery begins again and is refused.
  const isCurrent = (): boolean => asked.isCurrent() && !isSpent()
  if (!isCurrent()) return { outcome: 'changed' }
  const admitted = { deadline, recorded, isCurrent, wrote }
  const { bound } = hook
  const run = recorded && isUndo(recorded) ? bound.undo : bound.execute
  if (!run) throw new Error('the schema lets no hook through that is to take back what it cannot')
  const acting = { deadline, isCurrent, remembered, ledger: () => ledgers.of(hook) }
  return await run(delivery, {
    namespace: hook.namespace,
    hook: { name: hook.name, uid: hook.uid },
    api: dryRun ? trying(api) : api,
    outbound: dryRun ? refusing : outbound,
    post,
    clock,
    definitions,
    steps: dryRun ? service.preview(admitted) : service.of(admitted),
    acts: dryRun ? acts.preview(acting) : surroundings.pace(acts.of(acting), hook),
  })
}

const rememberedOf = (hook: LiveHook, delivery: Delivery, signed: Signed | undefined): Remembered => {
  const { cooldownMs, dedupeWindowMs, onResolved } = hook
  return { delivery, undo: onResolved === 'undo', cooldownMs, dedupeWindowMs, signed }
}

/** A connection whose writes the API server judges and does not store. */
const trying = (api: ApiConnection): ApiConnection => ({
  request: request =>
    api.request(request.method === 'GET' ? request : { ...request, query: { ...request.query, dryRun: 'All' } }),
  watch: (request, stop) => api.watch(request, stop),
})

const refusing: Outbound = ({ method }) =>
  Promise.reject(new Unreachable(`${method}: nothing is sent on a dry run`, false))
