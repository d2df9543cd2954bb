import type { JsonObject } from '../src/api/json.ts'
import type { StoredObject } from '../src/api/object.ts'
import { viewOf } from './state.ts'
import type { ResourceDefinition } from './definition.ts'
import { notAcceptable } from './status.ts'

/** The form of objects in an answer: whole, as table rows, or only their metadata. */
export type Representation = 'object' | 'table' | 'metadata' | 'metadata list'

/** Returns the first supported form in an Accept header, or whole objects. */
export const representationIn = (accept: string): Representation => {
  for (const type of accept.split(',')) {
    const parameters = type.split(';').map(parameter => parameter.trim())
    if (parameters[0] !== 'application/json' && parameters[0] !== '*/*') continue
    if (parameters.includes('as=Table')) return 'table'
    if (parameters.includes('as=PartialObjectMetadata')) return 'metadata'
    if (parameters.includes('as=PartialObjectMetadataList')) return 'metadata list'
    return 'object'
  }
  return 'object'
}

/** Returns an object in the form `as`. `now` is in milliseconds since the epoch. */
export const represent = (
  as: Representation,
  definition: ResourceDefinition,
  object: StoredObject,
  now: number,
): JsonObject => {
  const version = { resourceVersion: object.metadata.resourceVersion }
  if (as === 'table') return tableOf(definition, [object], version, now)
  return as === 'object' ? viewOf(definition, object) : partial(object)
}

/** Returns a list in the form `as`. `metadata` is the metadata of the list. */
export const representList = (
  as: Representation,
  definition: ResourceDefinition,
  objects: readonly StoredObject[],
  metadata: JsonObject,
  now: number,
): JsonObject => {
  if (as === 'table') return tableOf(definition, objects, metadata, now)
  if (as === 'metadata') throw notAcceptable()
  if (as === 'metadata list') {
    // As the API server of Kubernetes does.
    const items = objects.length === 0 ? null : objects.map(partial)
    return { kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1', metadata, items }
  }
  const { group, version, listKind } = definition
  const apiVersion = group === '' ? version : `${group}/${version}`
  return { kind: listKind, apiVersion, metadata, items: objects.map(object => viewOf(definition, object)) }
}

const partial = (object: StoredObject): JsonObject => ({
  kind: 'PartialObjectMetadata',
  apiVersion: 'meta.k8s.io/v1',
  metadata: object.metadata,
})

/** Returns the table that `kubectl get` prints. */
const tableOf = (
  { columns }: ResourceDefinition,
  objects: readonly StoredObject[],
  metadata: JsonObject,
  now: number,
): JsonObject => ({
  kind: 'Table',
  apiVersion: 'meta.k8s.io/v1',
  metadata,
  columnDefinitions: columns.map(({ name, type, format = '', priority = 0, description = '' }) => ({
    name,
    type,
    format,
    description,
    priority,
  })),
  rows: objects.map(object => ({
    cells: columns.map(column => column.cell(object, now) ?? null),
    object: partial(object),
  })),
})
