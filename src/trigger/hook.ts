import { authOf, type Auth } from '../api/auth.ts'
import { at } from '../api/json.ts'
import type { Violation } from '../api/guard.ts'
import type { ReceiverHook } from '../api/hook.ts'
import { isViolation, driverOf } from '../drivers/registry.ts'
import type { Bound } from '../drivers/driver.ts'
import type { Minted } from '../api/status.ts'
import { checkedMilliseconds } from '../api/duration.ts'

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
  /** What a sender has to prove beside the token. */
  readonly auth: Auth | undefined
  /** What the controller alone can see, and what makes every delivery fail. */
  readonly obstacle: Obstacle | undefined
  /** The driver with the hook's member; or the rule that the hook breaks. */
  readonly bound: Bound | Violation
}

interface Obstacle {
  readonly reason: 'ManagedByAutoscaler' | 'InvalidExpression'
  readonly message: string
}

/** Makes the record of a hook: the one time for each version that its spec is judged. */
export const liveHook = (hook: ReceiverHook): LiveHook => {
  const bound = driverOf(hook.spec)
  const { metadata, spec, status } = hook
  const { generation, name, namespace, uid } = metadata
  const told = { namespace, name, uid, generation, minted: status?.minted, obstacle: obstacleIn(hook), bound }
  return isViolation(bound)
    ? {
        ...told,
        driver: spec.driver,
        rotation: rotationIn(spec),
        overlapMs: 0,
        suspend: false,
        when: undefined,
        onResolved: 'ignore',
        dedupeWindowMs: 0,
        cooldownMs: 0,
        auth: undefined,
      }
    : {
        ...told,
        driver: spec.driver,
        rotation: spec.token.rotation,
        overlapMs: checkedMilliseconds(spec.token.overlap),
        suspend: spec.suspend,
        when: spec.when,
        onResolved: spec.onResolved,
        dedupeWindowMs: checkedMilliseconds(spec.dedupeWindow),
        cooldownMs: checkedMilliseconds(spec.cooldown),
        auth: authOf(spec.auth),
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
