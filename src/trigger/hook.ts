import { authOf, replayWindowOf, type Auth } from '../api/auth.ts'
import { at } from '../api/json.ts'
import type { Violation } from '../api/guard.ts'
import { defaultRateLimit, type ReceiverHook } from '../api/hook.ts'
import { isViolation, driverOf } from '../drivers/registry.ts'
import type { Bound } from '../drivers/driver.ts'
import type { Minted } from '../api/status.ts'
import { checkedMilliseconds } from '../api/duration.ts'
import type { Rate } from '../environment/rate.ts'

/** A hook as the trigger keeps it: what a delivery needs, and nothing else of the object. */
export interface LiveHook {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly generation: number
  readonly rotation: number
  /** How long the former token is accepted after a rotation, in milliseconds. */
  readonly overlapMs: number
  readonly minted: Minted | undefined
  readonly driver: string
  readonly suspend: boolean
  /** The CEL expression that a delivery has to fulfil. */
  readonly when: string | undefined
  readonly onResolved: 'ignore' | 'run' | 'undo'
  /** How long two deliveries of the same news are one, and the least time between two executions, in milliseconds. */
  readonly dedupeWindowMs: number
  readonly cooldownMs: number
  /** How many posts this process takes for it. */
  readonly rateLimit: Rate
  /** What a sender has to prove beside the token. */
  readonly auth: Auth | undefined
  /** How long what a sender has signed counts once, in milliseconds; 0 where it counts by its name alone. */
  readonly replayWindowMs: number
  /** What the controller alone can see, and what makes every delivery fail. */
  readonly obstacle: Obstacle | undefined
  /** The driver with the hook's member; or the rule that the hook breaks. */
  readonly bound: Bound | Violation
}

interface Obstacle {
  readonly reason: 'ManagedByAutoscaler' | 'InvalidExpression'
  readonly message: string
}

/** Makes a {@link LiveHook} of a hook. Its spec is validated here, once for each version. */
export const liveHook = (hook: ReceiverHook): LiveHook => {
  const bound = driverOf(hook.spec)
  const { metadata, spec, status } = hook
  const { generation, name, namespace, uid } = metadata
  const common = { namespace, name, uid, generation, minted: status?.minted, obstacle: obstacleIn(hook), bound }
  return isViolation(bound)
    ? {
        ...common,
        driver: spec.driver,
        rotation: rotationIn(spec),
        overlapMs: 0,
        suspend: false,
        when: undefined,
        onResolved: 'ignore',
        dedupeWindowMs: 0,
        cooldownMs: 0,
        rateLimit: defaultRateLimit,
        auth: undefined,
        replayWindowMs: 0,
      }
    : {
        ...common,
        driver: spec.driver,
        rotation: spec.token.rotation,
        overlapMs: checkedMilliseconds(spec.token.overlap),
        suspend: spec.suspend,
        when: spec.when,
        onResolved: spec.onResolved,
        dedupeWindowMs: checkedMilliseconds(spec.dedupeWindow),
        cooldownMs: checkedMilliseconds(spec.cooldown),
        rateLimit: spec.rateLimit ?? defaultRateLimit,
        auth: authOf(spec.auth),
        replayWindowMs: replayWindowOf(spec.auth),
      }
}

/** Even a hook that breaks a rule revokes what it has rotated out. */
const rotationIn = (spec: unknown): number => Number(at(spec, 'token', 'rotation') ?? 0)

const obstacleIn = ({ metadata, status }: ReceiverHook): Obstacle | undefined => {
  const stalled = status?.conditions?.find(condition => condition.type === 'Stalled' && condition.status === 'True')
  if (!stalled || status?.observedGeneration !== metadata.generation) return undefined
  const { message, reason } = stalled
  return reason === 'ManagedByAutoscaler' || reason === 'InvalidExpression' ? { reason, message } : undefined
}
