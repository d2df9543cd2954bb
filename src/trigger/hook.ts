import { approvalWithin } from '../api/approval.ts'
import { authOf, replayWindowOf, type Auth } from '../api/auth.ts'
import { at, stringAt } from '../api/json.ts'
import type { Violation } from '../api/guard.ts'
import { limitsOf, type Limit } from '../api/limits-schema.ts'
import { timetableOf, type Timetable } from '../api/opening.ts'
import { defaultRateLimit, endsWithHook, isReceiverHook, type HookSpec, type ReceiverHook } from '../api/hook.ts'
import { hasNamedURL } from '../api/named.ts'
import type { StoredObject } from '../api/object.ts'
import { isViolation, driverOf } from '../drivers/registry.ts'
import type { Bound } from '../drivers/driver.ts'
import type { Minted } from '../api/status.ts'
import { checkedMilliseconds } from '../api/duration.ts'
import type { Rate } from '../environment/rate.ts'
import { parseTime } from '../environment/time.ts'
import type { Leasing } from '../record/lease-terms.ts'

/** A hook in the form that the trigger keeps: only what a delivery needs. */
export interface LiveHook {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly generation: number
  readonly rotation: number
  /** Whether the URL has the hook's name and no token. Then the hook has `auth`. */
  readonly hasNamedURL: boolean
  /** How long the previous token is accepted after a rotation, in milliseconds. */
  readonly overlapMs: number
  readonly minted: Minted | undefined
  readonly driver: string
  readonly suspend: boolean
  /** The CEL expression that a delivery must satisfy. Undefined: every delivery does. */
  readonly when: string | undefined
  /** When deliveries count. Undefined: always. */
  readonly windows: Timetable | undefined
  readonly onResolved: 'ignore' | 'run' | 'undo'
  /**
   * `dedupeWindowMs`: how long a second report of the same event is a copy. `cooldownMs`: the
   * shortest time between two runs. Both are in milliseconds.
   */
  readonly dedupeWindowMs: number
  readonly cooldownMs: number
  /** How often, and how far, the hook may act within a time. Undefined: without a limit. */
  readonly limits: readonly Limit[] | undefined
  /** How long a request waits for approval, in milliseconds. Undefined: it needs none. */
  readonly approvalMs: number | undefined
  /** How long the hook's steps last. Undefined: for good. */
  readonly leasing: Leasing | undefined
  /**
   * What the hook leased before this moment ends by then, in milliseconds since the epoch. Undefined if
   * nothing has to.
   */
  readonly endBefore: number | undefined
  /** Whether what the hook has leased ends when the hook is deleted. */
  readonly endsWithHook: boolean
  /** The rate of posts that this process accepts for the hook. */
  readonly rateLimit: Rate
  /**
   * The service account of the hook's namespace as which the hook acts. Undefined: it acts as the
   * trigger.
   */
  readonly account: string | undefined
  /** What a sender has to prove in addition to the token. */
  readonly auth: Auth | undefined
  /** How long a signed body counts only once, in milliseconds. 0: only its idempotency key matters. */
  readonly replayWindowMs: number
  /**
   * A problem that only the controller can detect, from the hook's status. A delivery fails with it
   * unless it is skipped. Undefined if there is none.
   */
  readonly problem: HookProblem | undefined
  /**
   * The driver, bound to its settings in the hook's spec; or the first violation of the schema in
   * that spec.
   */
  readonly bound: Bound | Violation
}

const controllerFinds = ['ManagedByAutoscaler', 'InvalidExpression', 'ApprovalUnguarded'] as const

interface HookProblem {
  readonly reason: (typeof controllerFinds)[number]
  readonly message: string
}

/** What a {@link LiveHook} is made of: only what its version keeps in memory. */
export type HookParts = Pick<LiveHook, Identity | 'minted' | 'problem' | 'endBefore' | 'endsWithHook'> & {
  readonly spec: HookSpec
}

type Identity = 'namespace' | 'name' | 'uid' | 'generation'

const partsOf = (hook: ReceiverHook): HookParts => {
  const { metadata, spec, status } = hook
  const { generation, name, namespace, uid } = metadata
  const ends = { endBefore: endBeforeIn(spec), endsWithHook: endsWithHook(spec) }
  return { namespace, name, uid, generation, minted: status?.minted, problem: problemIn(hook), ...ends, spec }
}

/** A version of a hook in the cache. It is compiled when a post first needs it: most hooks get none while a version lasts. */
export class CachedHook {
  readonly parts: HookParts
  #live: LiveHook | undefined

  constructor(hook: ReceiverHook) {
    this.parts = partsOf(hook)
  }

  get live(): LiveHook {
    return (this.#live ??= compiledFrom(this.parts))
  }
}

/** Makes a {@link LiveHook}. The spec is validated here. */
export const liveHook = (hook: ReceiverHook): LiveHook => compiledFrom(partsOf(hook))

const compiledFrom = (parts: HookParts): LiveHook => {
  try {
    const bound = driverOf(parts.spec)
    return isViolation(bound) ? invalid(parts, bound) : valid(parts, bound)
  } catch (error) {
    // No spec is known that throws here. If one does, the process goes on, and serves the other hooks.
    return invalid(parts, {
      path: 'spec',
      message: `does not compile: ${error instanceof Error ? error.message : String(error)}`,
    })
  }
}

const invalid = ({ spec, ...known }: HookParts, bound: Violation): LiveHook => ({
  ...known,
  bound,
  // Not even an invalid hook acts as the trigger if it names an account.
  account: stringAt(spec, 'serviceAccountName'),
  driver: spec.driver,
  rotation: rotationIn(spec),
  hasNamedURL: false,
  overlapMs: 0,
  suspend: false,
  when: undefined,
  windows: undefined,
  onResolved: 'ignore',
  dedupeWindowMs: 0,
  cooldownMs: 0,
  limits: undefined,
  approvalMs: undefined,
  leasing: undefined,
  rateLimit: defaultRateLimit,
  auth: undefined,
  replayWindowMs: 0,
})

const valid = ({ spec, ...known }: HookParts, bound: Bound): LiveHook => ({
  ...known,
  bound,
  account: spec.serviceAccountName,
  driver: spec.driver,
  rotation: spec.token.rotation,
  hasNamedURL: hasNamedURL(spec),
  // A hook without a token publishes no newer one, so a token from before ends at once.
  overlapMs: hasNamedURL(spec) ? 0 : checkedMilliseconds(spec.token.overlap),
  suspend: spec.suspend,
  when: spec.when,
  windows: spec.windows && timetableOf(spec.windows),
  onResolved: spec.onResolved,
  dedupeWindowMs: checkedMilliseconds(spec.dedupeWindow),
  cooldownMs: checkedMilliseconds(spec.cooldown),
  limits: limitsOf(spec.limits),
  approvalMs: approvalWithin(spec.approval),
  leasing: leasingOf(spec, bound.target),
  rateLimit: spec.rateLimit ?? defaultRateLimit,
  auth: authOf(spec.auth),
  replayWindowMs: replayWindowOf(spec.auth),
})

/** Returns the rotation of a spec. Even an invalid hook must not accept tokens of earlier rotations. */
const rotationIn = (spec: unknown): number => Number(at(spec, 'token', 'rotation') ?? 0)

/** Returns when the hook's earlier leases have to end by. Undefined if the spec has no such time. */
const endBeforeIn = (spec: unknown): number | undefined => {
  const ms = parseTime(stringAt(spec, 'endBefore') ?? '')
  return Number.isNaN(ms) ? undefined : ms
}

const leasingOf = (spec: HookSpec, aim: string): Leasing | undefined =>
  spec.for === undefined
    ? undefined
    : {
        forMs: checkedMilliseconds(spec.for),
        endBefore: endBeforeIn(spec),
        aim,
        ...(endsWithHook(spec) && { endsWithHook: true }),
      }

const problemIn = ({ metadata, status }: ReceiverHook): HookProblem | undefined => {
  const stalled = status?.conditions?.find(condition => condition.type === 'Stalled' && condition.status === 'True')
  if (!stalled || status?.observedGeneration !== metadata.generation) return undefined
  const { message, reason } = stalled
  const found = controllerFinds.find(of => of === reason)
  return found && { reason: found, message }
}

/**
 * Returns whether a hook exists and is not being deleted. Finalizers and dependents can delay the
 * deletion for long.
 */
export const isAlive = (object: StoredObject | undefined): object is ReceiverHook =>
  isReceiverHook(object) && object.metadata.deletionTimestamp === undefined
