/** The place of a kind in the API. `group` is empty for the core group. */
export interface ResourceType {
  readonly group: string
  readonly version: string
  /** The name of the resource, plural and in lower case, such as `deployments`. */
  readonly resource: string
  readonly kind: string
}

export const collectionPath = (type: ResourceType, namespace?: string): string => {
  const [group, version, resource = ''] = [type.group, type.version, type.resource].map(encodeURIComponent)
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
  return namespace === undefined
    ? `${root}/${resource}`
    : `${root}/namespaces/${encodeURIComponent(namespace)}/${resource}`
}

export const objectPath = (type: ResourceType, namespace: string, name: string, subresource?: string): string =>
  `${collectionPath(type, namespace)}/${encodeURIComponent(name)}${subresource === undefined ? '' : `/${subresource}`}`

/** Returns the `apiVersion` of a type's objects. */
export const apiVersionOf = (type: ResourceType): string =>
  type.group === '' ? type.version : `${type.group}/${type.version}`

/** The resources of Kubernetes itself, by their groups, whose objects the product reads in version 1. */
const ofKubernetes: ReadonlyMap<string, readonly string[]> = new Map([
  ['', ['configmaps', 'replicationcontrollers', 'secrets', 'serviceaccounts', 'services']],
  ['apps', ['daemonsets', 'deployments', 'replicasets', 'statefulsets']],
  ['batch', ['cronjobs', 'jobs']],
])

/** Returns whether each API server serves a type. */
export const isServedAlways = ({ group, resource, version }: ResourceType): boolean =>
  version === 'v1' && ofKubernetes.get(group)?.includes(resource) === true
