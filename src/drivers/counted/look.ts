import { at } from '../../api/json.ts'
import type { StoredObject } from '../../api/object.ts'
import type { DecidedCount, Settlement } from '../../api/settlement.ts'
import { read } from '../../kube/requests.ts'
import { knownCounts } from '../../steps/target/counts.ts'
import { poolKinds } from '../../steps/target/pools.ts'
import type { Target } from '../../steps/target/target.ts'
import { countId } from '../../steps/target/text.ts'
import type { Look, LookContext } from '../driver.ts'

/** The time limit of one read, in milliseconds. */
const readWithinMs = 3000

/**
 * Reads the object whose count a hook changes. From the result, the states of its changes are
 * computed. Throws the API server's errors.
 */
export const lookAtCount = async (target: Target, { api, namespace }: LookContext): Promise<Look> => {
  const { name, type } = target
  const object = await read(api, type, namespace, name, { lane: 'act', timeoutMs: readWithinMs })
  const isDeleted = object?.metadata.deletionTimestamp !== undefined
  return {
    objects: 1,
    settlementOf: change => {
      const now = object && !isDeleted ? countNow(target, object) : undefined
      // The change of a rollout has no `on`. The hook had another driver when it made that change.
      return 'on' in change && now ? countSettlement(change, now) : isReplaced(`${type.kind}/${name}`)
    },
  }
}

export interface CountNow {
  /** The name of the object in messages, such as `Deployment/web`. */
  readonly name: string
  readonly on: string
  readonly wanted: number
  /** Whether the object's controller has observed the present count. */
  readonly isObserved: boolean
  /**
   * How many replicas exist, and how many of them are available. Undefined if the kind does not
   * count them.
   */
  readonly present: number | undefined
  readonly available: number | undefined
}

export const countNow = (target: Target, object: StoredObject): CountNow | undefined => {
  const { at: count, name, type } = target
  const wanted = count.read(object)
  if (wanted === undefined) return undefined
  const status = (member: string): number | undefined => countAt(object, 'status', member)
  // The status of an autoscaler counts something else, and the status of a Cluster does not count a
  // single pool.
  const isCounted = count.field === 'spec.replicas'
  // A status often leaves out a count of 0.
  const absent = isCounted && countsAvailable(target) ? 0 : undefined
  const observed = status('observedGeneration') ?? Infinity
  return {
    name: `${type.kind}/${name}`,
    on: countId(target, object.metadata.uid),
    wanted,
    isObserved: observed >= (object.metadata.generation ?? 0),
    present: isCounted ? (status('replicas') ?? absent) : undefined,
    available: isCounted ? (status('availableReplicas') ?? status('readyReplicas') ?? absent) : undefined,
  }
}

/**
 * Returns whether the status of every object of a kind counts its available replicas. For other
 * custom resources, only the status of an object shows whether it does.
 */
const countsAvailable = ({ type: { group, kind } }: Target): boolean =>
  countingKinds.some(each => each.group === group && each.kind === kind)

const countingKinds = [
  ...knownCounts.map(({ type }) => type),
  ...poolKinds,
  { group: 'argoproj.io', kind: 'Rollout' },
] as const

/**
 * Returns the state of a count that a delivery set, by what its object shows now:
 * - replaced: the object is another one than then.
 * - stored: the object does not say how many replicas are available.
 * - complete: the wanted replicas are available, and the replicas to remove are gone. If somebody
 *   has changed the count since, the lower count has to be available, and no more than the higher
 *   may exist.
 * - progressing: any other state. It is never `stalled`, because Kubernetes has no deadline for a
 *   count.
 */
export const countSettlement = ({ on, to }: DecidedCount, now: CountNow): Settlement => {
  const { available, isObserved, name, present, wanted } = now
  if (on !== now.on) return isReplaced(name)
  if (present === undefined || available === undefined) {
    return { state: 'stored', message: `the count is stored, but ${name} doesn't report what is available` }
  }
  const of = Math.min(to, wanted)
  const ready = isObserved ? Math.min(of, available) : 0
  const isThere = isObserved && ready === of && present <= Math.max(to, wanted)
  const more = isObserved && present > Math.max(to, wanted) ? `, and ${present} still exist` : ''
  const message = `${name}: ${ready} of ${of} are available${more}`
  return { state: isThere ? 'complete' : 'progressing', message, ready, of }
}

const isReplaced = (name: string): Settlement => ({
  state: 'replaced',
  message: `${name} is no longer the object whose count was changed: someone deleted or replaced it, or pointed the hook elsewhere`,
})

/** Returns the count at a path. Some custom resources write a count as text. */
const countAt = (object: unknown, ...path: readonly string[]): number | undefined => {
  const found = at(object, ...path)
  return typeof found === 'number'
    ? found
    : typeof found === 'string' && /^\d+$/.test(found)
      ? Number(found)
      : undefined
}
