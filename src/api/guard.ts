import { isObject } from './json.ts'
import type { Schema, Stored } from './schema.ts'

/** Something in a value that its schema does not allow: where, and what to write instead. */
export interface Violation {
  /** As in a manifest: `spec.scale.max`. */
  readonly path: string
  readonly message: string
}

/**
 * The first thing in `value` that `schema` does not allow, or undefined. It judges what the API server stored, so
 * required and defaulted members must be there; members that the schema does not know are passed over.
 */
export const firstViolation = (schema: Schema, value: unknown, path: string): Violation | undefined =>
  wrongShape(schema, value, path) ?? brokenRule(schema, value, path)

/** Whether `value` is what the API server would have stored under `schema`. */
export const has = <S extends Schema>(schema: S, value: unknown): value is Stored<S> =>
  firstViolation(schema, value, '') === undefined

const brokenRule = (schema: Schema, value: unknown, path: string): Violation | undefined => {
  const broken = schema['x-kubernetes-validations']?.find(rule => rule.holds?.(value) === false)
  return broken && { path: path + (broken.fieldPath ?? ''), message: broken.message }
}

const wrongShape = (schema: Schema, value: unknown, path: string): Violation | undefined => {
  const expected = (what: string): Violation => ({ path, message: `must be ${what}` })
  if (value === null && schema.nullable === true) return undefined
  if (!('type' in schema)) {
    return Number.isInteger(value) || typeof value === 'string' ? undefined : expected('an integer or a string')
  }
  switch (schema.type) {
    case 'string': {
      if (typeof value !== 'string') return expected('a string')
      if (schema.enum && !schema.enum.includes(value)) return expected(`one of ${schema.enum.join(', ')}`)
      if (value.length < (schema.minLength ?? 0)) return expected(`at least ${schema.minLength} characters long`)
      if (value.length > (schema.maxLength ?? Infinity)) return expected(`at most ${schema.maxLength} characters long`)
      return undefined
    }
    case 'integer': {
      if (typeof value !== 'number' || !Number.isInteger(value)) return expected('an integer')
      if (value < (schema.minimum ?? -Infinity)) return expected(`at least ${schema.minimum}`)
      if (value > (schema.maximum ?? Infinity)) return expected(`at most ${schema.maximum}`)
      return undefined
    }
    case 'boolean':
      return typeof value === 'boolean' ? undefined : expected('true or false')
    case 'array': {
      if (!Array.isArray(value)) return expected('a list')
      if (value.length > (schema.maxItems ?? Infinity)) return expected(`at most ${schema.maxItems} entries long`)
      return first(value, (item, index) => firstViolation(schema.items, item, `${path}[${index}]`))
    }
    case 'object': {
      if (!isObject(value)) return expected('an object')
      if ('additionalProperties' in schema) {
        return first(Object.entries(value), ([name, member]) =>
          firstViolation(schema.additionalProperties, member, `${path}.${name}`),
        )
      }
      return first(Object.entries(schema.properties), ([name, member]) => {
        if (value[name] !== undefined) return firstViolation(member, value[name], `${path}.${name}`)
        const needed = schema.required?.includes(name) === true || member.default !== undefined
        return needed ? { path: `${path}.${name}`, message: 'must be set' } : undefined
      })
    }
  }
}

const first = <T>(
  items: readonly T[],
  judge: (item: T, index: number) => Violation | undefined,
): Violation | undefined => {
  for (const [index, item] of items.entries()) {
    const violation = judge(item, index)
    if (violation) return violation
  }
  return undefined
}
