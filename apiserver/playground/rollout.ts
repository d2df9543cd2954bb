import { at, isObject, stringAt, type JsonObject } from '../../src/api/json.ts'
import { parseTime, rfc3339 } from '../../src/environment/time.ts'

/** A pod of a Deployment. */
export interface WorkloadPod {
  readonly namespace: string
  readonly name: string
  /** The uid of the Deployment. */
  readonly owner: string | undefined
  /** The value of the label `pod-template-hash`. */
  readonly hash: string | undefined
  readonly isReady: boolean
}

/** What the spec of a Deployment asks for. */
export interface WantedPods {
  readonly count: number
  /** The hash of the pod template. Pods with another hash are replaced. */
  readonly hash: string
  readonly isPaused: boolean
}

/** Pods to create and to delete next. */
export interface PodChanges {
  readonly create: number
  readonly remove: readonly WorkloadPod[]
  /** True if there are pods of an older template, which are being replaced. */
  readonly isRollout: boolean
}

/**
 * Returns the next changes of a Deployment's pods, with maxSurge 25 % and maxUnavailable 0. During
 * a rollout an old pod is deleted only if enough other pods are ready. So the old pods keep running
 * if the new image is bad.
 */
export const podChanges = ({ count, hash, isPaused }: WantedPods, pods: readonly WorkloadPod[]): PodChanges => {
  const current = pods.filter(pod => pod.hash === hash)
  const old = pods.filter(pod => pod.hash !== hash)
  const isRollout = old.length > 0
  if (isPaused && isRollout) return { create: 0, remove: [], isRollout }
  const surplus = unreadyFirst(current).slice(0, Math.max(0, current.length - count))
  const unready = old.filter(pod => !pod.isReady)
  const ready = old.filter(pod => pod.isReady)
  const available = ready.length + current.filter(pod => pod.isReady).length
  const remove = [...surplus, ...unready, ...ready.slice(0, Math.max(0, available - count))]
  const max = isRollout ? count + Math.max(1, Math.ceil(count / 4)) : count
  const room = max - (pods.length - remove.length)
  return { create: Math.max(0, Math.min(count - current.length, room)), remove, isRollout }
}

const unreadyFirst = (pods: readonly WorkloadPod[]): readonly WorkloadPod[] =>
  pods.toSorted((a, b) => Number(a.isReady) - Number(b.isReady))

/** A Deployment as it is stored, with the parts that {@link deploymentStatus} needs. */
export interface ObservedDeployment extends WantedPods {
  readonly generation: number
  readonly deadlineMs: number
  /** The status in the stored object, of any form. */
  readonly status: unknown
}

/**
 * Returns the status of a Deployment with these pods, with the conditions that `kubectl rollout
 * status` reads. `hasMoved`: pods were just created or deleted. `now` is in milliseconds since the
 * epoch.
 */
export const deploymentStatus = (
  workload: ObservedDeployment,
  pods: readonly WorkloadPod[],
  hasMoved: boolean,
  now: number,
): JsonObject => {
  const { count, generation, hash, status: stored } = workload
  const ready = pods.filter(pod => pod.isReady).length
  const counts = {
    observedGeneration: generation,
    replicas: pods.length,
    readyReplicas: ready,
    updatedReplicas: pods.filter(pod => pod.hash === hash).length,
    availableReplicas: ready,
    unavailableReplicas: Math.max(0, count - ready),
  }
  const isMoving = hasMoved || Object.entries(counts).some(([name, value]) => at(stored, name) !== value)
  const available =
    ready >= count
      ? { type: 'Available', status: 'True', reason: 'MinimumReplicasAvailable' }
      : { type: 'Available', status: 'False', reason: 'MinimumReplicasUnavailable' }
  const conditions = [available, progressing(workload, counts, isMoving, now)]
  return { ...counts, conditions: conditions.map(condition => withTimes(condition, stored, isMoving, now)) }
}

interface Condition {
  readonly type: string
  readonly status: string
  readonly reason: string
}

const progressing = (
  { count, deadlineMs, isPaused, status: stored }: ObservedDeployment,
  counts: { readonly replicas: number; readonly updatedReplicas: number; readonly availableReplicas: number },
  isMoving: boolean,
  now: number,
): Condition => {
  const type = 'Progressing'
  const { availableReplicas, replicas, updatedReplicas } = counts
  const before = conditionIn(stored, type)
  const reason = stringAt(before, 'reason')
  const isUpdated = replicas === updatedReplicas
  // As in a cluster, a complete rollout stays complete when the count changes.
  if (isUpdated && ((replicas === count && availableReplicas === count) || reason === complete)) {
    return { type, status: 'True', reason: complete }
  }
  if (isPaused) return { type, status: 'Unknown', reason: 'DeploymentPaused' }
  const updatedAt = parseTime(stringAt(before, 'lastUpdateTime') ?? '')
  const isLate = !isMoving && (reason === exceeded || (reason === updating && now - updatedAt >= deadlineMs))
  return isLate ? { type, status: 'False', reason: exceeded } : { type, status: 'True', reason: updating }
}

const complete = 'NewReplicaSetAvailable'
const updating = 'ReplicaSetUpdated'
const exceeded = 'ProgressDeadlineExceeded'

/** Returns whether a rollout is in progress, so that its deadline can pass. */
export const isUpdating = (status: JsonObject): boolean =>
  stringAt(conditionIn(status, 'Progressing'), 'reason') === updating

const withTimes = (condition: Condition, stored: unknown, isMoving: boolean, now: number): JsonObject => {
  const before = conditionIn(stored, condition.type)
  const isSame = stringAt(before, 'status') === condition.status
  const isOld = isSame && stringAt(before, 'reason') === condition.reason && !isMoving
  return {
    ...condition,
    message: '',
    lastUpdateTime: (isOld ? stringAt(before, 'lastUpdateTime') : undefined) ?? rfc3339(now),
    lastTransitionTime: (isSame ? stringAt(before, 'lastTransitionTime') : undefined) ?? rfc3339(now),
  }
}

const conditionIn = (status: unknown, type: string): JsonObject | undefined => {
  const conditions = at(status, 'conditions')
  return Array.isArray(conditions) ? conditions.filter(isObject).find(each => each['type'] === type) : undefined
}
