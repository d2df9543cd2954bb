import type { Delivery } from '../api/delivery.ts'
import type { Ended, Outcome } from '../api/outcome.ts'
import { reasons } from '../api/reasons.ts'
import { closedAt, unknownZone, type KnownZones, type Timetable } from '../api/opening.ts'
import type { Environment } from '../environment/environment.ts'
import { inSpan } from '../environment/tracing.ts'
import type { Stop } from '../token/stop.ts'
import type { LiveHook } from './hook.ts'
import { stepTakesMs } from './limits.ts'
import { mayBeLong } from './reading/message.ts'
import type { TriggerContext } from './request.ts'
import { withoutSecret } from './auth/shown.ts'

/**
 * Returns the outcome of every delivery to a hook that is invalid or suspended, or undefined if the
 * hook takes deliveries. Pure.
 */
export const closed = (hook: LiveHook): Ended | undefined => {
  if ('path' in hook.bound) {
    return { outcome: 'failed', reason: 'InvalidHook', message: `${hook.bound.path} ${hook.bound.message}` }
  }
  if (hook.problem?.reason === 'InvalidExpression') return { outcome: 'failed', ...hook.problem }
  return hook.suspend ? { outcome: 'skipped', reason: 'Suspended', message: 'the hook is suspended' } : undefined
}

/**
 * Returns the outcome of a delivery that is closed. So is one whose hook asks for approval no longer, or
 * while nothing guards who approves. Undefined if it may run: then the fold refuses each step that was not
 * approved. `isGuarded`: admission policies make sure who approves. Pure.
 */
export const unapproved = (
  { delivery: { phase }, hook: { approvalMs, onResolved }, request: { requested } }: Unapproved,
  isGuarded: boolean,
): Outcome | undefined => {
  const isToBeApproved = requested?.wasShown === true || requested?.post !== undefined
  const skip = requested?.closes ?? (isToBeApproved && approvalMs === undefined && 'EffectChanged')
  if (skip) return { outcome: 'skipped', reason: skip, message: reasons[skip].means }
  const needsNone = approvalMs === undefined || (phase === 'resolved' && onResolved === 'undo')
  if (needsNone || isGuarded) return undefined
  return { outcome: 'failed', reason: 'ApprovalUnguarded', message: reasons.ApprovalUnguarded.means }
}

type Unapproved = Pick<TriggerContext, 'delivery' | 'hook' | 'request'>

/**
 * Returns the outcome of a post before its body is read, or undefined if the body must be read
 * first. A short body is read even if the hook is suspended, because it may have an idempotency
 * key. The skip is stored under that key, so a copy is not run after the hook is resumed. Pure.
 */
export const closedUnread = (hook: LiveHook, headers: Readonly<Record<string, string>>): Ended | undefined => {
  const outcome = closed(hook)
  if (outcome?.outcome !== 'skipped') return outcome
  return mayBeLong(headers) ? outcome : undefined
}

/**
 * Returns the outcome of a delivery while all hooks are stopped, or undefined if it may run.
 * Nothing is stored, so the sender may send the delivery again. The answer does not say why hooks
 * were stopped: that is for the operators only. Pure.
 */
export const stopped = (
  stop: Stop | undefined,
  { onResolved }: Pick<LiveHook, 'onResolved'>,
  phase: Delivery['phase'] | 'unread',
): Ended | undefined => {
  const mayTakeBack = onResolved === 'undo' && stop?.all === false && (phase === 'resolved' || phase === 'unread')
  return stop && !mayTakeBack
    ? { outcome: 'unavailable', reason: 'Stopped', message: reasons.Stopped.means }
    : undefined
}

/** The outcome of a message that asks for nothing, such as a ping. */
export const noEvent: Outcome = { outcome: 'skipped', reason: 'NoNews', message: 'the message asks for no step' }

/**
 * Returns the outcome of a delivery that a hook skips because of its phase, or that a problem of
 * the hook makes fail. Undefined if the delivery counts. Pure.
 */
export const passedOver = (hook: LiveHook, delivery: Delivery): Outcome | undefined => {
  if (delivery.phase === 'partly resolved') {
    return { outcome: 'skipped', reason: 'PartlyResolved', message: 'some alerts have ended and no new one is firing' }
  }
  if (delivery.phase === 'resolved' && hook.onResolved === 'ignore') {
    return { outcome: 'skipped', reason: 'Resolved', message: 'the alert is over, and onResolved is ignore' }
  }
  if (delivery.phase === 'resolved' && hook.onResolved === 'undo' && delivery.group === undefined) {
    const message = "an alert is over, but the message doesn't say which: nothing is taken back"
    return { outcome: 'skipped', reason: 'NothingToUndo', message }
  }
  return hook.problem && { outcome: 'failed', ...hook.problem }
}

/**
 * Returns the outcome of a delivery while the hook's windows are closed, or if this process does
 * not know their zone. Undefined if the delivery may run. An undo may run at any time. If the hook
 * ignores the ends of alerts, a later gate skips them. Pure.
 */
export const outsideWindows = (
  windows: Timetable,
  { delivery: { phase }, hook: { onResolved } }: Pick<TriggerContext, 'delivery' | 'hook'>,
  now: number,
  zones: KnownZones,
): Outcome | undefined => {
  // No window matters here, so an unknown zone must not lose the end of an alert either.
  if (phase === 'resolved' && onResolved !== 'run') return undefined
  const { zone } = windows
  if (zones.offsetAt(zone, now) === undefined) {
    return { outcome: 'failed', reason: 'UnknownZone', message: unknownZone(zone) }
  }
  const isClosed = closedAt(windows, now, zones)
  if (!isClosed) return undefined
  const { text, ...opening } = isClosed
  return { outcome: 'skipped', reason: 'OutsideWindow', message: `the hook is ${text}`, ...opening }
}

/** What an expression may read of a delivery, and the time for it. */
interface Filterable extends Pick<TriggerContext, 'deadline' | 'hook'> {
  readonly message: Pick<TriggerContext['message'], 'body' | 'delivery' | 'isJson'>
  readonly request: Pick<TriggerContext['request'], 'headers' | 'query'>
}

/**
 * Returns the outcome of a delivery if the hook's expression rejects it or cannot be evaluated.
 * Undefined if the expression accepts the delivery.
 */
export const filtered = async (
  expression: string,
  { deadline, hook, message, request }: Filterable,
  { clock, expressions, tracing }: Pick<Environment, 'clock' | 'expressions' | 'tracing'>,
): Promise<Outcome | undefined> => {
  const variables = {
    ...(message.isJson ? { body: message.body } : {}),
    headers: withoutSecret(request.headers, hook.auth),
    query: Object.fromEntries(request.query),
    sender: message.delivery.sender,
  }
  const { namespace, uid } = hook
  const withinMs = deadline - clock.monotonic() - stepTakesMs
  const evaluated = await inSpan(tracing, 'gates', () =>
    expressions.evaluate({ namespace, owner: uid, expression, variables, withinMs }),
  )
  if ('failed' in evaluated)
    return { outcome: 'failed', reason: 'ExpressionFailed', message: `when: ${evaluated.failed}` }
  if ('ranOver' in evaluated)
    return { outcome: 'failed', reason: 'ExpressionTooSlow', message: `when: ${evaluated.ranOver}` }
  if ('unavailable' in evaluated) {
    // The expression was not evaluated. A skip would be stored, so this outcome is not a skip.
    return { outcome: 'unavailable', reason: 'ExpressionBusy', message: `when: ${evaluated.unavailable}` }
  }
  return evaluated.counts
    ? undefined
    : { outcome: 'skipped', reason: 'Filtered', message: 'when is false for this delivery' }
}
