import type { ResourceType } from './paths.ts'

/** The kinds whose /scale takes a server-side apply. A claim may name an object of these kinds, and of no other. */
export const scalableKinds: readonly ResourceType[] = [
  { group: 'apps', version: 'v1', resource: 'deployments', kind: 'Deployment' },
  { group: 'apps', version: 'v1', resource: 'statefulsets', kind: 'StatefulSet' },
  { group: 'apps', version: 'v1', resource: 'replicasets', kind: 'ReplicaSet' },
  { group: '', version: 'v1', resource: 'replicationcontrollers', kind: 'ReplicationController' },
]
