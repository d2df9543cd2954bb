import type { Schema } from '../../../src/api/schema.ts'
import { hookSpecSchema } from '../../../src/drivers/schemas.ts'
import { choiceOf, labelOf, schemaAt } from './widget.ts'

/**
 * Returns the form's label for an error's path, such as `spec.scale.max`. The form's own checks and
 * the API server use the same paths.
 */
export const labelAt = (path: string): string => {
  // The error of an entry belongs to the field of the whole list.
  const [root = '', ...members] = path.replaceAll(/\[\d+\]/g, '').split('.')
  const name = members.at(-1) ?? root
  if (root !== 'spec') return labelOf(name, emptySchema)
  const schema = schemaAt(hookSpecSchema, members)
  // For an object that is a choice, the label is the title of the choice.
  return schema === undefined ? path : (choiceOf(schema)?.title ?? labelOf(name, schema))
}

const emptySchema: Schema = { type: 'object', properties: {} }

/**
 * Returns why the form cannot be saved: the missing fields, or else the first error. Undefined if
 * there is no error.
 */
export const problemOf = (wrong: ReadonlyMap<string, string>): string | undefined => {
  const needed = [...wrong].filter(([path, message]) => isNeeded(path, message)).map(([path]) => labelAt(path))
  if (needed.length > 0) return `Still needed: ${[...new Set(needed)].join(', ')}.`
  const [first] = wrong
  return first && `Not right yet: “${labelAt(first[0])}” ${first[1]}.`
}

/** Returns whether an error says that a value is missing, rather than wrong. */
const isNeeded = (path: string, message: string): boolean => {
  if (message.startsWith('must be set') || message === 'must be at least 1 characters long') return true
  const schema = path.startsWith('spec.') ? schemaAt(hookSpecSchema, path.split('.').slice(1)) : undefined
  const choice = schema?.['x-kubernetes-validations']?.find(rule => rule.choice !== undefined)
  return choice?.message === message
}
