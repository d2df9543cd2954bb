import { isObject } from '../../../src/api/json.ts'
import type { Obj, Schema } from '../../../src/api/schema.ts'

/** The value of a form: the spec as a person writes it, without defaults. */
export type Value = Readonly<Record<string, unknown>>

export type Path = readonly string[]

/** Returns a path as text, such as `spec.scale.max`. Entries of a list are `[0]`. */
export const pathText = (path: Path): string =>
  path.reduce((text, part) => (/^\[\d+\]$/.test(part) ? text + part : `${text}.${part}`), 'spec')

/** Returns whether a path of an error, as text, is that of a field or leads into it. */
export const isWithin = (fault: string, field: string): boolean =>
  fault.startsWith(field) && ['', '.', '['].includes(fault.charAt(field.length))

/** Fills in the defaults like the API server, so that the value is checked as it will be stored. */
export const filledIn = (schema: Schema, value: unknown): unknown => {
  if (value === undefined) return schema.default === undefined ? undefined : filledIn(schema, schema.default)
  if (Array.isArray(value) && 'items' in schema) return value.map((item: unknown) => filledIn(schema.items, item))
  if (!isObject(value) || !('properties' in schema)) return value
  const filled: Record<string, unknown> = { ...value }
  for (const [name, member] of Object.entries(schema.properties)) {
    const inside = filledIn(member, value[name])
    if (inside !== undefined) filled[name] = inside
  }
  return filled
}

/**
 * Removes defaults and sorts members in the order of the schema, for a manifest as a person would
 * write it.
 */
export const written = (schema: Schema, value: unknown): unknown => {
  if (Array.isArray(value) && 'items' in schema) return value.map((item: unknown) => written(schema.items, item))
  if (!isObject(value) || !('properties' in schema)) return value
  const names = [...Object.keys(schema.properties), ...Object.keys(value).filter(name => !(name in schema.properties))]
  const kept: Record<string, unknown> = {}
  for (const name of names) {
    const member = schema.properties[name]
    const inside = value[name]
    if (inside === undefined) continue
    if (member === undefined) {
      kept[name] = inside
      continue
    }
    const short = written(member, inside)
    const isDefault = member.default !== undefined && same(filledIn(member, short), filledIn(member, undefined))
    if (!isDefault) kept[name] = short
  }
  return kept
}

export const writtenSpec = (schema: Obj, value: Value): Value => {
  const short = written(schema, value)
  return isObject(short) ? short : {}
}

export const same = (a: unknown, b: unknown): boolean => {
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, index) => same(item, b[index]))
  if (!isObject(a) || !isObject(b)) return a === b
  const names = new Set([...Object.keys(a), ...Object.keys(b)])
  return [...names].every(name => same(a[name], b[name]))
}

/** Returns the value at a path. Entries of lists are named `[0]`. */
export const valueAt = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>((node, part) => {
    if (Array.isArray(node)) return node[indexOf(part)]
    return isObject(node) ? node[part] : undefined
  }, value)

const indexOf = (part: string): number => Number(part.slice(1, -1))

/**
 * Sets the value at a path. If `put` is undefined, removes the value, and the objects that are
 * empty after that.
 */
export const putAt = (value: unknown, path: Path, put: unknown): unknown => {
  const [part, ...rest] = path
  if (part === undefined) return put
  if (part.startsWith('[')) {
    const before: readonly unknown[] = Array.isArray(value) ? value : []
    const items = [...before]
    const index = indexOf(part)
    const made = putAt(items[index], rest, put)
    if (made === undefined && rest.length === 0) items.splice(index, 1)
    else items[index] = made ?? {}
    return items.length === 0 ? undefined : items
  }
  const node: Record<string, unknown> = isObject(value) ? { ...value } : {}
  const made = putAt(node[part], rest, put)
  const isEmpty = made === undefined || (rest.length > 0 && isObject(made) && Object.keys(made).length === 0)
  if (isEmpty) delete node[part]
  else node[part] = made
  return node
}
