import { hasAtLeast, hasAtMost } from './characters.ts'
import { isObject } from './json.ts'
import type { Schema, Stored } from './schema.ts'

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
  const found: Violation[] = []
  collect(schema, value, path, { found, max: 1 })
  return found[0]
}

/**
 * Returns all violations of `schema` in `value`, in the order of the schema. A value's rules are
 * checked only if the value and all its members have the types, values and sizes that the schema
 * requires: rules rely on them.
 */
export const violations = (schema: Schema, value: unknown, path: string): readonly Violation[] => {
  const found: Violation[] = []
  collect(schema, value, path, { found, max: Infinity })
  return found
}

/** Returns whether the API server could have stored `value` under `schema`. */
export const has = <S extends Schema>(schema: S, value: unknown): value is Stored<S> =>
  firstViolation(schema, value, '') === undefined

interface Search {
  readonly found: Violation[]
  /** The search ends after this number of violations. */
  readonly max: number
}

/**
 * Adds the violations in a value and its members to the search. Returns whether the value and all
 * its members have the types, values and sizes that the schema requires. Rules do not count for
 * this result.
 */
const collect = (schema: Schema, value: unknown, path: string, search: Search): boolean => {
  if (!hasShape(schema, value, path, search)) return false
  for (const rule of schema['x-kubernetes-validations'] ?? []) {
    if (search.found.length >= search.max) break
    if (rule.holds?.(value) === false) search.found.push({ path: path + (rule.fieldPath ?? ''), message: rule.message })
  }
  return true
}

const hasShape = (schema: Schema, value: unknown, path: string, search: Search): boolean => {
  if (value === null && schema.nullable === true) return true
  const wrong = wrongItself(schema, value)
  if (wrong !== undefined) {
    search.found.push({ path, message: `must be ${wrong}` })
    return false
  }
  if (!('type' in schema)) return true
  if (schema.type === 'array') {
    const items: readonly unknown[] = Array.isArray(value) ? value : []
    return all(items, search, (item, index) => collect(schema.items, item, `${path}[${index}]`, search))
  }
  if (schema.type !== 'object' || !isObject(value) || 'x-kubernetes-preserve-unknown-fields' in schema) return true
  if ('additionalProperties' in schema) {
    const { additionalProperties } = schema
    return all(Object.keys(value), search, name =>
      collect(additionalProperties, value[name], `${path}.${name}`, search),
    )
  }
  return all(Object.keys(schema.properties), search, name => {
    const member = schema.properties[name]
    if (!member) return true
    if (value[name] !== undefined) return collect(member, value[name], `${path}.${name}`, search)
    if (schema.required?.includes(name) !== true && member.default === undefined) return true
    search.found.push({ path: `${path}.${name}`, message: 'must be set' })
    return false
  })
}

/**
 * Returns what the schema expects instead of the value, or undefined if the value is right. It does
 * not check the members of an object or a list.
 */
const wrongItself = (schema: Schema, value: unknown): string | undefined => {
  if (!('type' in schema)) {
    return Number.isInteger(value) || typeof value === 'string' ? undefined : 'an integer or a string'
  }
  switch (schema.type) {
    case 'string':
      if (typeof value !== 'string') return 'a string'
      if (schema.enum && !schema.enum.includes(value)) return `one of ${schema.enum.join(', ')}`
      if (!hasAtLeast(value, schema.minLength ?? 0)) return `at least ${schema.minLength} characters long`
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

/**
 * Returns whether every item is right. It visits all of them, unless the search has found its
 * maximum of violations.
 */
const all = <T>(items: readonly T[], search: Search, isRight: (item: T, index: number) => boolean): boolean => {
  let right = true
  for (const [index, item] of items.entries()) {
    if (search.found.length >= search.max) return right
    if (!isRight(item, index)) right = false
  }
  return right
}
