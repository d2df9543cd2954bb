import { durationRule } from '../../../src/api/duration.ts'
import { isObject, type JsonObject } from '../../../src/api/json.ts'
import type { Choice, Obj, Schema } from '../../../src/api/schema.ts'
import { filledIn } from './value.ts'

/**
 * The kind of control for a value. It is derived from the schema alone, so a new driver needs no
 * code here.
 */
export type Widget =
  | {
      readonly kind: 'radios' | 'select'
      readonly options: readonly SelectOption[]
      readonly byDefault: string | undefined
    }
  | {
      readonly kind: 'number'
      readonly whole: boolean
      readonly least: number | undefined
      readonly most: number | undefined
    }
  | { readonly kind: 'count-or-share' | 'checkbox' | 'duration' | 'code' | 'text' | 'json' | 'lines' | 'pairs' }
  | { readonly kind: 'checkboxes'; readonly options: readonly SelectOption[] }
  | { readonly kind: 'reference'; readonly schema: Obj }
  | { readonly kind: 'fieldset'; readonly schema: Obj }
  | { readonly kind: 'list'; readonly items: Schema; readonly most: number }

/** One value of a choice, with its label. */
type SelectOption = readonly [value: string, title: string]

/**
 * A choice of at most this many values is shown as radio buttons, and a choice of more as a list.
 */
const maxRadios = 3
/** A text that may have more characters than this gets a field of several lines. */
const longText = 1_000

export const widgetOf = (schema: Schema): Widget => {
  if (!('type' in schema)) return 'x-kubernetes-int-or-string' in schema ? { kind: 'count-or-share' } : { kind: 'json' }
  switch (schema.type) {
    case 'string': {
      const options = optionsOf(schema)
      if (options) {
        const byDefault = typeof schema.default === 'string' ? schema.default : undefined
        return { kind: options.length <= maxRadios ? 'radios' : 'select', options, byDefault }
      }
      // All durations of the schemas share this rule object.
      if (schema['x-kubernetes-validations']?.includes(durationRule)) return { kind: 'duration' }
      return { kind: (schema.maxLength ?? Infinity) > longText ? 'code' : 'text' }
    }
    case 'integer':
    case 'number':
      return { kind: 'number', whole: schema.type === 'integer', least: schema.minimum, most: schema.maximum }
    case 'boolean':
      return { kind: 'checkbox' }
    case 'array': {
      const options = optionsOf(schema.items)
      if (options) return { kind: 'checkboxes', options }
      if ('type' in schema.items && schema.items.type === 'string') return { kind: 'lines' }
      return { kind: 'list', items: schema.items, most: schema.maxItems ?? Infinity }
    }
    case 'object':
      if ('additionalProperties' in schema && 'type' in schema.additionalProperties)
        return { kind: schema.additionalProperties.type === 'string' ? 'pairs' : 'json' }
      if (!('properties' in schema)) return { kind: 'json' }
      if (isReference(schema)) return { kind: 'reference', schema }
      if (Object.keys(schema.properties).length === 0) return { kind: 'json' }
      return { kind: 'fieldset', schema }
    default:
      return { kind: 'json' }
  }
}

const optionsOf = (schema: Schema): readonly SelectOption[] | undefined => {
  if (!('type' in schema) || schema.type !== 'string') return undefined
  return schema.enum?.map(value => [value, schema.titles?.[value] ?? value])
}

/** Returns whether an object is a reference, which gets a picker. */
const isReference = (schema: Obj): boolean => 'kind' in schema.properties && 'name' in schema.properties

/**
 * Returns the members of an object of which exactly one is set. Returns undefined for other
 * objects.
 */
export const choiceOf = (schema: Schema): Choice | undefined =>
  schema['x-kubernetes-validations']?.find(({ choice }) => choice !== undefined)?.choice

/**
 * Returns the empty value of a chosen member. It may be invalid until its required fields are
 * filled in.
 */
export const emptyOf = (schema: Schema): unknown => {
  if (!('type' in schema)) return ''
  if (schema.type === 'object') return {}
  return schema.type === 'array' ? [emptyOf(schema.items)] : ''
}

/** Returns the schema at a path below an object's schema, or undefined. */
export const schemaAt = (schema: Schema | undefined, path: readonly string[]): Schema | undefined =>
  path.reduce<Schema | undefined>((node, part) => {
    if (node === undefined) return undefined
    if ('items' in node) return node.items
    if ('additionalProperties' in node) return node.additionalProperties
    return 'properties' in node ? node.properties[part] : undefined
  }, schema)

/** Returns the label of a field: its title, or its name in words. */
export const labelOf = (name: string, schema: Schema): string =>
  schema.title ??
  name.charAt(0).toUpperCase() + name.slice(1).replaceAll(/[A-Z]/g, letter => ` ${letter.toLowerCase()}`)

/** Returns the help below a control: the hint, or the description without links. */
export const helpOf = (schema: Schema): string =>
  (schema.hint ?? schema.description ?? '')
    .replaceAll(/; \[[^\]]+\]\([^)]+\)/g, '')
    .replaceAll(/\[([^\]]+)\]\([^)]+\)/g, '$1')

/**
 * Returns the required members of an object. Some are required by a rule that depends on other
 * members.
 */
export const requiredOf = (schema: Obj, value: JsonObject): readonly string[] => [
  ...(schema.required ?? []),
  ...(schema['x-kubernetes-validations'] ?? []).flatMap(({ fieldPath = '', holds, reason }) => {
    const name = fieldPath.slice(1)
    return reason === 'FieldValueRequired' && holds?.({ ...value, [name]: undefined }) === false ? [name] : []
  }),
]

/**
 * Returns whether a form shows a member. A form hides a member that the rules forbid, unless the
 * member has a value to remove.
 */
export const isOffered = (name: string, schema: Obj, value: unknown): boolean => {
  const self: unknown = filledIn(schema, isObject(value) ? value : {})
  if (!isObject(self) || self[name] !== undefined) return true
  return (schema['x-kubernetes-validations'] ?? []).every(
    ({ fieldPath, holds, reason }) =>
      reason !== 'FieldValueForbidden' || fieldPath !== `.${name}` || holds?.({ ...self, [name]: '' }) !== false,
  )
}

/**
 * Returns whether a driver's member is shown outside the closed sections. It is if it is required,
 * if the driver lists it in `asked`, or if it is a member of a choice.
 */
export const isMain = (
  name: string,
  { asked, schema }: { readonly asked: readonly string[]; readonly schema: Obj },
  required: readonly string[],
): boolean => required.includes(name) || asked.includes(name) || choiceOf(schema)?.of.includes(name) === true
