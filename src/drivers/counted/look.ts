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

/** Looks at the object whose count a hook changes. */
export const lookAtCount = async (target: Target, { api, namespace }: LookContext): Promise<Look> => {
  const { name, type } = target
  const object = await read(api, type, namespace, name, { lane: 'act', timeoutMs: readWithinMs })
  const isDeleted = object?.metadata.deletionTimestamp !== undefined
  return {
    objects: 1,
    settlementOf: change => {
      const now = object && !isDeleted ? countNow(target, object) : undefined
      // A rollout leaves no id of a count: the hook has another driver now.
      return 'on' in change && now ? countSettlement(change, now) : isReplaced(`${type.kind}/${name}`)
    },
  }
}

/** A count as it is now. */
export interface CountNow {
  /** For people, such as `Deployment/web`. */
  readonly name: string
  readonly on: string
  readonly wanted: number
  /** Whether its controller has seen the present count. */
  readonly isObserved: boolean
  /** How many exist, and how many of them are available. Undefined if the kind does not count them. */
  readonly present: number | undefined
  readonly available: number | undefined
}

/** Returns the count of an object, or undefined if it has none. */
export const countNow = (target: Target, object: StoredObject): CountNow | undefined => {
  const { at: count, name, type } = target
  const wanted = count.read(object)
  if (wanted === undefined) return undefined
  const status = (member: string): number | undefined => numberAt(object, 'status', member)
  // An autoscaler has counts of its own, and a Cluster none of a single pool.
  const isCounted = count.field === 'spec.replicas'
  // A count of 0 is often left out.
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

/** Returns whether all objects of a kind count what is available. Of custom resources only their status shows it. */
const countsAvailable = ({ type: { group, kind } }: Target): boolean =>
  countingKinds.some(each => each.group === group && each.kind === kind)

const countingKinds = [
  ...knownCounts.map(({ type }) => type),
  ...poolKinds,
  { group: 'argoproj.io', kind: 'Rollout' },
] as const

/**
 * Returns the outcome of a changed count. It is complete if what was to be there is available, and
 * what was to go is gone. If somebody has changed the count since, less is asked for. It never
 * stalls: Kubernetes has no deadline for it.
 */
export const countSettlement = ({ on, to }: DecidedCount, now: CountNow): Settlement => {
  const { available, isObserved, name, present, wanted } = now
  if (on !== now.on) return isReplaced(name)
  if (present === undefined || available === undefined) {
    return { state: 'stored', message: `the count is stored, and ${name} does not say what is available` }
  }
  const of = Math.min(to, wanted)
  const ready = isObserved ? Math.min(of, available) : 0
  const isThere = isObserved && ready === of && present <= Math.max(to, wanted)
  const more = isObserved && present > Math.max(to, wanted) ? `, and ${present} exist still` : ''
  const message = `${name}: ${ready} of ${of} are available${more}`
  return { state: isThere ? 'complete' : 'progressing', message, ready, of }
}

const isReplaced = (name: string): Settlement => ({
  state: 'replaced',
  message: `${name} is not the one that was counted: somebody deleted it or made another, or aimed the hook elsewhere`,
})

const numberAt = (object: unknown, ...path: readonly string[]): number | undefined => {
  const found = at(object, ...path)
  // Some custom resources write it as text.
  return typeof found === 'number'
    ? found
    : typeof found === 'string' && /^\d+$/.test(found)
      ? Number(found)
      : undefined
}
