import { isObject, type JsonObject } from '../src/api/json.ts'
import type { Node } from './structural.ts'

/** A value after pruning and with its defaults. */
export interface Shaped {
  readonly value: unknown
  /** The paths of the removed members, such as `spec.sacle`. */
  readonly unknownFields: readonly string[]
}

/** Members that every object may have, even if its schema does not name them. */
const root = new Set(['apiVersion', 'kind', 'metadata'])

/** Prunes a whole custom resource, and sets its defaults. */
export const shapeResource = (node: Node, object: JsonObject): { object: JsonObject; unknownFields: string[] } => {
  const unknownFields: string[] = []
  return { object: shapeObject(node, object, '', unknownFields, root), unknownFields: unknownFields.sort() }
}

const shape = (node: Node, value: unknown, path: string, unknown: string[]): unknown => {
  if (Array.isArray(value) && node.items) {
    const { items } = node
    return value.map((entry, index) => shape(items, entry, `${path}[${index}]`, unknown))
  }
  const isKnown = node.type === 'object' || node.properties.size > 0
  return isObject(value) && isKnown ? shapeObject(node, value, path, unknown) : value
}

const shapeObject = (
  node: Node,
  object: JsonObject,
  path: string,
  unknown: string[],
  untouched: ReadonlySet<string> = new Set(),
): JsonObject => {
  const shaped: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(object)) {
    const inner = path === '' ? name : `${path}.${name}`
    const member = node.properties.get(name) ?? node.additional
    if (untouched.has(name)) shaped[name] = value
    else if (!member && node.preserveUnknown) shaped[name] = value
    else if (!member) unknown.push(inner)
    // A null means "not set" unless the schema allows null. Then a default applies.
    else if (value !== null || member.nullable) shaped[name] = shape(member, value, inner, unknown)
  }
  for (const [name, member] of node.properties) {
    if (member.default === undefined || name in shaped || untouched.has(name)) continue
    shaped[name] = shape(member, member.default, name, [])
  }
  return shaped
}
