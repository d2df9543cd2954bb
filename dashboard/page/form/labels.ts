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
 * Returns why the form cannot be saved: the missing fields, and the first error. Undefined if
 * nothing is missing or wrong.
 */
export const problemOf = (
  wrong: ReadonlyMap<string, string>,
): { readonly text: string; readonly isWrong: boolean } | undefined => {
  const needed = [...wrong].filter(([path, message]) => isNeeded(path, message)).map(([path]) => labelAt(path))
  const first = [...wrong].find(([path, message]) => !isNeeded(path, message))
  if (needed.length === 0 && !first) return undefined
  const texts = [
    ...(needed.length > 0 ? [`Still needed: ${[...new Set(needed)].join(', ')}.`] : []),
    ...(first ? [`Not right yet: “${labelAt(first[0])}” ${first[1]}.`] : []),
  ]
  return { text: texts.join(' '), isWrong: first !== undefined }
}

/** Returns whether an error says that a value is missing, rather than wrong. */
const isNeeded = (path: string, message: string): boolean => {
  if (message.startsWith('must be set') || message === 'must be at least 1 characters long') return true
  const schema = path.startsWith('spec.') ? schemaAt(hookSpecSchema, path.split('.').slice(1)) : undefined
  const choice = schema?.['x-kubernetes-validations']?.find(rule => rule.choice !== undefined)
  return choice?.message === message
}
