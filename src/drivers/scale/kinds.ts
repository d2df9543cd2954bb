import { apiVersionOf, type ResourceType } from '../../kube/paths.ts'

/** The kinds that this driver scales: those whose /scale takes a server-side apply. */
export const scalableKinds: readonly ResourceType[] = [
  { group: 'apps', version: 'v1', resource: 'deployments', kind: 'Deployment' },
  { group: 'apps', version: 'v1', resource: 'statefulsets', kind: 'StatefulSet' },
  { group: 'apps', version: 'v1', resource: 'replicasets', kind: 'ReplicaSet' },
  { group: '', version: 'v1', resource: 'replicationcontrollers', kind: 'ReplicationController' },
]

export const scalableKind = (apiVersion: string, kind: string): ResourceType | undefined =>
  scalableKinds.find(type => type.kind === kind && apiVersionOf(type) === apiVersion)

/** For messages: `apps/v1 Deployment, …`. */
export const scalableKindsInWords = scalableKinds.map(type => `${apiVersionOf(type)} ${type.kind}`).join(', ')
