import type { JsonObject } from '../src/api/json.ts'
import type { ResourceDefinition } from './definition.ts'

/**
 * Returns the path of the OpenAPI document of a group version. Only the part of OpenAPI v3 that
 * kubectl reads is served: whether PATCH supports `fieldValidation`, and the schemas of custom
 * resources for `kubectl explain`.
 */

const pathOf = ({ group, version }: { readonly group: string; readonly version: string }): string =>
  group === '' ? `api/${version}` : `apis/${group}/${version}`

/** Returns the index of all group versions' documents. */
export const openApiIndex = (definitions: readonly ResourceDefinition[]): JsonObject => ({
  paths: Object.fromEntries(
    definitions.map(definition => [pathOf(definition), { serverRelativeURL: `/openapi/v3/${pathOf(definition)}` }]),
  ),
})

export const openApiDocument = (definitions: readonly ResourceDefinition[], path: string): JsonObject | undefined => {
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
