import { group, hookKind, hookPlural, apiVersionName, requestKind, requestPlural } from '../api/names.ts'
import { recordKind, recordPlural } from '../api/record.ts'
import type { ResourceType } from './paths.ts'

/** The types that the product itself reads and writes. */
export const hooks: ResourceType = { group, version: apiVersionName, resource: hookPlural, kind: hookKind }
export const records: ResourceType = { group, version: apiVersionName, resource: recordPlural, kind: recordKind }
export const requests: ResourceType = {
  group,
  version: apiVersionName,
  resource: requestPlural,
  kind: requestKind,
}
export const secrets: ResourceType = { group: '', version: 'v1', resource: 'secrets', kind: 'Secret' }
export const configMaps: ResourceType = { group: '', version: 'v1', resource: 'configmaps', kind: 'ConfigMap' }
export const serviceAccounts: ResourceType = {
  group: '',
  version: 'v1',
  resource: 'serviceaccounts',
  kind: 'ServiceAccount',
}
export const events: ResourceType = { group: 'events.k8s.io', version: 'v1', resource: 'events', kind: 'Event' }
export const leases: ResourceType = { group: 'coordination.k8s.io', version: 'v1', resource: 'leases', kind: 'Lease' }
export const autoscalers: ResourceType = {
  group: 'autoscaling',
  version: 'v2',
  resource: 'horizontalpodautoscalers',
  kind: 'HorizontalPodAutoscaler',
}
export const scaledObjects: ResourceType = {
  group: 'keda.sh',
  version: 'v1alpha1',
  resource: 'scaledobjects',
  kind: 'ScaledObject',
}

/** The kinds whose /scale takes a server-side apply. A claim may name an object of these kinds, and of no other. */
export const scalableKinds: readonly ResourceType[] = [
  { group: 'apps', version: 'v1', resource: 'deployments', kind: 'Deployment' },
  { group: 'apps', version: 'v1', resource: 'statefulsets', kind: 'StatefulSet' },
  { group: 'apps', version: 'v1', resource: 'replicasets', kind: 'ReplicaSet' },
  { group: '', version: 'v1', resource: 'replicationcontrollers', kind: 'ReplicationController' },
]
