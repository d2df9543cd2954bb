import { isObject, type JsonObject } from '../../api/json.ts'

/**
 * Merges a patch as in RFC 7386, but keeps nulls, and replaces a reference as a whole.
 * `withoutNulls` removes the nulls later.
 */
export const patchedSpec = (value: JsonObject, patch: JsonObject): JsonObject => {
  const result: Record<string, unknown> = { ...value }
  for (const [name, change] of Object.entries(patch)) {
    const old = result[name]
    const known = isObject(old) ? old : {}
    result[name] = isObject(change) && !isReference(change, known) ? patchedSpec(known, change) : change
  }
  return result
}

/**
 * Returns a patch that replaces each reference as a whole: it has null for each member of the stored
 * reference that it does not set.
 */
export const replacingReferences = (stored: unknown, patch: JsonObject): JsonObject => {
  const known = isObject(stored) ? stored : {}
  const result: Record<string, unknown> = {}
  if (isReference(patch, known)) for (const name of Object.keys(known)) result[name] = null
  for (const [name, change] of Object.entries(patch)) {
    result[name] = isObject(change) ? replacingReferences(known[name], change) : change
  }
  return result
}

/**
 * Returns whether a change renames an object of some kind. Such a reference is replaced as a whole,
 * because a new name with the old kind would name another object. The API server has set a kind in
 * each stored reference.
 */
const isReference = (change: JsonObject, stored: JsonObject): boolean =>
  typeof change['name'] === 'string' && ('kind' in change || 'kind' in stored)
