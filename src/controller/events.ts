import { conditionOf, type Condition, type Problem } from '../api/conditions.ts'
import { byInWords } from '../api/by.ts'
import type { ReceiverHook } from '../api/hook.ts'
import { messageInText } from '../api/command-in.ts'
import { apiVersion, hookKind } from '../api/names.ts'
import { reasons } from '../api/reasons.ts'
import type { HookStatus } from '../api/status.ts'
import { driverOf, isViolation } from '../drivers/registry.ts'
import type { EmittedEvent } from '../kube/events.ts'
import { apiVersionOf } from '../kube/paths.ts'
import type { ReconcileFindings } from './status.ts'

/** Returns the objects of an Event: the hook, and its target if it has only one. */
export const objectsOf = ({ metadata, spec }: ReceiverHook): Pick<EmittedEvent, 'regarding' | 'related'> => {
  const { name, namespace, resourceVersion, uid } = metadata
  const regarding = { apiVersion, kind: hookKind, namespace, name, uid, resourceVersion }
  const bound = driverOf(spec)
  const object = isViolation(bound) ? undefined : bound.object
  if (object === undefined) return { regarding }
  const { kind } = object.type
  return { regarding, related: { apiVersion: apiVersionOf(object.type), kind, namespace, name: object.name } }
}

/**
 * Returns a Warning Event when a hook stops being Ready or its reason changes. Undefined if there
 * is no problem, or if the hook's status already shows it.
 */
export const problemEvent = (hook: ReceiverHook, problem: Problem | undefined): EmittedEvent | undefined => {
  if (problem === undefined || saysSo(hook.status?.conditions ?? [], problem)) return undefined
  const { message, reason } = problem
  const note = `${messageInText(message)} ${reasons[reason].todo}`
  return { ...objectsOf(hook), type: 'Warning', reason, action: 'Reconcile', note }
}

/**
 * Returns the Warning Event that a former Secret of the hook is still there, or that somebody else has set what it held,
 * for the reason in `message`. Undefined without a message, or if the hook's status already says so.
 */
const foundEvent = (
  hook: ReceiverHook,
  reason: 'FormerSecretKept' | 'Overruled',
  message: string | undefined,
): EmittedEvent | undefined => {
  if (message === undefined || conditionOf(hook.status?.conditions, reason)) return undefined
  const note = `${messageInText(message)} ${reasons[reason].todo}`
  return { ...objectsOf(hook), type: 'Warning', reason, action: 'Reconcile', note }
}

/** Returns the Events for what the status of a hook does not show yet. */
export const newEvents = (
  hook: ReceiverHook,
  { former, overruled, problem }: ReconcileFindings,
): readonly EmittedEvent[] =>
  [
    problem === 'pending' ? undefined : problemEvent(hook, problem),
    foundEvent(hook, 'FormerSecretKept', former),
    foundEvent(hook, 'Overruled', overruled),
  ].filter(event => event !== undefined)

/** Returns the Warning Event that a hook's status is outdated, because the controller's work on it fails. */
export const outdatedEvent = (hook: ReceiverHook, error: unknown): EmittedEvent => {
  const message = error instanceof Error ? error.message : String(error)
  const note = `${message.replace(/\.$/, '')}. ${reasons.StatusOutdated.todo}`
  return { ...objectsOf(hook), type: 'Warning', reason: 'StatusOutdated', action: 'Reconcile', note }
}

const saysSo = (conditions: readonly Condition[], { reason }: Problem): boolean =>
  conditions.some(
    condition => condition.type === 'Ready' && condition.status === 'False' && condition.reason === reason,
  )

/**
 * Returns the advice for the end of an Event's note, without a leading "Nothing.". Empty if there is
 * nothing to do.
 */
export const adviceOf = (todo: string): string => todo.replace(/^Nothing\.\s*/, '')

/** Returns the end of a sentence: who sent a delivery. */
export const sentBy = ({ by, sender }: Pick<NonNullable<HookStatus['lastDelivery']>, 'by' | 'sender'>): string =>
  ` (sent by ${[sender, byInWords(by)].filter(text => text !== '').join(', ')})`
