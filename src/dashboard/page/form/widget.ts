import { durationRule } from '../../../api/duration.ts'
import { isObject, type JsonObject } from '../../../api/json.ts'
import type { Choice, Obj, Schema } from '../../../api/schema.ts'
import { withDefaults } from './value.ts'

/** The control that a value gets: it follows from its schema alone, so that a driver's form needs no line here. */
export type Widget =
  | {
      readonly kind: 'radios' | 'select'
      readonly options: readonly Option[]
      readonly byDefault: string | undefined
    }
  | {
      readonly kind: 'number'
      readonly whole: boolean
      readonly least: number | undefined
      readonly most: number | undefined
    }
  | { readonly kind: 'count-or-share' | 'checkbox' | 'duration' | 'code' | 'text' | 'json' | 'lines' | 'pairs' }
  | { readonly kind: 'checkboxes'; readonly options: readonly Option[] }
  | { readonly kind: 'reference'; readonly schema: Obj }
  | { readonly kind: 'fieldset'; readonly schema: Obj }
  | { readonly kind: 'list'; readonly items: Schema; readonly most: number }

/** One of the values of a choice, and what it is called. */
export interface Option {
  readonly value: string
  readonly title: string
}

/** A choice of so many is seen at once. */
const mostRadios = 3
/** A text that may be longer is more than a name. */
const longText = 1_000

export const widgetOf = (schema: Schema): Widget => {
  if (!('type' in schema)) return 'x-kubernetes-int-or-string' in schema ? { kind: 'count-or-share' } : { kind: 'json' }
  switch (schema.type) {
    case 'string': {
      const options = optionsOf(schema)
      if (options) {
        const byDefault = typeof schema.default === 'string' ? schema.default : undefined
        return { kind: options.length <= mostRadios ? 'radios' : 'select', options, byDefault }
      }
      // A rule is found by its identity, as the guard finds it.
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

const optionsOf = (schema: Schema): readonly Option[] | undefined => {
  if (!('type' in schema) || schema.type !== 'string') return undefined
  return schema.enum?.map(value => ({ value, title: schema.titles?.[value] ?? value }))
}

/** An object that names another: a picker over what there is. */
const isReference = (schema: Obj): boolean => 'kind' in schema.properties && 'name' in schema.properties

/** The members of an object, exactly one of which is set. */
export const choiceOf = (schema: Schema): Choice | undefined =>
  schema['x-kubernetes-validations']?.find(({ choice }) => choice !== undefined)?.choice

/** What a member holds that was chosen, and has not been filled in: less than is allowed, where something is needed. */
export const emptyOf = (schema: Schema): unknown => {
  if (!('type' in schema)) return ''
  if (schema.type === 'object') return {}
  return schema.type === 'array' ? [emptyOf(schema.items)] : ''
}

/** The schema at a path from the one of an object on; undefined where nothing is declared. */
export const schemaAt = (schema: Schema | undefined, path: readonly string[]): Schema | undefined =>
  path.reduce<Schema | undefined>((node, part) => {
    if (node === undefined) return undefined
    if ('items' in node) return node.items
    if ('additionalProperties' in node) return node.additionalProperties
    return 'properties' in node ? node.properties[part] : undefined
  }, schema)

/** What a field is called: its title, else its name in words. */
export const labelOf = (name: string, schema: Schema): string =>
  schema.title ??
  name.charAt(0).toUpperCase() + name.slice(1).replaceAll(/[A-Z]/g, letter => ` ${letter.toLowerCase()}`)

/** What a field says below its control: its hint, else its description without the links of the reference page. */
export const helpOf = (schema: Schema): string =>
  (schema.hint ?? schema.description ?? '')
    .replaceAll(/; \[[^\]]+\]\([^)]+\)/g, '')
    .replaceAll(/\[([^\]]+)\]\([^)]+\)/g, '$1')

/** The members of an object that must be set: always, or by a rule as long as the others are what they are. */
export const requiredOf = (schema: Obj, value: JsonObject): readonly string[] => [
  ...(schema.required ?? []),
  ...(schema['x-kubernetes-validations'] ?? []).flatMap(({ fieldPath = '', holds, reason }) => {
    const name = fieldPath.slice(1)
    return reason === 'FieldValueRequired' && holds?.({ ...value, [name]: undefined }) === false ? [name] : []
  }),
]

/** Whether a form offers a member: the rules that forbid it hold, or it has a value that has to be taken out. */
export const isOffered = (name: string, schema: Obj, value: unknown): boolean => {
  const self: unknown = withDefaults(schema, isObject(value) ? value : {})
  if (!isObject(self) || self[name] !== undefined) return true
  return (schema['x-kubernetes-validations'] ?? []).every(
    ({ fieldPath, holds, reason }) =>
      reason !== 'FieldValueForbidden' || fieldPath !== `.${name}` || holds?.({ ...self, [name]: '' }) !== false,
  )
}

/** Which members of a driver a form asks for at once: those that must be set, and those that the driver names. */
export const isMain = (
  name: string,
  { asked, schema }: { readonly asked: readonly string[]; readonly schema: Obj },
  required: readonly string[],
): boolean => required.includes(name) || asked.includes(name) || choiceOf(schema)?.of.includes(name) === true
