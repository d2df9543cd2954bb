import { isObject, stringAt } from '../../../src/api/json.ts'
import type { Schema } from '../../../src/api/schema.ts'
import { declarations, hookSpecSchema } from '../../../src/drivers/schemas.ts'
import { putAt, same, valueAt, filledIn, type Path, type Value } from './value.ts'

/** A field that somebody else changed after the hook was read. The values include defaults. */
export interface TheirChange {
  readonly path: Path
  readonly before: unknown
  readonly now: unknown
  /** The form's value, if it differs from `before` and from `now`. The form keeps this value. */
  readonly mine?: unknown
}

/**
 * Returns the fields that somebody else has changed. A reference or a choice counts as one field.
 */
export const theirChanges = (base: Value, theirs: Value, mine: Value): readonly TheirChange[] => {
  const [before, now, own] = [base, theirs, mine].map(spec => filledIn(hookSpecSchema, spec))
  return differences(hookSpecSchema, [], before, now).map(change => {
    const typed = valueAt(own, change.path)
    return same(typed, change.before) || same(typed, change.now) ? change : { ...change, mine: typed }
  })
}

/**
 * Returns the form's spec with the changes of others. A field that the form has changed keeps the
 * form's value. Members of other drivers are removed, because no control shows them.
 */
export const merged = (base: Value, theirs: Value, mine: Value): Value => {
  const both = theirChanges(base, theirs, mine)
    .filter(change => !('mine' in change))
    .reduce<Value>((spec, { path }) => {
      const put = putAt(spec, path, valueAt(theirs, path))
      return isObject(put) ? put : {}
    }, mine)
  const isOther = (name: string): boolean => name !== both['driver'] && declarations.some(of => of.name === name)
  return Object.fromEntries(Object.entries(both).filter(([name]) => !isOther(name)))
}

const differences = (schema: Schema | undefined, path: Path, before: unknown, now: unknown): readonly TheirChange[] => {
  if (same(before, now)) return []
  // A reference is compared as a whole. Its kind and its name belong together.
  const isWhole = schema === undefined || !('properties' in schema) || 'name' in schema.properties
  if (isWhole || (!isObject(before) && !isObject(now))) return [{ path, before, now }]
  // A newer version of the API may have fields that this schema does not have.
  const names = new Set([schema.properties, before, now].flatMap(part => Object.keys(part ?? {})))
  return [...names].flatMap(name =>
    differences(schema.properties[name], [...path, name], valueAt(before, [name]), valueAt(now, [name])),
  )
}

/** Returns a field's value as text: a reference by its kind and name, and other objects as JSON. */
export const valueText = (value: unknown): string => {
  if (value === undefined || value === '') return 'not set'
  const name = stringAt(value, 'name')
  if (name !== undefined) {
    const parts = ['kind', 'name', 'pool', 'count'].map(member => stringAt(value, member))
    return parts.filter(Boolean).join('/')
  }
  return typeof value === 'string' ? value : JSON.stringify(value)
}
