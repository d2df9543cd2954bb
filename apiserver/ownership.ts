import { at, listAt, stringAt, type JsonObject } from '../src/api/json.ts'
import { apiVersionOf } from '../src/kube/paths.ts'
import type { ResourceDefinition } from './definition.ts'
import { decodeFields, describeField, encodeFields, fieldsIn, withoutFields, withParents } from './fields.ts'
import { equal, withMember } from './members.ts'
import { StatusError, type Cause } from './status.ts'

/** Who writes an object, as an entry of metadata.managedFields names it. */
export interface Writer {
  readonly manager: string
  readonly operation: 'Apply' | 'Update'
  readonly subresource: string | undefined
  /**
   * When it wrote, in the form of RFC 3339. Undefined for a write to /scale, as on the real
   * server.
   */
  readonly time: string | undefined
}

/** An entry of metadata.managedFields. */
interface Owner extends Writer {
  readonly fields: ReadonlySet<string>
}

const ownersOf = (object: JsonObject | undefined): Owner[] =>
  listAt(object, 'metadata', 'managedFields').map(entry => ({
    manager: stringAt(entry, 'manager') ?? '',
    operation: at(entry, 'operation') === 'Apply' ? 'Apply' : 'Update',
    subresource: stringAt(entry, 'subresource'),
    time: stringAt(entry, 'time'),
    fields: new Set(decodeFields(at(entry, 'fieldsV1'))),
  }))

const entryOf = (definition: ResourceDefinition, owner: Owner): JsonObject => ({
  manager: owner.manager,
  operation: owner.operation,
  apiVersion: apiVersionOf(definition),
  ...(owner.time === undefined ? {} : { time: owner.time }),
  fieldsType: 'FieldsV1',
  fieldsV1: encodeFields(owner.fields),
  ...(owner.subresource === undefined ? {} : { subresource: owner.subresource }),
})

const same = (a: Writer, b: Writer): boolean =>
  a.manager === b.manager && a.operation === b.operation && a.subresource === b.subresource

const metadataWithOwners = ['annotations', 'finalizers', 'labels', 'ownerReferences']

/** Returns the fields of an object that can have an owner, and what they are. */
const fieldsOf = ({ ownable }: ResourceDefinition, object: JsonObject | undefined): ReadonlyMap<string, unknown> => {
  const metadata = metadataWithOwners.map((name): readonly [string, unknown] => [name, at(object, 'metadata', name)])
  return fieldsIn(ownable, { ...object, metadata: Object.fromEntries<unknown>(metadata) })
}

type Fields = ReadonlySet<string>

const less = (fields: Iterable<string>, ...others: readonly Fields[]): Set<string> =>
  new Set([...fields].filter(field => !others.some(other => other.has(field))))

/** Returns the fields that a write sets to another value, and those that it removes. */
const changed = (before: ReadonlyMap<string, unknown>, after: ReadonlyMap<string, unknown>) => ({
  set: new Set([...after].flatMap(([field, value]) => (equal(before.get(field), value) ? [] : [field]))),
  removed: new Set([...before.keys()].filter(field => !after.has(field))),
})

/**
 * Returns an object with its owners after a write other than a server-side apply. The writer owns what it
 * changes. `before` is undefined if the object is new.
 */
export const ownedAfterUpdate = (
  definition: ResourceDefinition,
  before: JsonObject | undefined,
  after: JsonObject,
  writer: Writer,
): JsonObject => {
  const { set, removed } = changed(fieldsOf(definition, before), fieldsOf(definition, after))
  if (set.size + removed.size === 0) return after
  const owners = ownersOf(after)
  const mine = owners.find(owner => same(owner, writer)) ?? { ...writer, fields: [] }
  const others = owners.filter(owner => !same(owner, writer))
  const kept = others.map(owner => ({ ...owner, fields: less(owner.fields, set, removed) }))
  const time = set.size > 0 ? writer.time : mine.time
  const fields = new Set([...less(mine.fields, removed), ...set])
  return withOwners(definition, after, [...kept, { ...mine, time, fields }])
}

/**
 * Returns an object after a server-side apply, with its owners. `merged` is `current` with `config` merged into it.
 * What the writer applied before and leaves out now is removed, unless others own it too. Throws a StatusError (409)
 * if others own what changes, without force.
 */
export const ownedAfterApply = (
  definition: ResourceDefinition,
  current: JsonObject | undefined,
  [merged, config]: readonly [merged: JsonObject, config: JsonObject],
  writer: Writer,
  force: boolean,
): JsonObject => {
  const owners = ownersOf(current)
  const others = owners.filter(owner => !same(owner, writer))
  const mine = owners.find(owner => same(owner, writer))
  const wanted = new Set(fieldsOf(definition, config).keys())
  const owned = withParents([...wanted, ...others.flatMap(({ fields }) => [...fields])])
  const next = withoutFields(definition.ownable, merged, less(withParents(mine?.fields ?? []), owned))
  const { set, removed } = changed(fieldsOf(definition, current), fieldsOf(definition, next))
  // What kubectl has applied client-side is its own.
  const isOwn = ({ manager }: Owner) => writer.manager === 'kubectl' && manager === 'kubectl-client-side-apply'
  if (!force)
    refuseForeign(
      definition,
      others.filter(owner => !isOwn(owner)),
      set,
    )
  const isNew = set.size + removed.size > 0 || mine === undefined || !equal([...mine.fields], [...wanted])
  if (!isNew) return next
  const kept = others.map(owner => ({ ...owner, fields: less(owner.fields, set, removed) }))
  return withOwners(definition, next, [...kept, { ...writer, fields: wanted }])
}

const withOwners = (definition: ResourceDefinition, object: JsonObject, owners: readonly Owner[]): JsonObject => {
  const left = owners.filter(owner => owner.fields.size > 0)
  const sorted = left.toSorted((a, b) => Number(b.operation === 'Apply') - Number(a.operation === 'Apply'))
  const entries = sorted.map(owner => entryOf(definition, owner))
  return withMember(object, ['metadata', 'managedFields'], entries.length > 0 ? entries : undefined)
}

/** Throws a StatusError (409) if others own what an apply without force changes. */
const refuseForeign = (definition: ResourceDefinition, others: readonly Owner[], set: Fields): void => {
  const conflicts = others
    .map(owner => ({
      owner: described(definition, owner),
      fields: [...owner.fields]
        .filter(field => set.has(field))
        .map(describeField)
        .toSorted(),
    }))
    .filter(({ fields }) => fields.length > 0)
    .toSorted((a, b) => (a.owner < b.owner ? -1 : 1))
  const causes = conflicts.flatMap(({ owner, fields }) =>
    fields.map((field): Cause => ({ reason: 'FieldManagerConflict', message: `conflict with ${owner}`, field })),
  )
  const [first] = causes
  if (first === undefined) return
  const lists = conflicts.map(
    ({ owner, fields }) => `conflicts with ${owner}:\n${fields.map(field => `- ${field}`).join('\n')}`,
  )
  const message =
    causes.length === 1
      ? `Apply failed with 1 conflict: ${first.message}: ${first.field}`
      : `Apply failed with ${causes.length} conflicts: ${lists.join('\n')}`
  throw new StatusError(409, 'Conflict', message, { causes })
}

const described = (definition: ResourceDefinition, { manager, operation, subresource }: Owner): string =>
  `"${manager}"${subresource === undefined ? '' : ` with subresource "${subresource}"`}` +
  (operation === 'Apply' ? '' : ` using ${apiVersionOf(definition)}`)
