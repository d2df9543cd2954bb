import type { CountAt } from './target.ts'
import { listAt, numberAt, stringAt } from '../../api/json.ts'
import type { ResourceType } from '../../kube/paths.ts'
import { autoscalers, scalableKinds, scaledObjects } from '../../kube/resources.ts'
import { holdNamed } from './via-hold.ts'
import { poolCountNamed, poolKinds } from './pools.ts'
import { viaObject } from './via-object.ts'
import { viaScale } from './via-scale.ts'

/** The accessor for the minimum of a HorizontalPodAutoscaler. */
const minReplicas = viaObject({
  way: ['spec', 'minReplicas'],
  absent: 1,
  limits: object => ({ min: mayScaleToZero(object) ? 0 : 1, max: numberAt(object, 'spec', 'maxReplicas') ?? 1 }),
})

/** The accessor for the maximum of a HorizontalPodAutoscaler, which is never below its minimum. */
const maxReplicas = viaObject({
  way: ['spec', 'maxReplicas'],
  limits: object => ({ min: Math.max(1, numberAt(object, 'spec', 'minReplicas') ?? 1), max: Infinity }),
})

/** The accessor for the minimum of a KEDA ScaledObject, which may be 0. */
const minReplicaCount = viaObject({
  way: ['spec', 'minReplicaCount'],
  absent: 0,
  limits: object => ({
    // KEDA stops working on an object whose idle count is not below its minimum.
    min: (numberAt(object, 'spec', 'idleReplicaCount') ?? -1) + 1,
    max: numberAt(object, 'spec', 'maxReplicaCount') ?? 100,
  }),
})

/**
 * The accessor for the maximum of a KEDA ScaledObject. It is at least 1, because KEDA makes a
 * HorizontalPodAutoscaler with it.
 */
const maxReplicaCount = viaObject({
  way: ['spec', 'maxReplicaCount'],
  absent: 100,
  limits: object => ({ min: Math.max(1, numberAt(object, 'spec', 'minReplicaCount') ?? 0), max: Infinity }),
})

/**
 * Returns the accessor for the count of a custom resource in a member of its `spec`. An absent
 * count is 0, as its /scale shows.
 */
export const inSpec = (member: string): CountAt => viaObject({ way: ['spec', member], absent: 0 })

/** A kind, and where its objects hold the count. */
export interface KnownCount {
  readonly type: ResourceType
  /** The count. Of an autoscaler, its minimum. */
  readonly at: CountAt
  /** The maximum of an autoscaler. Absent: the kind has one count. */
  readonly max?: CountAt
}

/** The kinds that need no discovery. */
export const knownCounts: readonly KnownCount[] = [
  ...scalableKinds.map(type => ({ type, at: viaScale })),
  { type: autoscalers, at: minReplicas, max: maxReplicas },
  { type: scaledObjects, at: minReplicaCount, max: maxReplicaCount },
]

/** Returns the accessor of a count whose name a claim has stored. Undefined if the kind has no such count. */
export const countNamed = (type: ResourceType, text: string): CountAt | undefined => {
  const hold = holdNamed(known => isSame(known, type), text)
  if (hold) return hold
  const known = knownCounts.find(each => isSame(each.type, type))
  if (known) return [known.at, known.max].find(count => count?.text === text)
  const pools = poolKinds.find(each => isSame(each, type))
  if (pools) return poolCountNamed(pools, text)
  const member = /^spec\.([A-Za-z_][\w-]*)$/.exec(text)?.[1]
  return member !== undefined && isCustom(type) ? inSpec(member) : undefined
}

const isSame = (one: ResourceType, other: ResourceType): boolean =>
  one.group === other.group &&
  one.version === other.version &&
  one.resource === other.resource &&
  one.kind === other.kind

/**
 * Returns whether a kind is a custom resource. Built-in groups with a dot end with `.k8s.io`, and
 * their objects have no count here.
 */
const isCustom = ({ group, kind, resource, version }: ResourceType): boolean =>
  /^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/.test(group) &&
  !group.endsWith('.k8s.io') &&
  /^v[a-z0-9]+$/.test(version) &&
  /^[a-z0-9-]+$/.test(resource) &&
  /^[A-Za-z][A-Za-z0-9-]*$/.test(kind)

/**
 * Returns whether a HorizontalPodAutoscaler may have a minimum of 0. It needs a metric that is there without pods. An API
 * server before Kubernetes 1.37 refuses 0 all the same.
 */
const mayScaleToZero = (object: unknown): boolean =>
  listAt(object, 'spec', 'metrics').some(metric => ['External', 'Object'].includes(stringAt(metric, 'type') ?? ''))
