import { hasAtLeast, hasAtMost } from './characters.ts'
import { isObject, type JsonObject } from './json.ts'
import type { Obj, Schema, Stored } from './schema.ts'
import { isDateTime } from './windows.ts'

/** A place where a value does not follow its schema, and what to write there. */
export interface Violation {
  /** The path of the value, written as in a manifest, such as `spec.scale.max`. */
  readonly path: string
  readonly message: string
}

/**
 * Returns the first violation of `schema` in `value`, or undefined.
 * `value` is what the API server stored: required and defaulted members must be present. Members
 * that the schema does not know are ignored.
 */
export const firstViolation = (schema: Schema, value: unknown, path: string): Violation | undefined => {
  const search = { found: [], max: 1, path: [path] }
  collect(schema, value, search)
  return search.found[0]
}

/**
 * Returns all violations of `schema` in `value`, in the order of the schema. A value's rules are
 * checked only if the value and all its members have the types, values and sizes that the schema
 * requires: rules rely on them. Only the rules that say which members must be set are always checked.
 */
export const violations = (schema: Schema, value: unknown, path: string): readonly Violation[] => {
  const search = { found: [], max: Infinity, path: [path] }
  collect(schema, value, search)
  return search.found
}

/** Returns whether the API server could have stored `value` under `schema`. */
export const has = <S extends Schema>(schema: S, value: unknown): value is Stored<S> =>
  firstViolation(schema, value, '') === undefined

interface Search {
  readonly found: Violation[]
  /** The search ends after this number of violations. */
  readonly max: number
  /** Where the search is: the path of the whole, then names of members and places in lists. */
  readonly path: (string | number)[]
}

const pathOf = ([whole, ...inside]: Search['path']): string =>
  inside.reduce<string>((path, step) => path + (typeof step === 'number' ? `[${step}]` : `.${step}`), String(whole))

const isOver = ({ found, max }: Search): boolean => found.length >= max

/**
 * Adds the violations in a value and its members to the search. Returns whether the value and all
 * its members have the types, values and sizes that the schema requires. Rules do not count for
 * this result.
 */
const collect = (schema: Schema, value: unknown, search: Search): boolean => {
  const isRight = collectShape(schema, value, search)
  const rules = schema['x-kubernetes-validations']
  if (!rules) return isRight
  for (const { fieldPath = '', holds, message, reason } of rules) {
    if (isOver(search)) break
    if ((isRight || reason === 'FieldValueRequired') && holds?.(value) === false)
      search.found.push({ path: pathOf(search.path) + fieldPath, message })
  }
  return isRight
}

/** Collects in a member or an item of the value at which the search is. */
const collectAt = (step: string | number, schema: Schema, value: unknown, search: Search): boolean => {
  search.path.push(step)
  const isRight = collect(schema, value, search)
  search.path.pop()
  return isRight
}

const collectShape = (schema: Schema, value: unknown, search: Search): boolean => {
  if (value === null && schema.nullable === true) return true
  const wrong = wrongItself(schema, value)
  if (wrong !== undefined) {
    search.found.push({ path: pathOf(search.path), message: `must be ${wrong}` })
    return false
  }
  if (!('type' in schema)) return true
  if (schema.type === 'array') return Array.isArray(value) ? collectItems(schema.items, value, search) : true
  if (schema.type !== 'object' || !isObject(value) || 'x-kubernetes-preserve-unknown-fields' in schema) return true
  return 'additionalProperties' in schema
    ? collectValues(schema.additionalProperties, value, search)
    : collectMembers(schema, value, search)
}

// Each of these visits all that is in a value, unless the search is over. None makes a list of names
// or a path: each hook of a list comes through here.

const collectItems = (schema: Schema, items: readonly unknown[], search: Search): boolean => {
  let right = true
  for (let index = 0; index < items.length && !isOver(search); index++)
    right = collectAt(index, schema, items[index], search) && right
  return right
}

const collectValues = (schema: Schema, values: JsonObject, search: Search): boolean => {
  let right = true
  for (const name in values) {
    if (isOver(search)) break
    if (!collectAt(name, schema, values[name], search)) right = false
  }
  return right
}

const collectMembers = (schema: Obj, value: JsonObject, search: Search): boolean => {
  let right = true
  for (const name in schema.properties) {
    if (isOver(search)) break
    const member = schema.properties[name]
    if (member && !collectMember(schema, name, member, value[name], search)) right = false
  }
  return right
}

const collectMember = (schema: Obj, name: string, member: Schema, value: unknown, search: Search): boolean => {
  if (value !== undefined) return collectAt(name, member, value, search)
  if (schema.required?.includes(name) !== true && member.default === undefined) return true
  search.found.push({ path: pathOf([...search.path, name]), message: 'must be set' })
  return false
}

/**
 * Returns what the schema expects instead of the value, or undefined if the value is right. It does
 * not check the members of an object or a list.
 */
const wrongItself = (schema: Schema, value: unknown): string | undefined => {
  if (!('type' in schema)) {
    if (typeof value === 'string') return wrongItself({ ...schema, type: 'string' }, value)
    return Number.isInteger(value) ? undefined : 'an integer or a string'
  }
  switch (schema.type) {
    case 'string':
      if (typeof value !== 'string') return 'a string'
      if (schema.enum && !schema.enum.includes(value)) return `one of ${schema.enum.join(', ')}`
      if (!hasAtLeast(value, schema.minLength ?? 0)) return `at least ${schema.minLength} characters long`
      if (schema.format && !isDateTime(value)) return 'a time in RFC 3339, as in 2026-12-20T00:00:00Z'
      return hasAtMost(value, schema.maxLength ?? Infinity) ? undefined : `at most ${schema.maxLength} characters long`
    case 'integer':
    case 'number':
      if (typeof value !== 'number') return schema.type === 'integer' ? 'an integer' : 'a number'
      if (schema.type === 'integer' && !Number.isInteger(value)) return 'an integer'
      if (value < (schema.minimum ?? -Infinity)) return `at least ${schema.minimum}`
      return value > (schema.maximum ?? Infinity) ? `at most ${schema.maximum}` : undefined
    case 'boolean':
      return typeof value === 'boolean' ? undefined : 'true or false'
    case 'array':
      if (!Array.isArray(value)) return 'a list'
      return value.length > (schema.maxItems ?? Infinity) ? `at most ${schema.maxItems} entries long` : undefined
    case 'object':
      if (!isObject(value)) return 'an object'
      return 'maxProperties' in schema && Object.keys(value).length > (schema.maxProperties ?? Infinity)
        ? `at most ${schema.maxProperties} entries long`
        : undefined
  }
}
