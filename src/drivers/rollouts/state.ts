import { at, isObject, numberAt, objectsAt, type JsonObject } from '../../api/json.ts'
import type { StoredObject } from '../../api/object.ts'
import type { Workloads } from './kinds.ts'

/**
 * The progress of a workload's rollout. complete: all pods have the current template, and the
 * desired number is available. running: that is not so yet, and perhaps never will be. paused:
 * somebody paused it. manual: a changed template starts no pods by itself, see {@link Manual}.
 */
export type RolloutState = 'complete' | 'running' | 'paused' | 'manual'

/**
 * Why a changed template starts no pods by itself. schedule: the next Job of a CronJob has it.
 * OnDelete: somebody has to delete the old pods. partition: it keeps every pod of a StatefulSet.
 */
export type Manual = 'schedule' | 'OnDelete' | 'partition'

const manualBy = (object: StoredObject, { rollsOut, type }: Workloads): Manual | undefined => {
  if (!rollsOut) return 'schedule'
  if (at(object, 'spec', 'updateStrategy', 'type') === 'OnDelete') return 'OnDelete'
  const wanted = wantedOf(object)
  return type.kind === 'StatefulSet' && wanted > 0 && partitionOf(object) >= wanted ? 'partition' : undefined
}

/**
 * Returns the progress of a workload's rollout, computed from the workload alone.
 *
 * That a generation was observed does not prove that the conditions are current. With the strategy
 * Recreate, or when count and template change together, a Deployment still has
 * NewReplicaSetAvailable from the previous rollout. So the counts of pods decide first. Available
 * proves nothing: with maxUnavailable 100 % it is True at 0 of 3.
 */
export const rolloutState = (object: StoredObject, workloads: Workloads): RolloutState => {
  if (manualBy(object, workloads)) return 'manual'
  if (at(object, 'spec', 'paused') === true) return 'paused'
  if (countAt(object, 'status', 'observedGeneration') < (object.metadata.generation ?? 0)) return 'running'
  return isThrough[workloads.type.kind](object) ? 'complete' : 'running'
}

/** How far a rollout has come, and what delays it. */
export interface RolloutProgress {
  readonly state: RolloutState
  /** Undefined unless the state is `manual`. */
  readonly manual: Manual | undefined
  /**
   * A lower bound of the number of available pods with the present template. It is no exact number,
   * because a status counts available pods of all templates together.
   */
  readonly ready: number
  /** How many pods are wanted. */
  readonly of: number
  /** True if the rollout has made no progress for `progressDeadlineSeconds`, according to its condition. */
  readonly isDeadlineExceeded: boolean
  readonly deadlineMs: number
  /** True if the workload's controller observes a deadline. Only that of Deployments does. */
  readonly hasDeadline: boolean
  /**
   * The reason in the status why the controller cannot create pods, for example because of a quota.
   * Undefined if it can.
   */
  readonly failure: string | undefined
}

/** The deadline of a Deployment that sets none, in seconds. */
const defaultDeadline = 600

/**
 * Returns how far the rollout of a workload has come, and what delays it, computed from the
 * workload alone.
 */
export const progressOf = (object: StoredObject, workloads: Workloads): RolloutProgress => {
  const isDaemonSet = workloads.type.kind === 'DaemonSet'
  const status = (name: string): number => countAt(object, 'status', name)
  const of = isDaemonSet ? status('desiredNumberScheduled') : wantedOf(object)
  const all = isDaemonSet ? of : status('replicas')
  const updated = status(isDaemonSet ? 'updatedNumberScheduled' : 'updatedReplicas')
  const available = status(isDaemonSet ? 'numberAvailable' : 'availableReplicas')
  const state = rolloutState(object, workloads)
  const isObserved = status('observedGeneration') >= (object.metadata.generation ?? 0)
  const deadline = at(object, 'spec', 'progressDeadlineSeconds')
  return {
    state,
    manual: manualBy(object, workloads),
    of,
    ready: isObserved ? Math.min(of, Math.max(0, Math.min(updated, available - (all - updated)))) : 0,
    isDeadlineExceeded: isObserved && progressingOf(object)?.['reason'] === 'ProgressDeadlineExceeded',
    hasDeadline: workloads.type.kind === 'Deployment',
    deadlineMs: (typeof deadline === 'number' ? deadline : defaultDeadline) * 1000,
    failure: isObserved ? failureOf(object) : undefined,
  }
}

/**
 * Returns how many pods are available, in words, if each has the present template and only their availability
 * is missing. Otherwise returns undefined. A Deployment has conditions instead that say when its rollout is over. The other
 * kinds do not show whether their rollout is still running, or whether a pod has failed long after it.
 */
export const unavailablePods = (object: StoredObject, workloads: Workloads): string | undefined => {
  const { kind } = workloads.type
  if (kind === 'Deployment' || rolloutState(object, workloads) !== 'running') return undefined
  const { of, ready } = progressOf(object, workloads)
  const updated = countAt(object, 'status', kind === 'DaemonSet' ? 'updatedNumberScheduled' : 'updatedReplicas')
  const isObserved = countAt(object, 'status', 'observedGeneration') >= (object.metadata.generation ?? 0)
  return isObserved && updated >= of && ready < of ? `${ready} of ${of} pods are available` : undefined
}

const failureOf = (object: StoredObject): string | undefined => {
  const failure = conditionsOf(object).find(({ status, type }) => type === 'ReplicaFailure' && status === 'True')
  return typeof failure?.['reason'] === 'string' ? failure['reason'] : undefined
}

const isThrough: Readonly<Record<Workloads['type']['kind'], (object: StoredObject) => boolean>> = {
  Deployment: object => {
    const wanted = wantedOf(object)
    const updated = countAt(object, 'status', 'updatedReplicas')
    const isUpdated = updated === countAt(object, 'status', 'replicas') && (updated > 0 || wanted === 0)
    const progressing = progressingOf(object)
    // A Deployment without a deadline has no condition Progressing.
    return (
      isUpdated &&
      (progressing
        ? progressing['reason'] === 'NewReplicaSetAvailable'
        : countAt(object, 'status', 'availableReplicas') >= wanted)
    )
  },
  StatefulSet: object => {
    const wanted = wantedOf(object)
    return (
      countAt(object, 'status', 'updatedReplicas') >= wanted - partitionOf(object) &&
      countAt(object, 'status', 'availableReplicas') >= wanted &&
      countAt(object, 'status', 'replicas') <= wanted
    )
  },
  DaemonSet: object => {
    const wanted = countAt(object, 'status', 'desiredNumberScheduled')
    return (
      countAt(object, 'status', 'updatedNumberScheduled') >= wanted &&
      countAt(object, 'status', 'numberAvailable') >= wanted
    )
  },
  CronJob: () => true,
}

/**
 * Returns `part` of a workload, completed with the members of spec and status that {@link
 * progressOf} needs.
 */
export const neededState = (object: StoredObject, part: JsonObject): JsonObject => {
  const { paused, progressDeadlineSeconds, replicas, selector, updateStrategy } = isObject(object['spec'])
    ? object['spec']
    : {}
  const { status } = object
  const conditions = conditionsOf(object)
    .filter(({ type }) => type === 'Progressing' || type === 'ReplicaFailure')
    .map(condition => ({ type: condition['type'], status: condition['status'], reason: condition['reason'] }))
  return {
    ...part,
    spec: {
      ...(isObject(part['spec']) && part['spec']),
      paused,
      progressDeadlineSeconds,
      replicas,
      selector,
      updateStrategy,
    },
    status: {
      ...Object.fromEntries(counts.map(count => [count, at(status, count)])),
      ...(conditions.length > 0 && { conditions }),
    },
  }
}

const counts = [
  'observedGeneration',
  'replicas',
  'updatedReplicas',
  'availableReplicas',
  'desiredNumberScheduled',
  'updatedNumberScheduled',
  'numberAvailable',
]

const progressingOf = (object: StoredObject): JsonObject | undefined =>
  conditionsOf(object).find(({ type }) => type === 'Progressing')

const conditionsOf = (object: StoredObject): readonly JsonObject[] => objectsAt(object, 'status', 'conditions')

/** Returns the desired number of pods. The default is 1. */
const wantedOf = (object: StoredObject): number => numberAt(object, 'spec', 'replicas') ?? 1

/** Returns how many pods of a StatefulSet keep their template. */
const partitionOf = (object: StoredObject): number =>
  countAt(object, 'spec', 'updateStrategy', 'rollingUpdate', 'partition')

/** Returns the count at a path. The API server leaves out a count of 0. */
const countAt = (object: unknown, ...path: readonly string[]): number => numberAt(object, ...path) ?? 0
