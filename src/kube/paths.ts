import { onceFor } from '../environment/once-for.ts'

/** Where a kind of object lives in the API: `group` is empty for the core group. */
export interface ResourceType {
  readonly group: string
  readonly version: string
  /** Plural, lower case: `deployments`. */
  readonly resource: string
  readonly kind: string
}

/** The path of all objects of a type: in one namespace, or everywhere when it is undefined. */
export const collectionPath = (type: ResourceType, namespace?: string): string => {
  const { resource, root } = placeOf(type)
  return namespace === undefined
    ? `${root}/${resource}`
    : `${root}/namespaces/${encodeURIComponent(namespace)}/${resource}`
}

interface Place {
  readonly root: string
  readonly resource: string
}

/** What of a path its type decides. There are few types, and each post asks twice. */
const placeOf = onceFor((type: ResourceType): Place => {
  const [group, version, resource = ''] = [type.group, type.version, type.resource].map(encodeURIComponent)
  return { root: group === '' ? `/api/${version}` : `/apis/${group}/${version}`, resource }
})

/** The path of one object, or of one of its subresources. */
export const objectPath = (type: ResourceType, namespace: string, name: string, subresource?: string): string =>
  `${collectionPath(type, namespace)}/${encodeURIComponent(name)}${subresource === undefined ? '' : `/${subresource}`}`

/** The value of `apiVersion` in objects of a type. */
export const apiVersionOf = (type: ResourceType): string =>
  type.group === '' ? type.version : `${type.group}/${type.version}`
