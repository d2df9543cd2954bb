import { isObject, stringAt } from '../../../api/json.ts'
import type { Schema } from '../../../api/schema.ts'
import { hookSpecSchema } from '../../../drivers/schemas.ts'
import { putAt, same, valueAt, withDefaults, type Path, type Value } from './value.ts'

/** A field that somebody else has changed since the hook was read. Values are as the API server fills them in. */
export interface TheirChange {
  readonly path: Path
  readonly before: unknown
  readonly now: unknown
  /** What the form has, where that is a third value: it is kept. */
  readonly mine?: unknown
}

/** What somebody else has changed, field by field. An object that is written as a whole is one field. */
export const theirChanges = (base: Value, theirs: Value, mine: Value): readonly TheirChange[] => {
  const [before, now, own] = [base, theirs, mine].map(spec => withDefaults(hookSpecSchema, spec))
  return differences(hookSpecSchema, [], before, now).map(change => {
    const typed = valueAt(own, change.path)
    return same(typed, change.before) || same(typed, change.now) ? change : { ...change, mine: typed }
  })
}

/** What the form has, with all that somebody else has changed and the form has not. */
export const merged = (base: Value, theirs: Value, mine: Value): Value =>
  theirChanges(base, theirs, mine)
    .filter(change => !('mine' in change))
    .reduce<Value>((spec, { path }) => {
      const put = putAt(spec, path, valueAt(theirs, path))
      return isObject(put) ? put : {}
    }, mine)

const differences = (schema: Schema, path: Path, before: unknown, now: unknown): readonly TheirChange[] => {
  if (same(before, now)) return []
  const isWhole = !('properties' in schema) || schema['x-kubernetes-map-type'] === 'atomic'
  if (isWhole || (!isObject(before) && !isObject(now))) return [{ path, before, now }]
  return Object.entries(schema.properties).flatMap(([name, member]) =>
    differences(member, [...path, name], valueAt(before, [name]), valueAt(now, [name])),
  )
}

/** A value in a few words. */
export const valueText = (value: unknown): string => {
  if (value === undefined || value === '') return 'not set'
  const name = stringAt(value, 'name')
  if (name !== undefined) return [stringAt(value, 'kind'), name, stringAt(value, 'pool')].filter(Boolean).join('/')
  return typeof value === 'string' ? value : JSON.stringify(value)
}
