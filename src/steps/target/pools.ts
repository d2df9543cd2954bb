import type { CountAt, TargetProblem } from './target.ts'
import { at, objectsAt, stringAt, type JsonObject } from '../../api/json.ts'
import type { StoredObject } from '../../api/object.ts'
import type { ResourceType } from '../../kube/paths.ts'
import { viaObject, type Way } from './via-object.ts'

/** The order in which machines are removed, with Cluster API's names. */
export type Order = 'Newest' | 'Oldest'

const ofClusterAPI = { group: 'cluster.x-k8s.io', version: 'v1beta2' } as const

export const machineDeployments: ResourceType = {
  ...ofClusterAPI,
  resource: 'machinedeployments',
  kind: 'MachineDeployment',
}
export const machineSets: ResourceType = { ...ofClusterAPI, resource: 'machinesets', kind: 'MachineSet' }
export const machinePools: ResourceType = { ...ofClusterAPI, resource: 'machinepools', kind: 'MachinePool' }
export const clusters: ResourceType = { ...ofClusterAPI, resource: 'clusters', kind: 'Cluster' }
export const rancherClusters: ResourceType = {
  group: 'provisioning.cattle.io',
  version: 'v1',
  resource: 'clusters',
  kind: 'Cluster',
}

/** The kinds of node pools, and the kinds that contain node pools. */
export const poolKinds: readonly ResourceType[] = [
  machineDeployments,
  machineSets,
  machinePools,
  clusters,
  rancherClusters,
]

/** Returns whether objects of a kind contain pools. */
export const holdsPools = (type: ResourceType): boolean => type === clusters || type === rancherClusters

/**
 * Returns the accessor for the count of a node pool: of the object itself, or of the pool named
 * `pool` in the object.
 */
export const poolCount = (type: ResourceType, pool?: string, order?: Order): CountAt => {
  if (type === clusters) return inCluster(pool ?? '')
  if (type === rancherClusters) return inRancherCluster(pool ?? '')
  return viaObject({
    way: ['spec', 'replicas'],
    absent: 1,
    ...(order && { also: { path: ['spec', 'deletion', 'order'], value: order } }),
    problem: object => ownedPool(object) ?? autoscalerProblem(object, type.kind),
  })
}

/** Returns the accessor of a count whose name a claim has stored. Undefined if the kind has no such count. */
export const poolCountNamed = (type: ResourceType, text: string): CountAt | undefined => {
  if (holdsPools(type)) {
    const count = poolCount(type, /\[([a-z0-9](?:[-a-z0-9.]*[a-z0-9])?)\]/.exec(text)?.[1])
    return count.text === text ? count : undefined
  }
  const orders = type === machinePools ? [undefined] : ([undefined, 'Newest', 'Oldest'] as const)
  return orders.map(order => poolCount(type, undefined, order)).find(count => count.text === text)
}

const clusterPools: Way = ['spec', 'topology', 'workers', 'machineDeployments']
const rancherPools: Way = ['spec', 'rkeConfig', 'machinePools']

/** Returns the pools in a Cluster, each with its number of nodes if the Cluster gives one. */
export const poolsInside = (
  type: ResourceType,
  object: StoredObject,
): readonly { readonly name: string; readonly wanted?: number }[] => {
  const [list, count]: [Way, string] = type === clusters ? [clusterPools, 'replicas'] : [rancherPools, 'quantity']
  return poolsAt(object, list).flatMap(pool => {
    const { name } = pool
    const wanted = pool[count]
    if (typeof name !== 'string' || rolesOf(pool).length > 0) return []
    return [typeof wanted === 'number' ? { name, wanted } : { name }]
  })
}

/**
 * Returns the further roles of a Rancher pool, such as etcd. A pool without further roles only runs
 * workloads.
 */
const rolesOf = (pool: JsonObject): readonly string[] =>
  ['etcdRole', 'controlPlaneRole'].filter(role => pool[role] === true)

const inCluster = (pool: string): CountAt => {
  const list = clusterPools
  return viaObject({
    way: [...list, { name: pool }, 'replicas'],
    problem: object => {
      const found = poolIn(object, list, pool)
      return 'reason' in found ? found : autoscalerProblem({ metadata: found.pool['metadata'] }, `the pool ${pool}`)
    },
  })
}

const inRancherCluster = (pool: string): CountAt => {
  const list = rancherPools
  return viaObject({
    way: [...list, { name: pool }, 'quantity'],
    absent: 1,
    problem: object => {
      const found = poolIn(object, list, pool)
      if ('reason' in found) return found
      if (rolesOf(found.pool).length > 0) {
        const message = `the pool ${pool} of Cluster/${object.metadata.name} has the etcd or control-plane role: a hook changes only workers`
        return { reason: 'NotScalable', message }
      }
      if (at(found.pool, 'autoscalingMinSize') === undefined) return undefined
      return byAutoscaler(`the pool ${pool} of Cluster/${object.metadata.name}`)
    },
  })
}

const poolsAt = (object: StoredObject, list: Way): readonly JsonObject[] =>
  objectsAt(object, ...list.filter(step => typeof step === 'string'))

const poolIn = (object: StoredObject, list: Way, pool: string): { readonly pool: JsonObject } | TargetProblem => {
  const pools = poolsAt(object, list)
  const named = pools.find(each => each['name'] === pool)
  if (named) return { pool: named }
  const names = pools.map(each => String(each['name'])).join(', ')
  const has = names === '' ? 'it has none' : `it has ${names}`
  return { reason: 'PoolNotFound', message: `Cluster/${object.metadata.name} has no pool ${pool}: ${has}` }
}

/** Returns the problem of a pool that is made from a Cluster: its count would be reset. */
const ownedPool = ({ metadata: { annotations = {}, labels = {}, name } }: StoredObject): TargetProblem | undefined => {
  const say = (owner: string, advice: string): TargetProblem => ({
    reason: 'OwnedByController',
    message: `${name} is made from ${owner}, which would set its count back: ${advice}`,
  })
  if ('topology.cluster.x-k8s.io/owned' in labels) {
    const cluster = `Cluster/${labels['cluster.x-k8s.io/cluster-name']}`
    const machinePool = labels['topology.cluster.x-k8s.io/pool-name']
    if (machinePool !== undefined) {
      return say(cluster, "no hook changes a topology's machine pool, so use a machine deployment there")
    }
    return say(cluster, aimAtPool(labels['topology.cluster.x-k8s.io/deployment-name']))
  }
  if (annotations['objectset.rio.cattle.io/owner-gvk']?.startsWith('provisioning.cattle.io/') !== true) return undefined
  return say(
    `${rancherClusters.group} Cluster/${annotations['objectset.rio.cattle.io/owner-name']}`,
    aimAtPool(labels['rke.cattle.io/rke-machine-pool-name']),
  )
}

const aimAtPool = (pool: string | undefined): string =>
  `point the hook at that${pool === undefined ? '' : `, with pool: ${pool}`}`

const sizes = ['min', 'max'].map(size => `cluster.x-k8s.io/cluster-api-autoscaler-node-group-${size}-size`)

/** Cluster API's annotation of a pool whose count the infrastructure sets. */
const managedBy = 'cluster.x-k8s.io/replicas-managed-by'

/**
 * Returns the problem of a pool whose count something else changes: by its annotations, the Cluster Autoscaler
 * or the infrastructure.
 */
const autoscalerProblem = (object: unknown, what: string): TargetProblem | undefined => {
  const annotation = (name: string): string | undefined => stringAt(object, 'metadata', 'annotations', name)
  if (sizes.some(size => annotation(size) !== undefined)) return byAutoscaler(what)
  if ((annotation(managedBy) ?? 'false') === 'false') return undefined
  return {
    reason: 'ManagedByAutoscaler',
    message: `the infrastructure sets the count of ${what} and would undo each step: remove the annotation ${managedBy}, or the hook`,
  }
}

const byAutoscaler = (what: string): TargetProblem => ({
  reason: 'ManagedByAutoscaler',
  message: `the Cluster Autoscaler sets the count of ${what} and would undo each step: remove its minimum and maximum size, or the hook`,
})
