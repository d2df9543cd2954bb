import type { Schema } from '../../../api/schema.ts'
import { hookSpecSchema } from '../../../drivers/schemas.ts'
import { choiceOf, labelOf, schemaAt } from './widget.ts'

/** What the form calls the field of a fault, by the path that the guard and the API server give: `spec.scale.max`. */
export const labelAt = (path: string): string => {
  // An entry of a list is in the field of the list.
  const [root = '', ...members] = path.replaceAll(/\[\d+\]/g, '').split('.')
  const name = members.at(-1) ?? root
  if (root !== 'spec') return labelOf(name, emptySchema)
  const schema = schemaAt(hookSpecSchema, members)
  // A rule about a choice stands at the object that has it.
  return schema === undefined ? path : (choiceOf(schema)?.title ?? labelOf(name, schema))
}

const emptySchema: Schema = { type: 'object', properties: {} }

/** What keeps a form from being right: what is needed still, or else the first thing that is wrong. */
export const problemOf = (wrong: ReadonlyMap<string, string>): string | undefined => {
  const needed = [...wrong].filter(([path, message]) => isNeeded(path, message)).map(([path]) => labelAt(path))
  if (needed.length > 0) return `Still needed: ${[...new Set(needed)].join(', ')}.`
  const [first] = wrong
  return first && `Not right yet: “${labelAt(first[0])}” ${first[1]}.`
}

/** Whether a fault says that something is missing, and not that it is wrong. */
const isNeeded = (path: string, message: string): boolean => {
  if (message.startsWith('must be set') || message === 'must be at least 1 characters long') return true
  const schema = path.startsWith('spec.') ? schemaAt(hookSpecSchema, path.split('.').slice(1)) : undefined
  const choice = schema?.['x-kubernetes-validations']?.find(rule => rule.choice !== undefined)
  return choice?.message === message
}
