import { at, isObject, listAt, stringAt, type JsonObject } from '../src/api/json.ts'
import { isStoredObject, type StoredObject } from '../src/api/object.ts'
import { rfc3339 } from '../src/environment/time.ts'
import { namespaceExists, newSuffix, newUid, placeOf, type Addressed, type ServerState } from './state.ts'
import type { Admitted, ResourceDefinition } from './definition.ts'
import { equal, stringsAt, withMember, without } from './members.ts'
import { ownedAfterUpdate, type Writer } from './ownership.ts'
import { afterRemoval } from './remove.ts'
import {
  alreadyExists,
  badRequest,
  internalError,
  invalid,
  invalidValue,
  notFound,
  requiredValue,
  staleVersion,
  type Cause,
  type StatusError,
} from './status.ts'

/** A write of one object and its options. */
export interface Write extends Addressed {
  readonly subresource: 'status' | 'scale' | undefined
  readonly manager: string
  readonly isPatch: boolean
  readonly dryRun: boolean
  readonly fieldValidation: 'Strict' | 'Warn' | 'Ignore'
}

export interface WriteResult {
  readonly object: StoredObject
  readonly created: boolean
  readonly warnings: readonly string[]
}

export const currentOf = (state: ServerState, write: Addressed): StoredObject => {
  const current = state.store.get(placeOf(write))
  if (!current) throw notFound(write.definition, write.name)
  return current
}

/**
 * Returns the writer of a request. As on the real server, a write to
 * /scale has no time.
 */
export const writerOf = (state: ServerState, write: Write, operation: Writer['operation']): Writer => ({
  manager: write.manager,
  operation,
  subresource: write.subresource,
  time: write.subresource === 'scale' ? undefined : rfc3339(state.clock.now()),
})

/**
 * Creates an object. `sent` is in the stored form. `writer` owns all its fields; it is undefined after an apply, where
 * `sent` has its owners. Throws a StatusError.
 */
export const createObject = (state: ServerState, write: Write, sent: JsonObject, writer?: Writer): WriteResult => {
  const { definition, namespace } = write
  if (namespace !== undefined && !namespaceExists(state, namespace)) {
    throw notFound({ group: '', version: 'v1', resource: 'namespaces', kind: 'Namespace' }, namespace)
  }
  const unowned = writer ? withMember(sent, managedFields, undefined) : sent
  const named = withMetadata(state, write, unowned)
  const admitted = admit(write, withFirstStatus(definition, named), undefined)
  const object = writer ? ownedAfterUpdate(definition, undefined, admitted.object, writer) : admitted.object
  const { name } = asStored(object).metadata
  const place = placeOf({ ...write, name })
  if (state.store.get(place)) throw alreadyExists(definition, name)
  const stored = write.dryRun ? asStored(object) : state.store.put(place, asStored(object))
  if (!write.dryRun) serveIfDefinition(state, definition, stored)
  return { object: stored, created: true, warnings: admitted.warnings }
}

const withMetadata = (state: ServerState, { definition, namespace }: Write, sent: JsonObject): JsonObject => {
  const metadata = isObject(sent['metadata']) ? sent['metadata'] : {}
  const generateName = stringAt(metadata, 'generateName') ?? ''
  const given = stringAt(metadata, 'name') ?? ''
  if ((stringAt(metadata, 'resourceVersion') ?? '') !== '') {
    throw badRequest('resourceVersion should not be set on objects to be created')
  }
  const name = given !== '' || generateName === '' ? given : generateName + newSuffix(state.random)
  return {
    ...sent,
    metadata: {
      ...without(without(metadata, 'deletionTimestamp'), 'selfLink'),
      name,
      ...(namespace === undefined ? {} : { namespace }),
      uid: newUid(state.random),
      resourceVersion: '',
      creationTimestamp: rfc3339(state.clock.now()),
      ...(definition.generation ? { generation: 1 } : {}),
    },
  }
}

/**
 * Removes or empties the status of a new object if the type has a status subresource, because only
 * a write to `/status` sets it.
 */
const withFirstStatus = (definition: ResourceDefinition, object: JsonObject): JsonObject => {
  if (!definition.subresources.includes('status')) return object
  return definition.custom ? without(object, 'status') : { ...object, status: {} }
}

/**
 * Replaces `current` by `next`, if they differ. A request writes only one half: the status, or
 * everything else. The members that the server sets stay, and the generation is counted.
 * An object that is being deleted is removed with its last finalizer. `writer` owns what changes; it is undefined
 * after an apply, where `next` has its owners. Throws a StatusError.
 */
export const update = (
  state: ServerState,
  write: Write,
  current: StoredObject,
  next: JsonObject,
  writer?: Writer,
): WriteResult => {
  const { definition, name } = write
  checkVersion(write, current, next)
  const merged = withKeptMetadata(current, half(write, current, next))
  // A client may also write the owners themselves, which is how kubectl turns them into appliers.
  const hasOwners = writer === undefined || listAt(merged, 'metadata', 'managedFields').length > 0
  const owned = hasOwners ? merged : withMember(merged, managedFields, at(current, ...managedFields))
  const admitted = admit(write, owned, current)
  const counted = withGeneration(definition, current, admitted.object)
  const object = asStored(writer ? ownedAfterUpdate(definition, current, counted, writer) : counted)
  const { warnings } = admitted
  if (write.dryRun || equal(object, current)) return { object, created: false, warnings }
  if (current.metadata.deletionTimestamp !== undefined && stringsAt(object, 'metadata', 'finalizers').length === 0) {
    const last = state.store.remove(placeOf(write))
    if (!last) throw notFound(definition, name)
    afterRemoval(state, definition, last)
    return { object: last, created: false, warnings }
  }
  const stored = state.store.put(placeOf(write), object)
  serveIfDefinition(state, definition, stored)
  return { object: stored, created: false, warnings }
}

const checkVersion = ({ definition, name }: Write, current: StoredObject, next: JsonObject): void => {
  const uid = stringAt(next, 'metadata', 'uid') ?? ''
  if (uid !== '' && uid !== current.metadata.uid) {
    throw invalid(definition, name, [invalidValue('metadata.uid', uid, 'field is immutable')])
  }
  const version = stringAt(next, 'metadata', 'resourceVersion') ?? ''
  if (version !== '' && version !== '0' && version !== current.metadata.resourceVersion)
    throw staleVersion(definition, name)
}

/** Returns the half of `next` that the request may write, with the other half of `current`. */
const half = (write: Write, current: StoredObject, next: JsonObject): JsonObject => {
  if (write.subresource === 'status') return withMember(current, ['status'], next['status'])
  if (!write.definition.subresources.includes('status')) return next
  return withMember(next, ['status'], current['status'])
}

const kept = [
  'name',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
] as const

const managedFields = ['metadata', 'managedFields']

const withKeptMetadata = (current: StoredObject, next: JsonObject): JsonObject =>
  kept.reduce((object, member) => withMember(object, ['metadata', member], at(current, 'metadata', member)), next)

const withGeneration = (definition: ResourceDefinition, current: StoredObject, next: JsonObject): JsonObject => {
  if (!definition.generation) return next
  const specification = (object: JsonObject): JsonObject => without(without(object, 'metadata'), 'status')
  if (equal(specification(current), specification(next))) return next
  return withMember(next, ['metadata', 'generation'], (current.metadata.generation ?? 0) + 1)
}

const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const subdomainText =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"

const nameCauses = (name: string): Cause[] => {
  if (name === '') return [requiredValue('metadata.name', 'name or generateName is required')]
  if (name.length > 253) return [invalidValue('metadata.name', name, 'must be no more than 253 bytes')]
  return subdomain.test(name) ? [] : [invalidValue('metadata.name', name, subdomainText)]
}

/**
 * Applies defaults, pruning and validation. Throws a StatusError: 400 for unknown fields if
 * `fieldValidation` is Strict, 422 for an invalid object.
 */
const admit = (write: Write, object: JsonObject, old: StoredObject | undefined): Admitted & { warnings: string[] } => {
  const { definition } = write
  const admitted = definition.admit(object, old)
  const unknown = admitted.unknownFields.map(field => `unknown field "${field}"`)
  if (unknown.length > 0 && write.fieldValidation === 'Strict') {
    throw unknownFields(write, object, `strict decoding error: ${unknown.join(', ')}`)
  }
  const name = stringAt(object, 'metadata', 'name') ?? ''
  const causes = [...(old ? [] : nameCauses(name)), ...admitted.causes]
  if (causes.length > 0) throw invalid(definition, name, causes)
  return { ...admitted, warnings: write.fieldValidation === 'Warn' ? unknown : [] }
}

const unknownFields = ({ definition, isPatch }: Write, object: JsonObject, what: string): StatusError => {
  if (isPatch) return invalid({ group: '', kind: '' }, '', [invalidValue('patch', JSON.stringify(object), what)])
  const { kind, version } = definition
  return badRequest(`${kind} in version "${version}" cannot be handled as a ${kind}: ${what}`)
}

const serveIfDefinition = (state: ServerState, definition: ResourceDefinition, stored: StoredObject): void => {
  if (definition.kind === 'CustomResourceDefinition') state.definitions.serve(stored.metadata.name, stored)
}

const asStored = (object: JsonObject): StoredObject => {
  if (isStoredObject(object)) return object
  throw internalError(`an object lost its metadata: ${JSON.stringify(listAt(object, 'metadata'))}`)
}
