import { at, isObject, listAt, type JsonObject } from '../src/api/json.ts'

/**
 * Functions on stored objects, which are never changed. Every edit makes a new object that shares
 * the unchanged parts.
 */

/**
 * Returns the object with `value` at a path; `undefined` removes the member. Missing parents are
 * created if a value is set.
 */
export const withMember = (object: JsonObject, path: readonly string[], value: unknown): JsonObject => {
  const [name, ...rest] = path
  if (name === undefined) return object
  if (rest.length > 0) {
    const inner = object[name]
    if (value === undefined && !isObject(inner)) return object
    return { ...object, [name]: withMember(isObject(inner) ? inner : {}, rest, value) }
  }
  if (value === undefined) return without(object, name)
  return { ...object, [name]: value }
}

export const without = (object: JsonObject, name: string): JsonObject => {
  if (!(name in object)) return object
  const { [name]: _, ...rest } = object
  return rest
}

/**
 * Returns whether two JSON values are equal. An undefined member counts as absent. Parts that are
 * one object in both values are equal without a comparison.
 */
export const equal = (a: unknown, b: unknown): boolean => {
  if (a === b) return true
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((entry, index) => equal(entry, b[index]))
  }
  if (!isObject(a) || !isObject(b)) return false
  for (const name in a) if (!equal(a[name], b[name])) return false
  for (const name in b) if (b[name] !== undefined && a[name] === undefined) return false
  return true
}

/** Returns the string entries of a list at a path. */
export const stringsAt = (value: unknown, ...path: readonly string[]): string[] =>
  listAt(value, ...path).filter(entry => typeof entry === 'string')

/** Returns the object of strings at a path, such as labels, or an empty one. */
export const stringMapAt = (value: unknown, ...path: readonly string[]): Readonly<Record<string, string>> => {
  const found = at(value, ...path)
  if (!isObject(found)) return {}
  const strings: Record<string, string> = {}
  for (const [name, member] of Object.entries(found)) if (typeof member === 'string') strings[name] = member
  return strings
}
