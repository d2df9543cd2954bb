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
  const root = type.group === '' ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`
  return namespace === undefined
    ? `${root}/${type.resource}`
    : `${root}/namespaces/${encodeURIComponent(namespace)}/${type.resource}`
}

/** The path of one object, or of one of its subresources. */
export const objectPath = (type: ResourceType, namespace: string, name: string, subresource?: string): string =>
  `${collectionPath(type, namespace)}/${encodeURIComponent(name)}${subresource === undefined ? '' : `/${subresource}`}`

/** The value of `apiVersion` in objects of a type. */
export const apiVersionOf = (type: ResourceType): string =>
  type.group === '' ? type.version : `${type.group}/${type.version}`
