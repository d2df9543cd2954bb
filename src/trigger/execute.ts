import type { Acts } from '../acts/acts.ts'
import type { ActService } from '../acts/once.ts'
import type { KnownZones } from '../api/opening.ts'
import { isObject, parseJson } from '../api/json.ts'
import type { Outcome } from '../api/outcome.ts'
import { reasons } from '../api/reasons.ts'
import type { ApiConnection, ApiRequest, Environment, Outbound } from '../environment/environment.ts'
import { inSpan } from '../environment/tracing.ts'
import { NotSent } from '../environment/unreachable.ts'
import type { DriverPost, Execution } from '../drivers/driver.ts'
import type { Definitions } from '../kube/definitions.ts'
import { actingIn, mayRun, isRemembered, isUndo, type DeliveryContext } from '../record/context.ts'
import { namedOnce } from '../senders/identity.ts'
import type { StepService } from '../steps/service.ts'
import { storeSkip } from '../steps/skip.ts'
import { closed, filtered, noEvent, outsideWindows, passedOver, stopped, unapproved } from './gates.ts'
import type { HookAccounts } from './accounts.ts'
import { runApproved, type RunAs } from './approved-changes.ts'
import { keepingActs } from './guarded-acts.ts'
import { answerWithinMs } from './limits.ts'
import type { TriggerContext } from './request.ts'
import { withoutSecret } from './auth/shown.ts'

/** What executing a delivery needs. */
interface Services extends Pick<Environment, 'api' | 'clock' | 'expressions' | 'log' | 'outbound' | 'tracing'> {
  readonly accounts: HookAccounts
  readonly acts: ActService
  readonly definitions: Definitions
  /** Returns the same acts, but ends some early, and reports how those end whose answer could not say it. */
  readonly guarded: (acts: Acts, context: TriggerContext) => Acts
  readonly steps: StepService
  /** Whether requests are run. Their admission policies then make sure who approves. */
  readonly runsRequests: boolean
  readonly zones: KnownZones
}

/**
 * Passes a delivery through the gates and runs the driver. The hook is checked again when its step
 * is folded, not only when the post arrives. If it changed, nothing is done and the delivery begins
 * again. Its budget is checked again too, because a body may arrive long after its post was
 * admitted.
 */
export const execute = async (context: TriggerContext, services: Services): Promise<Outcome> => {
  const { clock, tracing } = services
  const { delivery, dryRun, hook, stop } = context
  const { when } = hook
  // A slow body may have taken seconds after the post was admitted.
  if (!context.isCurrent()) return { outcome: 'changed' }
  const halted = stopped(stop, hook, delivery.phase)
  if (halted) return halted
  const gated =
    unapproved(context, services.runsRequests) ??
    closed(hook) ??
    (delivery.phase === 'no news' ? noEvent : undefined) ??
    (hook.windows && outsideWindows(hook.windows, context, clock.now(), services.zones)) ??
    (when === undefined ? undefined : await filtered(when, context, services)) ??
    passedOver(hook, delivery)
  if (gated && (gated.outcome !== 'skipped' || dryRun)) return gated
  // Nothing has been written yet, so sending the delivery again is safe.
  if (context.isSpent()) {
    return { outcome: 'unavailable', reason: 'WritesLimited', message: reasons.WritesLimited.means }
  }
  if (gated) return await storeSkip(gated, context, actingIn(services, context))
  if ('path' in hook.bound) throw new Error('the gate lets no invalid hook through')

  const missing =
    hook.account === undefined ? undefined : await services.accounts.problem(hook, hook.bound.needsOfAccount)
  if (missing) return missing
  // If the budget was used up meanwhile, the delivery begins again and is refused.
  if (!mayRun(context)) return { outcome: 'changed' }
  const run = isRemembered(context) && isUndo(context) ? hook.bound.undo : hook.bound.execute
  if (!run) throw new Error('the schema accepts no hook that should take back what it cannot')
  const { bound } = hook
  const runAs = (as: RunAs): Promise<Outcome> =>
    inSpan(tracing, 'driver', () => run(delivery, executionAs(as, context, services)))
  // Steps of a count are compared where they are written.
  const outcome =
    context.approval && !dryRun && !bound.undo
      ? await runApproved(context.approval, () => services.acts.isOpen(context), runAs)
      : await runAs({ dryRun })
  return outcome.outcome === 'awaiting' ? { ...outcome, until: clock.now() + (hook.approvalMs ?? 0) } : outcome
}

/** Returns what a driver may use for a delivery. */
const executionAs = ({ dryRun, mayChange }: RunAs, delivered: TriggerContext, services: Services): Execution => {
  const context = dryRun === delivered.dryRun ? delivered : { ...delivered, dryRun }
  const { clock, definitions, outbound } = services
  const api = context.account?.api ?? services.api
  return {
    hook: context.hook,
    mayChange,
    api: dryRun ? dryRunning(api) : api,
    charge: dryRun ? () => {} : context.charge,
    countKept: dryRun ? () => true : context.countKept,
    outbound: dryRun ? refusingOutbound : outbound,
    clock,
    definitions,
    step: services.steps.of(context),
    stepOfPart: key => services.steps.of(partOf(context, key, clock.monotonic() + answerWithinMs)),
    // Getters, because most drivers only write a count. They need no acts, and nothing of the post.
    get post() {
      return postOf(context)
    },
    get acts() {
      const acts = keepingActs(services.acts.of(context), context.request)
      return dryRun ? acts : services.guarded(acts, context)
    },
  }
}

/**
 * Returns a part of an act as a delivery with a name of its own. The act has been judged, and paid for. `deadline` is in
 * monotonic milliseconds.
 */
const partOf = (context: TriggerContext, key: string, deadline: number): DeliveryContext => ({
  ...context,
  delivery: { ...context.delivery, phase: 'none', identity: namedOnce(key), group: undefined },
  of: undefined,
  signed: undefined,
  undo: false,
  cooldownMs: 0,
  limits: undefined,
  isAskable: false,
  waits: false,
  deadline,
  isCurrent: context.isUnchanged,
  isSpent: () => false,
})

/** Returns a post as drivers get it: without the headers that hold the token or the secret of `auth`. */
const postOf = ({ hook: { auth }, message, request }: TriggerContext): DriverPost => {
  const { authorization: _, ...headers } = withoutSecret(request.headers, auth)
  return { body: message.body, headers, query: request.query }
}

/** Returns a connection whose writes are dry runs. */
const dryRunning = (api: ApiConnection): ApiConnection => ({
  request: request => api.request(request.method === 'GET' ? request : dryRunOf(request)),
  watch: (request, stop) => api.watch(request, stop),
})

/** Returns a write as a dry run. The API server takes the options of a deletion with a body from there alone. */
const dryRunOf = (request: ApiRequest): ApiRequest => {
  const { body, method, query } = request
  const options = method === 'DELETE' && body !== undefined ? parseJson(body) : undefined
  return {
    ...request,
    query: { ...query, dryRun: 'All' },
    ...(isObject(options) && { body: JSON.stringify({ ...options, dryRun: ['All'] }) }),
  }
}

const refusingOutbound: Outbound = ({ method }) => Promise.reject(new NotSent(`${method}: a dry run sends nothing`))
