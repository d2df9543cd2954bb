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
  const [group, version, resource = ''] = [type.group, type.version, type.resource].map(encodeURIComponent)
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
  return namespace === undefined
    ? `${root}/${resource}`
    : `${root}/namespaces/${encodeURIComponent(namespace)}/${resource}`
}

/** The path of one object, or of one of its subresources. */
export const objectPath = (type: ResourceType, namespace: string, name: string, subresource?: string): string =>
  `${collectionPath(type, namespace)}/${encodeURIComponent(name)}${subresource === undefined ? '' : `/${subresource}`}`

/** The value of `apiVersion` in objects of a type. */
export const apiVersionOf = (type: ResourceType): string =>
  type.group === '' ? type.version : `${type.group}/${type.version}`
