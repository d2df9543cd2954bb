import { isObject } from '../../api/json.ts'
import type { Schema } from '../../api/schema.ts'

/** A value as the API server would store it: with what its schema fills in. */
export const withDefaults = (schema: Schema, value: unknown): unknown => {
  if (!('type' in schema) || schema.type !== 'object' || !('properties' in schema) || !isObject(value)) return value
  const filled: Record<string, unknown> = { ...value }
  for (const [name, member] of Object.entries(schema.properties)) {
    const given = filled[name] ?? member.default
    if (given !== undefined) filled[name] = withDefaults(member, given)
  }
  return filled
}
