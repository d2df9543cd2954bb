import { at, listAt } from '../../api/json.ts'
import type { StoredObject } from '../../api/object.ts'
import type { ResourceType } from '../../kube/paths.ts'
import type { TargetKind } from '../driver.ts'
import type { WorkloadKind } from './schema.ts'

/** A kind of workload with the place of its pod template. */
export interface Workloads {
  readonly type: ResourceType & { readonly kind: WorkloadKind }
  /** The path to the template. */
  readonly template: readonly string[]
  /** True if a changed template starts new pods by itself. */
  readonly rollsOut: boolean
  /** The paths of the wanted and the ready count in a workload, for display. */
  readonly counts?: { readonly wanted: readonly string[]; readonly ready: readonly string[] }
}

const inSpec = ['spec', 'template']

/** The kinds with a pod template. */
export const workloadKinds: readonly Workloads[] = [
  {
    type: { group: 'apps', version: 'v1', resource: 'deployments', kind: 'Deployment' },
    template: inSpec,
    rollsOut: true,
    counts: { wanted: ['spec', 'replicas'], ready: ['status', 'readyReplicas'] },
  },
  {
    type: { group: 'apps', version: 'v1', resource: 'statefulsets', kind: 'StatefulSet' },
    template: inSpec,
    rollsOut: true,
    counts: { wanted: ['spec', 'replicas'], ready: ['status', 'readyReplicas'] },
  },
  {
    type: { group: 'apps', version: 'v1', resource: 'daemonsets', kind: 'DaemonSet' },
    template: inSpec,
    rollsOut: true,
    counts: { wanted: ['status', 'desiredNumberScheduled'], ready: ['status', 'numberReady'] },
  },
  {
    type: { group: 'batch', version: 'v1', resource: 'cronjobs', kind: 'CronJob' },
    template: ['spec', 'jobTemplate', 'spec', 'template'],
    rollsOut: false,
  },
]

export const workloadKind = (kind: WorkloadKind): Workloads | undefined =>
  workloadKinds.find(({ type }) => type.kind === kind)

const count = (object: unknown, path: readonly string[]): number => Number(at(object, ...path) ?? 0)

/** The kinds in {@link workloadKinds}, for display. */
export const workloadTargets: readonly TargetKind[] = workloadKinds.map(({ counts, type }) => ({
  type,
  ...(counts && {
    replicas: object => ({ wanted: count(object, counts.wanted), ready: count(object, counts.ready) }),
  }),
}))

export interface Container {
  readonly name: string
  readonly image: string
  /** The stored value. The API server sets a default if a manifest has none. */
  readonly imagePullPolicy: string | undefined
  /** The JSON Pointer to the container in its workload (RFC 6901). */
  readonly pointer: string
}

/** The members of a pod's spec with containers whose images are changed. */
export const containerLists = ['containers', 'initContainers'] as const

/** Returns the containers of a workload, init containers last. */
export const containersIn = (object: StoredObject, { template }: Workloads): readonly Container[] =>
  containerLists.flatMap(member =>
    listAt(object, ...template, 'spec', member).flatMap((container, index): Container[] => {
      const [name, image, policy] = ['name', 'image', 'imagePullPolicy'].map(field => at(container, field))
      if (typeof name !== 'string' || typeof image !== 'string') return []
      const pointer = `/${[...template, 'spec', member].join('/')}/${index}`
      return [{ name, image, imagePullPolicy: typeof policy === 'string' ? policy : undefined, pointer }]
    }),
  )
