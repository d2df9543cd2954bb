import { at, isObject, stringAt } from '../../api/json.ts'
import type { StoredObject } from '../../api/object.ts'

/** An item of a list in `fieldsV1`, by the name of the item. */
interface NamedItem {
  readonly name: string
}

export interface FieldOwner {
  /** The field manager, such as `kubectl-edit` or `argocd-controller`. */
  readonly manager: string
  /** True if it was a server-side apply, which keeps the field from then on. */
  readonly applies: boolean
  /** An RFC 3339 time, if the object has one. */
  readonly time: string | undefined
}

/** Returns who owns a field, the newest first. */
export const ownersOf = (object: StoredObject, path: readonly (string | NamedItem)[]): readonly FieldOwner[] =>
  (object.metadata.managedFields ?? [])
    .filter(entry => ownedAt(at(entry, 'fieldsV1'), path) !== undefined)
    .map(entry => ({
      manager: stringAt(entry, 'manager') ?? '',
      applies: stringAt(entry, 'operation') === 'Apply',
      time: stringAt(entry, 'time'),
    }))
    .toSorted((a, b) => (b.time ?? '').localeCompare(a.time ?? ''))

/** Returns the field managers that own a field. Its path is that in `fieldsV1`, such as `f:spec`, `f:replicas`. */
export const managersOf = (object: StoredObject, path: readonly (string | NamedItem)[]): readonly string[] =>
  (object.metadata.managedFields ?? []).flatMap(entry =>
    ownedAt(at(entry, 'fieldsV1'), path) === undefined ? [] : (stringAt(entry, 'manager') ?? []),
  )

const ownedAt = (fields: unknown, path: readonly (string | NamedItem)[]): unknown =>
  path.reduce((node, step) => (typeof step === 'string' ? at(node, step) : itemAt(node, step)), fields)

/** Returns what is owned of a list item. Its key in `fieldsV1` is JSON, such as `k:{"name":"workers"}`. */
const itemAt = (node: unknown, { name }: NamedItem): unknown =>
  isObject(node) ? node[`k:${JSON.stringify({ name })}`] : undefined
