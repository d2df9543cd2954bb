import type { JsonObject } from '../src/api/json.ts'
import { apiVersionOf } from '../src/kube/paths.ts'
import type { ResourceDefinition } from './definition.ts'
import { openApiDocument, openApiIndex } from './openapi.ts'
import { scaleType } from './scale.ts'

const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']
const subresourceVerbs = ['get', 'patch', 'update']

const version = {
  major: '1',
  minor: '36',
  gitVersion: 'v1.37.0+in-memory',
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: '',
  compiler: '',
  platform: 'memory/any',
}

/**
 * Returns a discovery document, or a text for the path of a health check. Undefined if the path is
 * unknown.
 */
export const document = (definitions: readonly ResourceDefinition[], path: string): JsonObject | string | undefined => {
  const [root = '', ...rest] = path.split('/').filter(segment => segment !== '')
  switch (root) {
    case 'healthz':
    case 'livez':
    case 'readyz':
      return 'ok'
    case 'version':
      return version
    case 'api':
      return rest.length === 0 ? { kind: 'APIVersions', versions: ['v1'] } : resourceList(definitions, '', rest[0])
    case 'apis':
      if (rest.length === 0) return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups(definitions) }
      if (rest.length === 1) return groupNamed(definitions, rest[0])
      return resourceList(definitions, rest[0], rest[1])
    case 'openapi':
      // kubectl checks a List against this protobuf document. Empty bytes are an empty message: no
      // schema, so no check.
      if (rest[0] === 'v2') return ''
      if (rest[0] !== 'v3') return undefined
      return rest.length === 1 ? openApiIndex(definitions) : openApiDocument(definitions, rest.slice(1).join('/'))
    default:
      return undefined
  }
}

const groups = (definitions: readonly ResourceDefinition[]): JsonObject[] =>
  [...new Set(definitions.map(({ group }) => group))]
    .filter(group => group !== '')
    .map(name => {
      const served = definitions.filter(({ group }) => group === name).map(definition => definition.version)
      const versions = [...new Set(served)].map(each => ({ groupVersion: `${name}/${each}`, version: each }))
      return { name, versions, preferredVersion: versions[0] }
    })

const groupNamed = (definitions: readonly ResourceDefinition[], name: string | undefined): JsonObject | undefined => {
  const group = groups(definitions).find(candidate => candidate['name'] === name)
  return group && { kind: 'APIGroup', apiVersion: 'v1', ...group }
}

const resourceList = (
  definitions: readonly ResourceDefinition[],
  group: string | undefined,
  version: string | undefined,
): JsonObject | undefined => {
  const served = definitions.filter(definition => definition.group === group && definition.version === version)
  const [first] = served
  if (!first) return undefined
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: apiVersionOf(first),
    resources: served.flatMap(resources),
  }
}

const resources = (definition: ResourceDefinition): JsonObject[] => {
  const { resource, singular, namespaced, kind, shortNames, categories, subresources } = definition
  return [
    {
      name: resource,
      singularName: singular,
      namespaced,
      kind,
      verbs,
      ...(shortNames.length === 0 ? {} : { shortNames }),
      ...(categories.length === 0 ? {} : { categories }),
    },
    ...subresources.map(subresource => ({
      name: `${resource}/${subresource}`,
      singularName: '',
      namespaced,
      ...(subresource === 'scale' ? scaleType : { kind }),
      verbs: subresourceVerbs,
    })),
  ]
}
