import type { ServedResources } from './served-resources.ts'
import type { ResourceDefinition } from './definition.ts'

/** What a path addresses. */
export type Route =
  | { readonly to: 'collection'; readonly definition: ResourceDefinition; readonly namespace: string | undefined }
  | {
      readonly to: 'object'
      readonly definition: ResourceDefinition
      readonly namespace: string | undefined
      readonly name: string
      readonly subresource: string | undefined
    }
  /** A path that names no resource, below a built-in group. */
  | { readonly to: 'nothing' }
  /** A path that names no resource, below another group. The real server does not know it either. */
  | { readonly to: 'nowhere' }
  /** Any other path, such as that of discovery or of a health check. */
  | { readonly to: 'document'; readonly path: string }

/** Parses a percent-encoded path. */
export const routeOf = (definitions: ServedResources, path: string): Route => {
  const [root, ...segments] = path
    .split('/')
    .filter(segment => segment !== '')
    .map(decoded)
  const isCore = root === 'api'
  if (!isCore && root !== 'apis') return { to: 'document', path }
  const [group = '', version = '', ...rest] = isCore ? ['', ...segments] : segments
  if (rest.length === 0) return { to: 'document', path }
  const find = (resource: string): ResourceDefinition | undefined => definitions.find(group, version, resource)

  const [first = '', namespace = '', resource = '', name, subresource, ...more] = rest
  const namespaced = first === 'namespaces' && resource !== '' ? find(resource) : undefined
  if (namespaced?.namespaced && more.length === 0) return at(namespaced, namespace, name, subresource)
  const definition = find(first)
  const [, ownName, ownSubresource, ...beyond] = rest
  const isReachable = definition && beyond.length === 0 && (!definition.namespaced || ownName === undefined)
  if (isReachable) return at(definition, undefined, ownName, ownSubresource)
  return { to: definitions.hasByItself(group) ? 'nothing' : 'nowhere' }
}

const at = (
  definition: ResourceDefinition,
  namespace: string | undefined,
  name: string | undefined,
  subresource: string | undefined,
): Route =>
  name === undefined
    ? { to: 'collection', definition, namespace }
    : { to: 'object', definition, namespace, name, subresource }

const decoded = (segment: string): string => {
  if (!segment.includes('%')) return segment
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
