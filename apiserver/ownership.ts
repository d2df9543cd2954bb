import { at, isObject, stringAt, type JsonObject } from '../src/api/json.ts'
import { apiVersionOf } from '../src/kube/paths.ts'
import type { ResourceDefinition } from './definition.ts'
import { equal, listAt, withMember, without } from './members.ts'
import { StatusError, type Cause } from './status.ts'

/**
 * An owner of an object's count. Of the fields in metadata.managedFields, this server tracks only
 * the count, because steps are proved by the owners of the count.
 */
export interface Owner {
  readonly manager: string
  readonly operation: 'Apply' | 'Update'
  readonly subresource: string | undefined
  /**
   * When the owner wrote, in the form of RFC 3339. Undefined for a write to /scale, as on the real
   * server.
   */
  readonly time: string | undefined
}

const entryOf = (definition: ResourceDefinition, path: readonly string[], owner: Owner): JsonObject => ({
  manager: owner.manager,
  operation: owner.operation,
  apiVersion: apiVersionOf(definition),
  ...(owner.time === undefined ? {} : { time: owner.time }),
  fieldsType: 'FieldsV1',
  fieldsV1: path.reduceRight<JsonObject>((inner, name) => ({ [`f:${name}`]: inner }), {}),
  ...(owner.subresource === undefined ? {} : { subresource: owner.subresource }),
})

/** Returns the owners of an object's count, read from its managedFields. */
export const ownersOf = (object: JsonObject): Owner[] =>
  listAt(object, 'metadata', 'managedFields').map(entry => ({
    manager: stringAt(entry, 'manager') ?? '',
    operation: at(entry, 'operation') === 'Apply' ? 'Apply' : 'Update',
    subresource: stringAt(entry, 'subresource'),
    time: stringAt(entry, 'time'),
  }))

/** Returns the object with these owners of its count. */
export const withOwners = (
  definition: ResourceDefinition,
  object: JsonObject,
  owners: readonly Owner[],
): JsonObject => {
  const path = definition.scale?.specReplicas
  const entries = path ? owners.map(owner => entryOf(definition, path, owner)) : []
  if (entries.length > 0) return withMember(object, ['metadata', 'managedFields'], entries)
  return isObject(object['metadata']) ? { ...object, metadata: without(object['metadata'], 'managedFields') } : object
}

const same = (a: Owner, b: Owner): boolean =>
  a.manager === b.manager && a.operation === b.operation && a.subresource === b.subresource

/**
 * Returns the owners after a write that is no server-side apply. A changed count has one owner. An
 * unchanged count keeps its owners.
 */
export const ownersAfterUpdate = (owners: readonly Owner[], writer: Owner, changed: boolean): readonly Owner[] =>
  changed ? [writer] : owners

/** Returns the owners after an apply. Managers that apply the current count own it together. */
export const ownersAfterApply = (owners: readonly Owner[], writer: Owner, changed: boolean): readonly Owner[] => {
  if (changed) return [writer]
  return owners.some(owner => same(owner, writer)) ? owners : byOperation([...owners, writer])
}

/** Returns the owners without `writer`, because the object that it applied last has no count. */
export const ownersWithout = (owners: readonly Owner[], writer: Owner): readonly Owner[] =>
  owners.filter(owner => !same(owner, writer))

const byOperation = (owners: readonly Owner[]): Owner[] => [
  ...owners.filter(owner => owner.operation === 'Apply'),
  ...owners.filter(owner => owner.operation === 'Update'),
]

/** Throws a StatusError (409) if others own the count that `writer` changes without force. */
export const refuseForeign = (definition: ResourceDefinition, owners: readonly Owner[], writer: Owner): void => {
  const field = `.${(definition.scale?.specReplicas ?? []).join('.')}`
  const others = owners.filter(owner => !same(owner, writer)).map(owner => described(definition, owner))
  const [first, second] = others
  if (first === undefined) return
  const message =
    second === undefined
      ? `Apply failed with 1 conflict: conflict with ${first}: ${field}`
      : `Apply failed with ${others.length} conflicts: ${others.map(other => `conflicts with ${other}:\n- ${field}`).join('\n')}`
  const causes = others.map((other): Cause => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${other}`,
    field,
  }))
  throw new StatusError(409, 'Conflict', message, { causes })
}

const described = (definition: ResourceDefinition, owner: Owner): string => {
  const where = owner.subresource === undefined ? '' : ` with subresource "${owner.subresource}"`
  if (owner.operation === 'Apply') return `"${owner.manager}"${where}`
  const when = owner.time === undefined ? '' : ` at ${owner.time}`
  return `"${owner.manager}"${where} using ${apiVersionOf(definition)}${when}`
}

/** Returns whether two states of an object have different counts. */
export const countChanged = (definition: ResourceDefinition, before: JsonObject, after: JsonObject): boolean => {
  const path = definition.scale?.specReplicas
  return path !== undefined && !equal(at(before, ...path), at(after, ...path))
}
