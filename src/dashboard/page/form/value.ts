import { isObject } from '../../../api/json.ts'
import type { Obj, Schema } from '../../../api/schema.ts'

/** The value of a form is the spec as a person writes it: what has its default is left out. */
export type Value = Readonly<Record<string, unknown>>

export type Path = readonly string[]

/** As in `spec.scale.max`; entries of a list as in `[0]`. */
export const pathText = (path: Path): string =>
  path.reduce((text, part) => (/^\[\d+\]$/.test(part) ? text + part : `${text}.${part}`), 'spec')

/** Fills in what the API server would: so it can be judged as it will be stored. */
export const withDefaults = (schema: Schema, value: unknown): unknown => {
  if (value === undefined) return schema.default === undefined ? undefined : withDefaults(schema, schema.default)
  if (Array.isArray(value) && 'items' in schema) return value.map((item: unknown) => withDefaults(schema.items, item))
  if (!isObject(value) || !('properties' in schema)) return value
  const filled: Record<string, unknown> = { ...value }
  for (const [name, member] of Object.entries(schema.properties)) {
    const inside = withDefaults(member, value[name])
    if (inside !== undefined) filled[name] = inside
  }
  return filled
}

/** Leaves out what is its default, and orders members as the schema does: a manifest as a person would write it. */
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
    const isDefault = member.default !== undefined && same(withDefaults(member, short), withDefaults(member, undefined))
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

/** What stands at a path; entries of lists are named `[0]`. */
export const valueAt = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>((node, part) => {
    if (Array.isArray(node)) return node[indexOf(part)]
    return isObject(node) ? node[part] : undefined
  }, value)

const indexOf = (part: string): number => Number(part.slice(1, -1))

/** Puts something at a path. Undefined takes it away, and with it the objects that have nothing left. */
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
