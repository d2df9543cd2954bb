import type { Accounts } from '../api/bind-command.ts'
import type { Problem } from '../api/conditions.ts'
import { checkedMilliseconds } from '../api/duration.ts'
import { has } from '../api/guard.ts'
import type { ReceiverHook } from '../api/hook.ts'
import { unknownZone, type KnownZones } from '../api/opening.ts'
import type { StoredObject } from '../api/object.ts'
import { tokenSchema } from '../api/token-schema.ts'
import type { Bound, ValidationContext } from '../drivers/driver.ts'
import { driverOf, isViolation } from '../drivers/registry.ts'
import { jittered } from '../environment/chance.ts'
import type { ApiRequest, Environment } from '../environment/environment.ts'
import type { Definitions } from '../kube/definitions.ts'
import { ApiError, isRefusal, isStatus, ObjectTooLarge, UnknownKind } from '../kube/errors.ts'
import type { EventRecorder } from '../kube/events.ts'
import { readOfAnyKind } from '../kube/requests.ts'
import { dueIn } from '../token/current.ts'
import type { IssuerKeys } from '../token/issuer-keys.ts'
import { authProblem, accountProblem } from './auth.ts'
import type { Autoscalers } from './autoscalers.ts'
import { waitAfter } from '../environment/backoff.ts'
import { newEvents } from './events.ts'
import type { ExpressionChecks } from './expression-checks.ts'
import {
  actingNeed,
  closedToTrigger,
  lackedByAccount,
  lackedByController,
  lackedByTrigger,
  lackedForSecret,
  recordNeeds,
  asAnswered,
  approvalProblem,
  type HookPlace,
} from './forbidden.ts'
import { hookKey } from './hooks.ts'
import { publish, type Publication, type Publishing } from './publish.ts'
import type { ReconcileResult } from './queue.ts'
import type { Rivals } from './rivals.ts'
import { statusPatch, writeStatus } from './status.ts'
import type { TriggerRights } from './trigger-rights.ts'

/**
 * The wait while a problem lasts that may end soon, such as a missing target or a missing right, in
 * milliseconds. A target may be created right after its hook, so the first waits are short.
 */
const reconcilingBackoff = { firstMs: 1000, maxMs: 15_000 }

/**
 * The wait while a problem lasts until a person acts, in milliseconds. A watch may not report the
 * end of such a problem, for example that another object's Secret was deleted.
 */
const stalledBackoff = { firstMs: 1000, maxMs: 120_000 }

/** A Ready hook is validated again after this time plus up to half of it, in milliseconds. */
const validateEveryMs = 240_000

/**
 * The shortest time until a token is due to be checked again, in milliseconds, so that rounding
 * causes no loop.
 */
const minMs = 1000

export interface Reconciling extends Publishing, Pick<Environment, 'clock' | 'random'> {
  readonly autoscalers: Pick<Autoscalers, 'of'>
  readonly definitions: Definitions
  readonly expressions: ExpressionChecks
  readonly zones: KnownZones
  /** The trigger's rights. Undefined: they are not checked. */
  readonly rights?: Pick<TriggerRights, 'missing'> | undefined
  readonly accounts: Accounts
  /** Whether the admission policy on the trigger's account is in force. */
  readonly triggerPolicy: boolean
  /** The admission policies on requests and approvals. Undefined: no requests are run. */
  readonly requestPolicies: readonly string[] | undefined
  readonly issuers: Pick<IssuerKeys, 'allows' | 'problem'>
  readonly events: EventRecorder
  readonly rivals: Rivals
  /** Receives the hook with its new status from the API server's answer. */
  readonly wrote: (hook: StoredObject) => void
}

/**
 * Reconciles a hook: publishes its token and updates its status. It reads the target, and writes
 * only what differs. While the hook's expression is being checked, it decides nothing about Ready.
 * Throws the API server's errors, and ServedTwice.
 */
export const reconcileHook = async (
  context: Reconciling,
  hook: ReceiverHook,
  attempts: number,
): Promise<ReconcileResult> => {
  if (hook.metadata.deletionTimestamp !== undefined) return { isFinal: true }
  const bound = driverOf(hook.spec)
  const expression = isViolation(bound) ? 'sound' : expressionProblem(context, hook)
  const token = has(tokenSchema, hook.spec.token) ? hook.spec.token : undefined
  const overlapMs = token ? checkedMilliseconds(token.overlap) : 0

  const place = { namespace: hook.metadata.namespace, accounts: context.accounts }
  const publication =
    token &&
    (await publish(context, hook, token, context.clock.now()).catch(error =>
      publishedNowhere(secretProblem(error, place)),
    ))
  // No worker waits for the check of an expression. The hook is queued again when the check has a
  // result. Its token does not wait: a rotation is to end the former one, and a token may expire.
  const problem = isViolation(bound)
    ? invalidHook(bound)
    : (problemOf(publication) ??
      (expression === 'sound' ? undefined : expression) ??
      zoneProblem(context, hook) ??
      (await orForbidden(approvalProblem(hook, context.api, context.requestPolicies), asAnswered)) ??
      (await accountProblem(context.api, hook)) ??
      (await orForbidden(targetProblem(context, hook, bound, attempts), error =>
        targetUnreadable(context, bound, error, place),
      )) ??
      (await authProblem(context.api, hook, context.rights, context.accounts, context.issuers)) ??
      (await rightsProblem(context, bound, { ...place, account: hook.spec.serviceAccountName })))

  const found = problem === 'pending' ? undefined : problem
  const target = isViolation(bound) ? undefined : bound.target
  const now = context.clock.now()
  const former = keptSecret(publication, place)
  const overruled = isViolation(bound) ? undefined : await overruledIn(context, hook, bound)
  const findings = { target, problem, publication, former, overruled, overlapMs }
  const patch = statusPatch(hook, findings, now)
  if (patch) {
    context.rivals.throwIfLost(hook, findings)
    const written = await writeStatus(context.api, hook, patch)
    context.wrote(written)
    context.rivals.wrote(written, findings)
    for (const event of newEvents(hook, findings)) context.events.emit(event)
  }
  const due = publication && 'claims' in publication ? dueIn(publication.claims, overlapMs, now) : undefined
  const againAfterMs = Math.min(nextLook(context, found, attempts), Math.max(minMs, due ?? Infinity))
  return { isFinal: found === undefined, againAfterMs }
}

const expressionProblem = (
  { expressions }: Reconciling,
  { metadata: { name, namespace }, spec: { when } }: ReceiverHook,
): Problem | 'sound' | 'pending' =>
  when === undefined ? 'sound' : expressions.problemOf(hookKey(namespace, name), namespace, when)

/** Returns the problem that this process does not know the zone of a hook's windows, or undefined. */
const zoneProblem = ({ clock, zones }: Reconciling, { spec: { windows } }: ReceiverHook): Problem | undefined =>
  windows && zones.offsetAt(windows.zone, clock.now()) === undefined
    ? { reason: 'UnknownZone', message: unknownZone(windows.zone), lasts: 'stalled' }
    : undefined

/**
 * Validates a hook by reads from the API server's cache, which do not load its storage. The cache
 * may be behind, so a problem is confirmed in the storage. At a further try, the storage is read at once.
 */
const targetProblem = async (
  context: Reconciling,
  hook: ReceiverHook,
  bound: Bound,
  attempts: number,
): Promise<Problem | undefined> => {
  const look = (version: Pick<ApiRequest, 'query'>) =>
    bound
      .validate(readingOf(context, hook, version))
      .catch(orUnknownKind)
      .catch(orTooLarge)
  const isFine = attempts === 0 && !(await look(anyVersion))
  return isFine ? undefined : await look({})
}

/**
 * The query for any version that the API server has in its cache
 * (https://kubernetes.io/docs/reference/using-api/api-concepts/#semantics-for-get-and-list).
 */
const anyVersion = { query: { resourceVersion: '0' } }

const readingOf = (
  { api, autoscalers, definitions }: Reconciling,
  { metadata: { namespace } }: ReceiverHook,
  version: Pick<ApiRequest, 'query'>,
): ValidationContext => ({
  namespace,
  get: (type, name) => readOfAnyKind(api, type, namespace, name, { as: 'metadata', ...version }),
  getWhole: (type, name) => readOfAnyKind(api, type, namespace, name, version),
  autoscalerOf: (type, name) => autoscalers.of(namespace, type, name),
  definitions,
})

/** Returns who has overruled what the hook leases. Undefined if nobody has, or if that may not be read. */
const overruledIn = async (context: Reconciling, hook: ReceiverHook, bound: Bound): Promise<string | undefined> =>
  hook.status?.leases &&
  (await orForbidden(bound.overruled(readingOf(context, hook, anyVersion), hook.status.leases), () => undefined))

/** Returns the problem that the controller may not read the hook's target. */
const targetUnreadable = async (
  context: Reconciling,
  bound: Bound,
  error: ApiError,
  place: HookPlace,
): Promise<Problem> => {
  try {
    return lackedByController(bound, await bound.needs(context.definitions), error, place)
  } catch {
    // Not even the kind of the target can be looked up, so that right is missing.
    return lackedByController(bound, [], error, place)
  }
}

/** Returns the problem that the trigger, or the hook's account, lacks a right for the hook, or undefined. */
const rightsProblem = async (
  { api, definitions, rights, triggerPolicy }: Reconciling,
  bound: Bound,
  place: HookPlace & { readonly account: string | undefined },
): Promise<Problem | undefined> => {
  const { account, namespace } = place
  const closed = triggerPolicy && account === undefined ? closedToTrigger(bound, place) : undefined
  if (closed || !rights) return closed
  const needs = await bound.needs(definitions)
  if (account === undefined) {
    const missing = await rights.missing(api, namespace, [...recordNeeds, ...needs])
    return missing.length > 0 ? lackedByTrigger(bound, missing, place) : undefined
  }
  const ofTrigger = await rights.missing(api, namespace, [...recordNeeds, actingNeed(account)])
  if (ofTrigger.length > 0) return lackedByTrigger(bound, ofTrigger, place)
  const ofAccount = await rights.missing(api, namespace, [...needs, ...bound.needsOfAccount], account)
  return ofAccount.length > 0 ? lackedByAccount(account, ofAccount, place) : undefined
}

/**
 * Resolves with the result of `work`, or with that of `instead` if the API server answered 403.
 * Other errors are thrown.
 */
const orForbidden = async <T, U>(work: Promise<T>, instead: (error: ApiError) => U): Promise<T | Awaited<U>> => {
  try {
    return await work
  } catch (error) {
    if (!(error instanceof ApiError) || !isStatus(error, 403)) throw error
    return await instead(error)
  }
}

/** Returns the problem of an unknown kind, whose CRD may be installed soon. Throws other errors again. */
const orUnknownKind = (error: unknown): Problem => {
  if (!(error instanceof UnknownKind)) throw error
  return { reason: 'TargetNotFound', message: error.message, lasts: 'reconciling' }
}

/**
 * Returns the problem of an object that is too large. Throws other errors again. A person must make
 * it smaller.
 */
const orTooLarge = (error: unknown): Problem => {
  if (!(error instanceof ObjectTooLarge)) throw error
  return { reason: 'TooLarge', message: error.message, lasts: 'stalled' }
}

/**
 * Returns the problem that the API server refuses to keep the Secret of a hook. Throws errors again
 * that may pass by themselves.
 */
const secretProblem = (error: unknown, place: HookPlace): Problem => {
  if (!isRefusal(error)) return orTooLarge(error)
  if (isStatus(error, 403)) return lackedForSecret(error, place)
  return { reason: 'SecretRefused', message: error.message, lasts: 'stalled' }
}

/** Returns which former Secret is still there, and why. Undefined if none is. */
const keptSecret = (publication: Publication | undefined, place: HookPlace): string | undefined => {
  if (!publication || publication.published === 'nowhere' || !publication.former) return undefined
  const { name, refusal } = publication.former
  const found =
    name === undefined
      ? 'a Secret that the hook no longer names may still exist'
      : `Secret/${name}, which the hook no longer names, still exists`
  return `${found}: ${secretProblem(refusal, place).message}`
}

const publishedNowhere = (problem: Problem): Publication => ({ published: 'nowhere', problem })

const problemOf = (publication: Publication | undefined): Problem | undefined =>
  publication?.published === 'nowhere' ? publication.problem : undefined

const invalidHook = ({ message, path }: Exclude<ReturnType<typeof driverOf>, Bound>): Problem => ({
  reason: 'InvalidHook',
  message: `${path}: ${message}`,
  lasts: 'stalled',
})

const nextLook = ({ random }: Reconciling, problem: Problem | undefined, attempts: number): number => {
  // A person who has just granted a right waits for the hook, so the waits are short.
  if (problem?.reason === 'Forbidden') return waitAfter(reconcilingBackoff, attempts)
  if (problem) return waitAfter(problem.lasts === 'stalled' ? stalledBackoff : reconcilingBackoff, attempts)
  return jittered(random, validateEveryMs, 0.5)
}
