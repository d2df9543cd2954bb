import { readFile } from 'node:fs/promises'
import { parseAllDocuments } from 'yaml'
import { countedParts, filesOf, type BuiltPart } from '../../scripts/cluster/parts.ts'
import { provide } from '../../scripts/cluster/provide.ts'
import { at, isObject, stringAt, type JsonObject } from '../../src/api/json.ts'
import type { ApiConnection } from '../../src/environment/environment.ts'
import type { ResourceType } from '../../src/kube/paths.ts'
import { autoscalers, scaledObjects } from '../../src/kube/resources.ts'
import {
  clusters,
  machineDeployments,
  machinePools,
  machineSets,
  rancherClusters,
} from '../../src/steps/target/pools.ts'
import { define } from '../support/counted.ts'
import { definitionOf } from '../support/definition.ts'
import { rightsOfDriver, rightsToDefinitions, type Right } from './installation.ts'

export const rollouts: ResourceType = {
  group: 'argoproj.io',
  version: 'v1alpha1',
  resource: 'rollouts',
  kind: 'Rollout',
}

/** A kind whose count is written on the object itself. */
export interface CountedKind {
  readonly type: ResourceType
  /** The rights that its hooks need in addition to those of the base. */
  readonly rights: () => readonly Right[]
  /** The driver and what it says of the target of a name. */
  readonly hook: (name: string) => { readonly driver: string; readonly member: object }
  /** The spec of an object; without a count where `count` is undefined. */
  readonly spec: (count: number | undefined) => object
  /** Where its count is, as a JSON Pointer, and in CEL. */
  readonly pointer: string
  readonly cel: string
  /** What an absent count is; undefined where it is none. */
  readonly absent: number | undefined
  /** Operations of a JSON Patch that a hook never makes, alone or several at once. */
  readonly illegal: readonly (object | readonly object[])[]
  /** True if it is another count of a kind that is listed already. */
  readonly isSecond?: true
}

const scaled =
  ({ group, kind, version }: ResourceType, more: object = {}): CountedKind['hook'] =>
  name => ({ driver: 'scale', member: { target: { apiVersion: `${group}/${version}`, kind, name, ...more } } })

const manyReplicas = 1_000_000

const inMember = (field: string) => ({ pointer: `/${field.replaceAll('.', '/')}`, cel: `object.${field}` })

const inList = (list: string, member: string) => ({
  pointer: `/${list.replaceAll('.', '/')}/1/${member}`,
  cel: `object.${list}[1].${member}`,
})

const ofNodes =
  ({ group, kind, version }: ResourceType, pool?: string): CountedKind['hook'] =>
  name => ({
    driver: 'scaleNodes',
    member: { target: { apiVersion: `${group}/${version}`, kind, name, ...(pool !== undefined && { pool }) } },
  })

const machine = {
  clusterName: 'prod',
  bootstrap: { dataSecretName: 'none' },
  infrastructureRef: { apiGroup: 'infrastructure.cluster.x-k8s.io', kind: 'DockerMachineTemplate', name: 'workers' },
}

const pools = (type: ResourceType): CountedKind => ({
  type,
  rights: () => rightsOfDriver('scale-nodes'),
  hook: ofNodes(type),
  spec: replicas => ({
    clusterName: 'prod',
    replicas,
    ...(type === machinePools ? {} : { selector: { matchLabels: { pool: 'workers' } } }),
    template: { metadata: { labels: { pool: 'workers' } }, spec: machine },
  }),
  ...inMember('spec.replicas'),
  absent: 1,
  illegal: [
    { op: 'replace', path: '/spec/clusterName', value: 'other' },
    { op: 'add', path: '/spec/template/spec/version', value: 'v1.99.0' },
  ],
})

export const countedKinds: readonly CountedKind[] = [
  {
    type: autoscalers,
    rights: () => rightsOfDriver('scale-autoscalers'),
    hook: scaled(autoscalers),
    spec: minReplicas => ({
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      maxReplicas: manyReplicas,
      minReplicas,
    }),
    ...inMember('spec.minReplicas'),
    absent: 1,
    illegal: [
      { op: 'replace', path: '/spec/scaleTargetRef/name', value: 'other' },
      [
        { op: 'replace', path: '/spec/minReplicas', value: 3 },
        { op: 'replace', path: '/spec/maxReplicas', value: 9 },
      ],
    ],
  },
  {
    type: scaledObjects,
    rights: () => rightsOfDriver('scale-autoscalers'),
    hook: scaled(scaledObjects),
    spec: minReplicaCount => ({
      scaleTargetRef: { name: 'web' },
      maxReplicaCount: manyReplicas,
      minReplicaCount,
      triggers: [{ type: 'cron', metadata: { timezone: 'UTC', start: '0 6 * * *', end: '0 20 * * *' } }],
    }),
    ...inMember('spec.minReplicaCount'),
    absent: 0,
    illegal: [
      { op: 'replace', path: '/spec/scaleTargetRef/name', value: 'other' },
      [
        { op: 'replace', path: '/spec/minReplicaCount', value: 3 },
        { op: 'replace', path: '/spec/maxReplicaCount', value: 9 },
      ],
    ],
  },
  {
    type: scaledObjects,
    rights: () => rightsOfDriver('scale-autoscalers'),
    hook: scaled(scaledObjects, { count: 'max' }),
    spec: maxReplicaCount => ({
      scaleTargetRef: { name: 'web' },
      maxReplicaCount,
      triggers: [{ type: 'cron', metadata: { timezone: 'UTC', start: '0 6 * * *', end: '0 20 * * *' } }],
    }),
    ...inMember('spec.maxReplicaCount'),
    absent: 100,
    illegal: [{ op: 'add', path: '/spec/idleReplicaCount', value: 1 }],
    isSecond: true,
  },
  {
    type: rollouts,
    rights: () => [...rightsOfDriver('scale-rollouts'), ...rightsToDefinitions()],
    hook: scaled(rollouts),
    spec: replicas => ({
      replicas,
      workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      strategy: { canary: {} },
    }),
    ...inMember('spec.replicas'),
    absent: 0,
    illegal: [{ op: 'add', path: '/spec/paused', value: true }],
  },
  ...[machineDeployments, machineSets, machinePools].map(pools),
  {
    type: clusters,
    rights: () => rightsOfDriver('scale-nodes'),
    hook: ofNodes(clusters, 'workers'),
    spec: replicas => ({
      topology: {
        classRef: { name: 'small' },
        version: 'v1.36.0',
        workers: {
          machineDeployments: [
            { class: 'spare', name: 'spare', replicas: 1 },
            { class: 'workers', name: 'workers', replicas },
          ],
        },
      },
    }),
    ...inList('spec.topology.workers.machineDeployments', 'replicas'),
    absent: undefined,
    illegal: [
      { op: 'replace', path: '/spec/topology/version', value: 'v1.99.0' },
      { op: 'replace', path: '/spec/topology/workers/machineDeployments/1/class', value: 'spare' },
      { op: 'remove', path: '/spec/topology/workers/machineDeployments/0' },
    ],
  },
  {
    type: rancherClusters,
    rights: () => rightsOfDriver('scale-nodes'),
    hook: ofNodes(rancherClusters, 'workers'),
    spec: quantity => ({
      kubernetesVersion: 'v1.36.0+rke2r1',
      rkeConfig: {
        machinePools: [
          { name: 'control', etcdRole: true, controlPlaneRole: true, quantity: 3 },
          { name: 'workers', workerRole: true, quantity },
        ],
      },
    }),
    ...inList('spec.rkeConfig.machinePools', 'quantity'),
    absent: 1,
    illegal: [
      { op: 'replace', path: '/spec/kubernetesVersion', value: 'v1.99.0' },
      { op: 'replace', path: '/spec/rkeConfig/machinePools/0/quantity', value: 1 },
      { op: 'add', path: '/spec/rkeConfig/machinePools/1/controlPlaneRole', value: true },
    ],
  },
]

/** Returns the count of an object as it is, or what it is without being there; undefined where it is none. */
export const countIn = (object: unknown, { absent, pointer }: Pick<CountedKind, 'absent' | 'pointer'>): unknown =>
  pointer
    .split('/')
    .slice(1)
    .reduce<unknown>((node, name) => (Array.isArray(node) ? node[Number(name)] : at(node, name)), object) ?? absent

/**
 * Rancher's Cluster, as far as its documentation describes machine pools: Rancher publishes no Go module that has its definition.
 * https://ranchermanager.docs.rancher.com/reference-guides/cluster-configuration/rancher-server-configuration/rke2-cluster-configuration
 */
const rancherCluster = definitionOf(rancherClusters, {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      properties: {
        kubernetesVersion: { type: 'string' },
        rkeConfig: {
          type: 'object',
          properties: {
            machinePools: {
              type: 'array',
              items: {
                type: 'object',
                properties: {
                  name: { type: 'string' },
                  quantity: { type: 'integer' },
                  etcdRole: { type: 'boolean' },
                  controlPlaneRole: { type: 'boolean' },
                  workerRole: { type: 'boolean' },
                  autoscalingMinSize: { type: 'integer' },
                },
              },
            },
          },
        },
      },
    },
  },
})

/** Installs the kinds of other projects as those publish them. */
export const defineCounted = async (api: ApiConnection): Promise<void> => {
  for (const part of countedParts) for (const file of filesOf(part)) await defineAll(api, part, file)
  await define(api, rancherClusters, rancherCluster)
}

const defineAll = async (api: ApiConnection, part: BuiltPart, file: string): Promise<void> => {
  const text = await readFile(await provide(part, file, process.env, line => console.log(line)), 'utf8')
  for (const document of parseAllDocuments(text)) {
    const definition: unknown = document.toJS()
    if (isObject(definition)) await define(api, typeOf(definition), withoutWebhook(definition))
  }
}

const typeOf = (definition: JsonObject): ResourceType => {
  const versions = at(definition, 'spec', 'versions')
  const stored: unknown = Array.isArray(versions)
    ? versions.find(version => at(version, 'storage') === true)
    : undefined
  const [group = '', version = '', resource = '', kind = ''] = [
    stringAt(definition, 'spec', 'group'),
    stringAt(stored, 'name'),
    stringAt(definition, 'spec', 'names', 'plural'),
    stringAt(definition, 'spec', 'names', 'kind'),
  ]
  return { group, version, resource, kind }
}

/** Returns a definition without its webhook: what would convert between versions is not there. */
const withoutWebhook = (definition: JsonObject): JsonObject => {
  const spec = at(definition, 'spec')
  return { ...definition, spec: { ...(isObject(spec) && spec), conversion: { strategy: 'None' } } }
}
