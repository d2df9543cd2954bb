import { isObject } from '../../src/api/json.ts'
import type { Schema } from '../../src/api/schema.ts'

/** Fills in the defaults of a schema, like the API server. */
export const withDefaults = (schema: Schema, value: unknown): unknown => {
  if (!('type' in schema) || schema.type !== 'object' || !('properties' in schema) || !isObject(value)) return value
  const filled: Record<string, unknown> = { ...value }
  for (const [name, member] of Object.entries(schema.properties)) {
    const given = filled[name] ?? member.default
    if (given !== undefined) filled[name] = withDefaults(member, given)
  }
  return filled
}
