import { at, isObject, stringAt } from '../../api/json.ts'
import type { StoredObject } from '../../api/object.ts'

/** An item of a list in `fieldsV1`, by the name of the item. */
interface NamedItem {
  readonly name: string
}

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
