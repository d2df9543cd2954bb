import { durationRule } from '../../../api/duration.ts'
import type { JsonObject } from '../../../api/json.ts'
import type { Obj, Properties, Schema } from '../../../api/schema.ts'

/** The control that a value gets: it follows from its schema alone, so that a driver's form needs no line here. */
export type Widget =
  | { readonly kind: 'radios' | 'select'; readonly options: readonly string[]; readonly byDefault: string | undefined }
  | {
      readonly kind: 'number'
      readonly whole: boolean
      readonly least: number | undefined
      readonly most: number | undefined
    }
  | { readonly kind: 'count-or-share' | 'checkbox' | 'duration' | 'code' | 'text' | 'json' }
  | { readonly kind: 'reference'; readonly schema: Obj }
  | { readonly kind: 'fieldset'; readonly properties: Properties; readonly required: readonly string[] }
  | { readonly kind: 'list'; readonly items: Schema; readonly most: number }

/** A choice of so many is seen at once. */
const mostRadios = 3
/** A text that may be longer is more than a name. */
const longText = 1_000

export const widgetOf = (schema: Schema): Widget => {
  if (!('type' in schema)) return 'x-kubernetes-int-or-string' in schema ? { kind: 'count-or-share' } : { kind: 'json' }
  switch (schema.type) {
    case 'string': {
      const options = schema.enum
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
    case 'array':
      return { kind: 'list', items: schema.items, most: schema.maxItems ?? Infinity }
    case 'object':
      if (!('properties' in schema)) return { kind: 'json' }
      if (isReference(schema)) return { kind: 'reference', schema }
      if (Object.keys(schema.properties).length === 0) return { kind: 'json' }
      return { kind: 'fieldset', properties: schema.properties, required: schema.required ?? [] }
    default:
      return { kind: 'json' }
  }
}

/** An object that names another: a picker over what there is. */
const isReference = (schema: Obj): boolean =>
  ['apiVersion', 'kind', 'name'].every(name => name in schema.properties) && Object.keys(schema.properties).length === 3

/** What a field is called: its title, else its name in words. */
export const labelOf = (name: string, schema: Schema): string =>
  schema.title ??
  name.charAt(0).toUpperCase() + name.slice(1).replaceAll(/[A-Z]/g, letter => ` ${letter.toLowerCase()}`)

/** A description without the links of the reference page. */
export const helpOf = (schema: Schema): string => (schema.description ?? '').replaceAll(/\[([^\]]+)\]\([^)]+\)/g, '$1')

/** The members of an object that must be set: always, or by a rule as long as the others are what they are. */
export const requiredOf = (schema: Obj, value: JsonObject): readonly string[] => [
  ...(schema.required ?? []),
  ...(schema['x-kubernetes-validations'] ?? []).flatMap(({ fieldPath = '', holds, reason }) => {
    const name = fieldPath.slice(1)
    return reason === 'FieldValueRequired' && holds?.({ ...value, [name]: undefined }) === false ? [name] : []
  }),
]

/** Members that are put before others: those that must be set, and counts. */
export const isMain = (name: string, schema: Schema, required: readonly string[]): boolean =>
  required.includes(name) || isPlain(schema)

const isPlain = (schema: Schema): boolean => !('type' in schema) || schema.type === 'integer'
