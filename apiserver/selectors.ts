import { at, isObject, listAt } from '../src/api/json.ts'
import { stringMapAt, stringsAt } from './members.ts'
import { badRequest } from './status.ts'

/** Returns whether an object matches, by its labels or fields. */
export type Matches = (object: unknown) => boolean

interface Requirement {
  readonly name: string
  readonly holds: (value: string | undefined) => boolean
}

const key = String.raw`[A-Za-z0-9](?:[-A-Za-z0-9_./]*[A-Za-z0-9])?`
const setBased = new RegExp(String.raw`^(${key})\s+(in|notin)\s+\(([^()]*)\)$`)
const equality = new RegExp(String.raw`^(${key})\s*(==|=|!=)\s*([-A-Za-z0-9_.]*)$`)
const existence = new RegExp(String.raw`^(!?)\s*(${key})$`)

const labelRequirement = (text: string): Requirement => {
  const [, name = '', operator, list = ''] = setBased.exec(text) ?? []
  if (operator !== undefined) {
    const values = new Set(list.split(',').map(value => value.trim()))
    const among = (value: string | undefined): boolean => value !== undefined && values.has(value)
    return { name, holds: operator === 'in' ? among : value => !among(value) }
  }
  const [, label = '', sign, wanted = ''] = equality.exec(text) ?? []
  if (sign !== undefined) return { name: label, holds: value => (value === wanted) !== (sign === '!=') }
  const [, not, present] = existence.exec(text) ?? []
  if (present !== undefined) return { name: present, holds: value => (value !== undefined) !== (not === '!') }
  throw badRequest(`unable to parse requirement: ${JSON.stringify(text)} is not a label selector`)
}

/**
 * Parses `?labelSelector=`. Undefined for an empty text, which selects all. Throws a StatusError
 * (400).
 */
export const labelSelector = (text: string): Matches | undefined => {
  if (text.trim() === '') return undefined
  // A comma in brackets separates values. Any other comma separates requirements.
  const requirements = text.split(/,(?![^(]*\))/).map(part => labelRequirement(part.trim()))
  return object => {
    const labels = stringMapAt(object, 'metadata', 'labels')
    return requirements.every(({ name, holds }) => holds(labels[name]))
  }
}

/** A parsed `?fieldSelector=`. `name` is set if it selects one object by its name. */
export interface FieldSelector {
  readonly name: string | undefined
  readonly matches: Matches
}

const commonFields: Readonly<Record<string, readonly string[]>> = {
  'metadata.name': ['metadata', 'name'],
  'metadata.namespace': ['metadata', 'namespace'],
}

/**
 * Parses `?fieldSelector=`. Undefined for an empty text, which selects all. Throws a StatusError
 * (400), also for a field that the type cannot select by.
 */
export const fieldSelector = (
  text: string,
  definition: { readonly custom: boolean; readonly fields: Readonly<Record<string, readonly string[]>> },
): FieldSelector | undefined => {
  if (text.trim() === '') return undefined
  const known = { ...commonFields, ...definition.fields }
  const requirements = text.split(',').map(part => {
    const [, field = '', sign = '', value = ''] = /^\s*([^=!\s]+)\s*(==|=|!=)\s*(.*?)\s*$/.exec(part) ?? []
    if (sign === '') throw badRequest(`invalid selector: '${part}'; can't understand '${part}'`)
    const path = known[field]
    if (!path) throw badRequest(unknownField(field, definition.custom, Object.keys(known)))
    return { field, path, value, negated: sign === '!=' }
  })
  return {
    name: requirements.find(({ field, negated }) => field === 'metadata.name' && !negated)?.value,
    matches: object =>
      requirements.every(({ path, value, negated }) => {
        const found = at(object, ...path)
        // A number that is not there is 0.
        const texts = found === undefined ? ['', '0'] : [textOf(found)]
        return texts.includes(value) !== negated
      }),
  }
}

/** Returns a value as text, as a field of a custom resource is compared. */
const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

const unknownField = (field: string, custom: boolean, known: readonly string[]): string =>
  custom
    ? `field label not supported: ${field}`
    : `"${field}" is not a known field selector: only ${known.map(name => `"${name}"`).join(', ')}`

/**
 * Returns a pod selector as text, as in `Scale.status.selector`, from a LabelSelector or a plain
 * map.
 */
export const selectorText = (selector: unknown): string => {
  if (!isObject(selector)) return ''
  const isLabelSelector = 'matchLabels' in selector || 'matchExpressions' in selector
  const labels = stringMapAt(isLabelSelector ? selector['matchLabels'] : selector)
  const equalities = Object.entries(labels).map(([name, value]) => `${name}=${value}`)
  const expressions = listAt(selector, 'matchExpressions').map(expressionText)
  return [...equalities, ...expressions].sort().join(',')
}

const expressionText = (expression: unknown): string => {
  const name = String(at(expression, 'key'))
  const values = stringsAt(expression, 'values').sort().join(',')
  switch (at(expression, 'operator')) {
    case 'In':
      return `${name} in (${values})`
    case 'NotIn':
      return `${name} notin (${values})`
    case 'DoesNotExist':
      return `!${name}`
    default:
      return name
  }
}
