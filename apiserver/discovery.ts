import type { JsonObject } from '../src/api/json.ts'
import { apiVersionOf } from '../src/kube/paths.ts'
import type { ResourceDefinition } from './definition.ts'
import { scaleType } from './scale.ts'

/**
 * Returns the path of the OpenAPI document of a group version. Only the part of OpenAPI v3 that
 * kubectl reads is served: whether PATCH supports `fieldValidation`, and the schemas of custom
 * resources for `kubectl explain`.
 */

const pathOf = ({ group, version }: { readonly group: string; readonly version: string }): string =>
  group === '' ? `api/${version}` : `apis/${group}/${version}`

/** Returns the index of all group versions' documents. */
const openApiIndex = (definitions: readonly ResourceDefinition[]): JsonObject => ({
  paths: Object.fromEntries(
    definitions.map(definition => [pathOf(definition), { serverRelativeURL: `/openapi/v3/${pathOf(definition)}` }]),
  ),
})

const openApiDocument = (definitions: readonly ResourceDefinition[], path: string): JsonObject | undefined => {
  const served = definitions.filter(definition => pathOf(definition) === path)
  if (served.length === 0) return undefined
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'v1.37.0' },
    paths: Object.fromEntries(served.map(definition => [`/${path}/${itemPath(definition)}`, item(definition)])),
    components: { schemas: Object.fromEntries(served.map(schema)) },
  }
}

const itemPath = ({ namespaced, resource }: ResourceDefinition): string =>
  namespaced ? `namespaces/{namespace}/${resource}/{name}` : `${resource}/{name}`

const fieldValidation = { name: 'fieldValidation', in: 'query', schema: { type: 'string', uniqueItems: true } }

const item = (definition: ResourceDefinition): JsonObject => {
  const type = groupVersionKind(definition)
  const content = { 'application/json': { schema: { $ref: `#/components/schemas/${schemaName(definition)}` } } }
  return {
    get: {
      responses: { '200': { description: 'OK', content } },
      'x-kubernetes-action': 'get',
      'x-kubernetes-group-version-kind': type,
    },
    patch: {
      parameters: [{ name: 'dryRun', in: 'query', schema: { type: 'string', uniqueItems: true } }, fieldValidation],
      responses: { '200': { description: 'OK', content } },
      'x-kubernetes-action': 'patch',
      'x-kubernetes-group-version-kind': type,
    },
  }
}

const groupVersionKind = ({ group, version, kind }: ResourceDefinition): JsonObject => ({ group, version, kind })

const schemaName = ({ group, version, kind }: ResourceDefinition): string =>
  [...group.split('.').toReversed(), version, kind].filter(part => part !== '').join('.')

const schema = (definition: ResourceDefinition): [string, JsonObject] => [
  schemaName(definition),
  {
    type: 'object',
    ...definition.openApi,
    'x-kubernetes-group-version-kind': [groupVersionKind(definition)],
  },
]

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
