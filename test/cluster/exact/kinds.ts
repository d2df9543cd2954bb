import { at, stringAt } from '../../../src/api/json.ts'
import type { StoredObject } from '../../../src/api/object.ts'
import { apiVersionOf, type ResourceType } from '../../../src/kube/paths.ts'
import { autoscalers, scaledObjects } from '../../../src/kube/resources.ts'
import { machineDeployments, machinePools, machineSets } from '../../../src/steps/target/pools.ts'
import { deployment } from '../../support/objects.ts'
import { deployments } from '../../support/product.ts'
import { countedKinds, countIn, rollouts, type CountedKind } from '../counted.ts'
import { rightsOfBase, rightsToDefinitions, type Right } from '../installation.ts'

/** How somebody else sets a count: as `kubectl scale` does, as GitOps does on /scale or on the object, or as `kubectl edit` does. */
export type OutsideWay = 'merge to /scale' | 'apply to /scale' | 'apply' | 'patch'

/** A kind of targets, as far as a run makes them and looks at them: written down apart from the product. */
export interface TargetKind {
  readonly type: ResourceType
  /** The driver of its hooks, and what that says of the target of a name. */
  readonly hook: CountedKind['hook']
  /** The spec of an object; without a count where `count` is undefined. `most` is its own bound, where it has one. */
  readonly spec: (name: string, count: number | undefined, most: number) => object
  /** Where its count is, as a JSON Pointer, and what an absent one is; undefined where the count has to be there. */
  readonly pointer: string
  readonly absent: number | undefined
  /** The least that an object of the kind takes, where that is not 0. */
  readonly least?: number
  /** Whether objects have a greatest count of their own. */
  readonly hasMost: boolean
  /** The marks of the writes that the count is from, among others' names. */
  readonly owners: (object: StoredObject) => readonly string[]
  readonly outside: readonly OutsideWay[]
}

export const countOf = (kind: TargetKind, object: unknown): number => Number(countIn(object, kind))

/** Returns workloads of a kind, whose count is applied to their /scale. */
const workloads = (type: ResourceType, more: object = {}): TargetKind => ({
  type,
  hook: name => ({ driver: 'scale', member: { target: { apiVersion: apiVersionOf(type), kind: type.kind, name } } }),
  spec: (name, count = 0) => ({ ...deployment(name, count).spec, ...more }),
  pointer: '/spec/replicas',
  absent: undefined,
  hasMost: false,
  owners: ({ metadata: { managedFields = [] } }) =>
    managedFields
      .filter(entry => at(entry, 'fieldsV1', 'f:spec', 'f:replicas') !== undefined)
      .map(entry => stringAt(entry, 'manager') ?? ''),
  outside: ['merge to /scale', 'apply to /scale'],
})

const statefulSets: ResourceType = { group: 'apps', version: 'v1', resource: 'statefulsets', kind: 'StatefulSet' }

/** Those that have a /scale, though it takes no apply. */
const scaled: readonly ResourceType[] = [rollouts, machineDeployments, machineSets, machinePools]

/** The greatest counts that autoscalers have, where these are. */
const maxMembers = new Map([
  [autoscalers, 'maxReplicas'],
  [scaledObjects, 'maxReplicaCount'],
])

/** Returns a kind whose count is written on the object itself. */
const onObject = ({ absent, hook, pointer, spec, type }: CountedKind): TargetKind => {
  const most = maxMembers.get(type)
  const isInList = pointer.includes('/1/')
  return {
    type,
    hook,
    spec: (_name, count, bound) => ({ ...spec(count), ...(most !== undefined && { [most]: bound }) }),
    pointer,
    absent,
    ...(type === autoscalers && { least: 1 }),
    hasMost: most !== undefined,
    owners: ({ metadata: { annotations = {} } }) => {
      const mark = annotations['receiverhooks.dev/step']
      return mark === undefined ? [] : [mark]
    },
    outside: [
      'patch',
      ...(isInList ? [] : ['apply' as const]),
      ...(scaled.includes(type) ? ['merge to /scale' as const] : []),
    ],
  }
}

export const workload = workloads(deployments)

/** Every kind that a hook can count. */
export const targetKinds: readonly TargetKind[] = [
  workload,
  workloads(statefulSets, { serviceName: 'web' }),
  ...countedKinds.filter(({ isSecond }) => isSecond !== true).map(onObject),
]

/** Returns the rights that their hooks need. */
export const rightsToAll = (): readonly Right[] => [
  ...new Map(
    [...rightsOfBase(), ...countedKinds.flatMap(({ rights }) => rights()), ...rightsToDefinitions()].map(right => [
      JSON.stringify(right),
      right,
    ]),
  ).values(),
]
