import { describe, expect, it } from 'vitest'
import type { StoredObject } from '../../../src/api/object.ts'
import {
  clusters,
  machineDeployments,
  machinePools,
  machineSets,
  poolCount,
  poolKinds,
  rancherClusters,
} from '../../../src/steps/target/pools.ts'
import { parseTarget, targetText } from '../../../src/steps/target/text.ts'

const object = (spec: object, metadata: object = {}): StoredObject => ({
  spec,
  metadata: { name: 'prod', uid: 'u1', resourceVersion: '7', ...metadata },
})

const topology = (...machineDeployments: object[]) => object({ topology: { workers: { machineDeployments } } })
const rancher = (...pools: object[]) => object({ rkeConfig: { machinePools: pools } })
const sizes = { annotations: { 'cluster.x-k8s.io/cluster-api-autoscaler-node-group-max-size': '9' } }

describe('a pool of nodes is refused', () => {
  it.each([
    [
      'that is made from the topology of a Cluster',
      poolCount(machineDeployments),
      object(
        {},
        {
          labels: {
            'topology.cluster.x-k8s.io/owned': '',
            'cluster.x-k8s.io/cluster-name': 'prod',
            'topology.cluster.x-k8s.io/deployment-name': 'workers',
          },
        },
      ),
      'OwnedByController',
      'is made from Cluster/prod, which would set its count back: point the hook at that, with pool: workers',
    ],
    [
      "that is made from Rancher's Cluster",
      poolCount(machineDeployments),
      object(
        {},
        {
          annotations: {
            'objectset.rio.cattle.io/owner-gvk': 'provisioning.cattle.io/v1, Kind=Cluster',
            'objectset.rio.cattle.io/owner-name': 'prod',
          },
          labels: { 'rke.cattle.io/rke-machine-pool-name': 'workers' },
        },
      ),
      'OwnedByController',
      'is made from provisioning.cattle.io Cluster/prod, which would set its count back: point the hook at that, with pool: workers',
    ],
    [
      'that the Cluster Autoscaler counts',
      poolCount(machineSets),
      object({}, sizes),
      'ManagedByAutoscaler',
      'the Cluster Autoscaler sets the count of MachineSet',
    ],
    [
      'that the Cluster Autoscaler counts, as a MachinePool',
      poolCount(machinePools),
      object({}, sizes),
      'ManagedByAutoscaler',
      'the Cluster Autoscaler sets the count of MachinePool',
    ],
    [
      'that the infrastructure counts',
      poolCount(machinePools),
      object({}, { annotations: { 'cluster.x-k8s.io/replicas-managed-by': 'eks' } }),
      'ManagedByAutoscaler',
      'the infrastructure sets the count of MachinePool',
    ],
    [
      'that is a machine pool of a topology',
      poolCount(machinePools),
      object(
        {},
        {
          labels: {
            'topology.cluster.x-k8s.io/owned': '',
            'topology.cluster.x-k8s.io/pool-name': 'workers',
            'cluster.x-k8s.io/cluster-name': 'prod',
          },
        },
      ),
      'OwnedByController',
      "no hook changes a topology's machine pool",
    ],
    [
      'that a Cluster does not have',
      poolCount(clusters, 'workers'),
      topology({ name: 'a' }, { name: 'b' }),
      'PoolNotFound',
      'Cluster/prod has no pool workers: it has a, b',
    ],
    [
      'of a Cluster without a topology',
      poolCount(clusters, 'workers'),
      object({}),
      'PoolNotFound',
      'Cluster/prod has no pool workers: it has none',
    ],
    [
      'of a Cluster that the Cluster Autoscaler counts',
      poolCount(clusters, 'workers'),
      topology({ name: 'workers', replicas: 1, metadata: sizes }),
      'ManagedByAutoscaler',
      'the Cluster Autoscaler sets the count of the pool workers',
    ],
    [
      'that is the control plane',
      poolCount(rancherClusters, 'workers'),
      rancher({ name: 'workers', controlPlaneRole: true }),
      'NotScalable',
      'has the etcd or control-plane role',
    ],
    [
      'that holds etcd',
      poolCount(rancherClusters, 'workers'),
      rancher({ name: 'workers', etcdRole: true, workerRole: true }),
      'NotScalable',
      'has the etcd or control-plane role',
    ],
    [
      'that Rancher scales',
      poolCount(rancherClusters, 'workers'),
      rancher({ name: 'workers', autoscalingMinSize: 1 }),
      'ManagedByAutoscaler',
      'the Cluster Autoscaler sets the count of the pool workers of Cluster/prod',
    ],
  ])('%s', (_, count, found, reason, message) => {
    expect(count.problem(found)?.reason).toBe(reason)
    expect(count.problem(found)?.message).toContain(message)
  })

  it.each([
    ['a MachineDeployment', poolCount(machineDeployments), object({ replicas: 2 })],
    ['a pool of a Cluster', poolCount(clusters, 'workers'), topology({ name: 'a' }, { name: 'workers', replicas: 2 })],
    [
      'a pool of workers',
      poolCount(rancherClusters, 'workers'),
      rancher({ name: 'workers', quantity: 2, workerRole: true }),
    ],
  ])('and %s is not', (_, count, found) => {
    expect(count.problem(found)).toBeUndefined()
    expect(count.read(found)).toBe(2)
  })
})

it('a pool in a Cluster that says no count has none, and others are of one machine then', () => {
  expect(poolCount(clusters, 'workers').read(topology({ name: 'workers' }))).toBeUndefined()
  expect(poolCount(rancherClusters, 'workers').read(rancher({ name: 'workers' }))).toBe(1)
  expect(poolCount(machineDeployments).read(object({}))).toBe(1)
})

describe('a claim names a pool and how it is written', () => {
  const targets = poolKinds.flatMap(type =>
    [
      poolCount(type, 'workers'),
      ...(type === machineDeployments || type === machineSets ? [poolCount(type, undefined, 'Oldest')] : []),
    ].map(at => ({ type, namespace: 'shop', name: 'prod', at })),
  )

  it.each(targets.map(target => [targetText(target), target] as const))('%s', (text, target) => {
    const parsed = parseTarget(text, 'shop')
    expect(parsed?.type).toEqual(target.type)
    expect(parsed?.at.text).toBe(target.at.text)
  })

  it.each([
    'cluster.x-k8s.io/v1beta2/machinedeployments/MachineDeployment/prod spec.paused',
    'cluster.x-k8s.io/v1beta2/machinedeployments/MachineDeployment/prod spec.replicas+spec.deletion.order=Never',
    'cluster.x-k8s.io/v1beta2/machinepools/MachinePool/prod spec.replicas+spec.deletion.order=Oldest',
    'cluster.x-k8s.io/v1beta2/clusters/Cluster/prod spec.topology.workers.machineDeployments[../x].replicas',
    'provisioning.cattle.io/v1/clusters/Cluster/prod spec.rkeConfig.machinePools.quantity',
    'provisioning.cattle.io/v1/clusters/Cluster/prod spec.replicas',
  ])('and cannot be %s', text => {
    expect(parseTarget(text, 'shop')).toBeUndefined()
  })
})
