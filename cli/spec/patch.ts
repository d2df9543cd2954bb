import { isObject, type JsonObject } from '../../src/api/json.ts'

/**
 * Merges a patch as in RFC 7386, but keeps nulls, and replaces a reference and labels as a whole.
 * `withoutNulls` removes the nulls later.
 */
export const patchedSpec = (value: JsonObject, patch: JsonObject): JsonObject => {
  const result: Record<string, unknown> = { ...value }
  for (const [name, change] of Object.entries(patch)) {
    const old = result[name]
    const known = isObject(old) ? old : {}
    result[name] = isObject(change) && !isWhole(name, change, known) ? patchedSpec(known, change) : change
  }
  return result
}

/**
 * Returns a patch that replaces each reference, and labels, as a whole: it has null for each stored
 * member of theirs that it does not set.
 */
export const replacingWholes = (stored: unknown, patch: JsonObject): JsonObject => {
  const known = isObject(stored) ? stored : {}
  const result: Record<string, unknown> = {}
  for (const [name, change] of Object.entries(patch)) {
    if (!isObject(change)) {
      result[name] = change
      continue
    }
    const old = known[name]
    const ended = isObject(old) && isWhole(name, change, old) ? Object.keys(old) : []
    result[name] = { ...Object.fromEntries(ended.map(member => [member, null])), ...replacingWholes(old, change) }
  }
  return result
}

/** Returns whether a change of the member `name` replaces what is stored, and is not merged into it. */
const isWhole = (name: string, change: JsonObject, stored: JsonObject): boolean =>
  name === 'matchLabels' || isReference(change, stored)

/**
 * Returns whether a change renames an object of some kind. Such a reference is replaced as a whole,
 * because a new name with the old kind would name another object. The API server has set a kind in
 * each stored reference.
 */
const isReference = (change: JsonObject, stored: JsonObject): boolean =>
  typeof change['name'] === 'string' && ('kind' in change || 'kind' in stored)
