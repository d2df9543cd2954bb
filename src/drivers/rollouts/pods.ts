import { isDeepStrictEqual } from 'node:util'
import { at, isObject, listAt, objectAt, objectsAt, stringAt, type JsonObject } from '../../api/json.ts'
import type { StoredObject } from '../../api/object.ts'
import { parseTime } from '../../environment/time.ts'
import { containersIn, type Workloads } from './kinds.ts'
import { annotationPrefix } from './plan.ts'

/** The maximum number of causes in a message. */
const maxCauses = 5

/** How many different causes are counted. A tenant decides how many containers a pod has. */
const maxCounted = 100

/** What the pods of a workload show of a rollout that is not complete. */
export interface PodsNow {
  /**
   * Why pods are not ready, the most frequent first, such as `web: ImagePullBackOff (1 of 4)`. A
   * cause never contains a pod's message, which can name Secrets and quote logs: the sender that
   * gets the causes may be a stranger.
   */
  readonly causes: readonly string[]
  /**
   * When the oldest pod that is not ready was created, in milliseconds since the epoch. Undefined if
   * all are ready.
   */
  readonly unreadySince: number | undefined
}

/**
 * Returns the label selector of a workload's pods in the form of a query. Undefined if the workload
 * has none, or if it cannot be converted.
 */
export const podSelector = (object: StoredObject): string | undefined => {
  const labels = objectAt(object, 'spec', 'selector', 'matchLabels')
  const equal = Object.entries(labels).map(([name, value]) => `${name}=${String(value)}`)
  const others = listAt(object, 'spec', 'selector', 'matchExpressions').map(expressionText)
  const all = [...equal, ...others]
  return all.length === 0 || all.includes(undefined) ? undefined : all.join(',')
}

const expressionText = (expression: unknown): string | undefined => {
  const [key, operator] = [stringAt(expression, 'key'), stringAt(expression, 'operator')]
  const list = `(${listAt(expression, 'values').join(',')})`
  if (key === undefined) return undefined
  switch (operator) {
    case 'In':
    case 'NotIn':
      return `${key} ${operator.toLowerCase()} ${list}`
    case 'Exists':
      return key
    case 'DoesNotExist':
      return `!${key}`
    case undefined:
    default:
      return undefined
  }
}

/** Collects what the pods of a workload show, pod by pod. */
export interface PodsCollector {
  readonly take: (pod: StoredObject) => void
  readonly result: () => PodsNow
}

/**
 * Makes a collector for the pods of a workload. It keeps no pod, because a tenant decides how large
 * pods are.
 */
export const podsCollector = (object: StoredObject, workloads: Workloads, of: number): PodsCollector =>
  // A Deployment replaces old pods that are stuck. A StatefulSet waits for them.
  unreadyPods(of, workloads.type.kind === 'Deployment' ? ofTemplate(object, workloads) : () => true)

/** Makes a collector for pods of which `of` are wanted. Only those of the present template have causes. */
export const unreadyPods = (of: number, isOfTemplate: (pod: StoredObject) => boolean): PodsCollector => {
  const counts = new Map<string, number>()
  let unreadySince = Infinity
  return {
    take: pod => {
      if (pod.metadata.deletionTimestamp !== undefined || isReady(pod)) return
      const created = parseTime(pod.metadata.creationTimestamp ?? '')
      if (!Number.isNaN(created)) unreadySince = Math.min(unreadySince, created)
      if (!isOfTemplate(pod)) return
      for (const cause of new Set(causesOf(pod))) {
        const count = counts.get(cause)
        if (count !== undefined || counts.size < maxCounted) counts.set(cause, (count ?? 0) + 1)
      }
    },
    result: () => ({
      causes: [...counts]
        .toSorted(([a, one], [b, other]) => other - one || a.localeCompare(b))
        .slice(0, maxCauses)
        .map(([cause, count]) => `${cause} (${count} of ${of})`),
      unreadySince: unreadySince === Infinity ? undefined : unreadySince,
    }),
  }
}

const isReady = (pod: StoredObject): boolean => hasCondition(pod, 'Ready', 'True')

const hasCondition = (pod: StoredObject, type: string, status: string, reason?: string): boolean =>
  objectsAt(pod, 'status', 'conditions').some(
    each => each['type'] === type && each['status'] === status && (reason === undefined || each['reason'] === reason),
  )

/**
 * Returns a function that checks whether a pod was made from the present template. It compares the
 * images, and the annotations of pushes and restarts.
 */
const ofTemplate = (object: StoredObject, workloads: Workloads): ((pod: StoredObject) => boolean) => {
  const notes = notesIn(at(object, ...workloads.template, 'metadata', 'annotations'))
  const images = containersIn(object, workloads)
  return pod => {
    const running = [...objectsAt(pod, 'spec', 'containers'), ...objectsAt(pod, 'spec', 'initContainers')]
    const runs = new Map(running.map(({ image, name }) => [name, image]))
    return (
      isDeepStrictEqual(notesIn(pod.metadata.annotations), notes) &&
      images.every(({ image, name }) => runs.get(name) === image)
    )
  }
}

const notesIn = (annotations: unknown): JsonObject =>
  Object.fromEntries(
    Object.entries(isObject(annotations) ? annotations : {}).filter(([name]) => name.startsWith(annotationPrefix)),
  )

/** Reasons that a pod usually has while it starts. They are no causes. */
const starting: ReadonlySet<string> = new Set(['ContainerCreating', 'PodInitializing', 'Completed'])

/** Returns why a pod is not ready. The list is empty if the pod is only starting. */
const causesOf = (pod: StoredObject): readonly string[] => {
  if (hasCondition(pod, 'PodScheduled', 'False', 'Unschedulable')) return ['Unschedulable']
  const inits = objectsAt(pod, 'status', 'initContainerStatuses')
  const causes = [...inits, ...objectsAt(pod, 'status', 'containerStatuses')].flatMap(causeOf)
  if (causes.length > 0) return causes
  const slow = objectsAt(pod, 'status', 'containerStatuses').filter(
    status => status['ready'] === false && isObject(at(status, 'state', 'running')),
  )
  // A container that ends again and again runs in between, so its last end is the cause.
  return slow.map(
    status =>
      `${String(status['name'])}: ${wordAt(status, 'lastState', 'terminated', 'reason') ?? 'ContainersNotReady'}`,
  )
}

const causeOf = (status: JsonObject): readonly string[] => {
  const { name } = status
  if (status['ready'] === true || typeof name !== 'string') return []
  const reason = wordAt(status, 'state', 'waiting', 'reason') ?? wordAt(status, 'state', 'terminated', 'reason')
  return reason === undefined || starting.has(reason) ? [] : [`${name}: ${reason}`]
}

/** Returns the reason at a path. Undefined if it is not a single word, because it may then be a message. */
const wordAt = (status: JsonObject, ...path: readonly string[]): string | undefined => {
  const reason = stringAt(status, ...path)
  return reason !== undefined && /^[A-Za-z]{1,64}$/.test(reason) ? reason : undefined
}
