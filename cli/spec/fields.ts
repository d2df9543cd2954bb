import { at, isObject, tryParseJson } from '../../src/api/json.ts'
import type { Obj, Schema } from '../../src/api/schema.ts'
import { UsageError } from '../../src/commands/command.ts'
import { kindNamed } from './kinds.ts'

/** A field of a hook's spec with its flag. */
export interface SpecField {
  /** The path below `spec`, such as `['scale', 'max']`. */
  readonly path: readonly string[]
  /** The path that an empty value takes away. Default: `path`. */
  readonly taken?: readonly string[]
  /** The name of the flag without dashes, such as `max` or `token-secret-name`. */
  readonly flag: string
  /** The placeholder of the value in help. */
  readonly value: string
  readonly means: string
  readonly choices?: readonly string[]
  readonly many: boolean
  /** Parses the texts of the flag. Throws {@link UsageError}. */
  parse(texts: readonly string[]): unknown
}

/**
 * Returns the fields of an object schema, each with its flag. A reference to an object or a
 * Secret's entry is one field. A value that one word cannot express is given as JSON, so that every
 * field of every schema has a flag.
 */
export const fieldsOf = (schema: Obj, path: readonly string[], prefix = ''): readonly SpecField[] =>
  Object.entries(schema.properties).flatMap(([name, member]) => {
    // The flag of a reference to a Secret has the name of the parent: auth.bearer.secretKeyRef is
    // --auth-bearer.
    const isSecret = name === 'secretKeyRef' || name === 'secretRef'
    const flag = prefix === '' ? dashed(name) : isSecret ? prefix : `${prefix}-${dashed(name)}`
    return fieldsAt(member, [...path, name], flag)
  })

const fieldsAt = (schema: Schema, path: readonly string[], flag: string): readonly SpecField[] => {
  const make = (value: string, parse: SpecField['parse'], more: Partial<SpecField> = {}): readonly SpecField[] => [
    { path, flag, value, means: meaningOf(schema), many: false, parse, ...more },
  ]
  if ('x-kubernetes-preserve-unknown-fields' in schema) return make('JSON', ([text = '']) => json(flag, text))
  if (!('type' in schema)) return make('VALUE', ([text = '']) => (/^-?\d+$/.test(text) ? Number(text) : text))
  switch (schema.type) {
    case 'string':
      return make(shown(schema.enum) ?? 'TEXT', ([text = '']) => text, choicesOf(schema.enum))
    case 'integer':
      return make('NUMBER', ([text = '']) => wholeNumber(flag, text))
    case 'number':
      return make('NUMBER', ([text = '']) => anyNumber(flag, text))
    case 'boolean':
      return make('true|false', ([text = '']) => truth(flag, text), choicesOf(['true', 'false']))
    case 'array':
      return listField(schema.items, make, flag)
    case 'object':
      if (!('properties' in schema)) {
        return make('KEY=VALUE', texts => Object.fromEntries(texts.map(text => pair(flag, text))), { many: true })
      }
      return objectFields(schema, path, flag, make)
  }
}

/**
 * Returns the choices as a placeholder, such as `up|down`, or undefined if they are too long.
 * {@link meaningOf} then lists them.
 */
const shown = (choices: readonly string[] | undefined): string | undefined => {
  const joined = choices?.join('|')
  return joined !== undefined && joined.length <= 30 ? joined : undefined
}

type Make = (value: string, parse: SpecField['parse'], more?: Partial<SpecField>) => readonly SpecField[]

const choicesOf = (choices: readonly string[] | undefined) => (choices === undefined ? {} : { choices })

const listField = (items: Schema, make: Make, flag: string): readonly SpecField[] => {
  const scalar = !('type' in items) || (items.type !== 'object' && items.type !== 'array')
  if (scalar) return make('TEXT', texts => texts, { many: true })
  if (hasJust(items, ['name', 'value'])) {
    return make(
      'NAME=VALUE',
      texts =>
        texts.map(text => {
          const [name, value] = pair(flag, text)
          return { name, value }
        }),
      { many: true },
    )
  }
  return make('JSON', texts => texts.map(text => json(flag, text)), { many: true })
}

const objectFields = (schema: Obj, path: readonly string[], flag: string, make: Make): readonly SpecField[] => {
  if (hasJust(schema, ['name', 'key'])) return make('SECRET/KEY', ([text = '']) => secretEntry(flag, text))
  if ('kind' in schema.properties && 'name' in schema.properties) return referenceFields(schema, path, flag, make)
  const members = Object.entries(schema.properties)
  const [only, ...others] = members
  // If an object has only one member, the flag does not name that member. Without the member, the
  // object may mean something else: `selector: {}` is every workload.
  if (only !== undefined && others.length === 0) {
    const fields = fieldsAt(only[1], [...path, only[0]], flag)
    return fields.length === 1 ? fields.map(field => ({ ...field, taken: path })) : fields
  }
  return members.length === 0 ? make('JSON', ([text = '']) => json(flag, text)) : fieldsOf(schema, path, flag)
}

/**
 * Returns the fields of a reference to an object: one flag for the object, and further flags for
 * the other members.
 */
const referenceFields = (schema: Obj, path: readonly string[], flag: string, make: Make): readonly SpecField[] => {
  const { apiVersion, kind: _, name: __, ...others } = schema.properties
  return [
    ...make('[KIND/]NAME', ([text = '']) => objectReference(flag, text, apiVersion)),
    ...Object.entries(others).flatMap(([name, member]) => fieldsAt(member, [...path, name], `${flag}-${dashed(name)}`)),
  ]
}

const hasJust = (schema: Schema, names: readonly string[]): boolean =>
  'properties' in schema &&
  Object.keys(schema.properties).length === names.length &&
  names.every(name => name in schema.properties)

const dashed = (name: string): string => name.replaceAll(/[A-Z]+/g, capitals => `-${capitals.toLowerCase()}`)

const wholeNumber = (flag: string, text: string): number => {
  if (/^-?\d{1,15}$/.test(text)) return Number(text)
  throw new UsageError(`--${flag} must be a whole number, not ${text}`)
}

const anyNumber = (flag: string, text: string): number => {
  if (text !== '' && Number.isFinite(Number(text))) return Number(text)
  throw new UsageError(`--${flag} must be a number, not ${text}`)
}

const truth = (flag: string, text: string): boolean => {
  if (text === 'true' || text === 'false') return text === 'true'
  throw new UsageError(`--${flag} must be true or false, not ${text}`)
}

const pair = (flag: string, text: string): [string, string] => {
  const at = text.indexOf('=')
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)]
  throw new UsageError(`--${flag} must be NAME=VALUE, not ${text}`)
}

const json = (flag: string, text: string): unknown => {
  const value = tryParseJson(text)
  if (value !== undefined) return value
  throw new UsageError(`--${flag} must be JSON, not ${text}`)
}

const secretEntry = (flag: string, text: string): unknown => {
  const [name = '', key = '', ...more] = text.split('/')
  if (name !== '' && key !== '' && more.length === 0) return { name, key }
  throw new UsageError(`--${flag} must be SECRET/KEY, not ${text}`)
}

/**
 * Parses `web`, `StatefulSet/web` or, if kinds of several groups are possible,
 * `example.com/v1/Widget/web`. A known kind needs no apiVersion.
 */
const objectReference = (flag: string, text: string, versionSchema: Schema | undefined): unknown => {
  const parts = text.split('/')
  const [name, word, ...rest] = parts.toReversed()
  const takesVersion = versionSchema !== undefined
  if (name === undefined || parts.some(part => part === '') || rest.length > (takesVersion ? 2 : 0)) {
    const forms = takesVersion ? 'NAME, KIND/NAME or APIVERSION/KIND/NAME' : 'NAME or KIND/NAME'
    throw new UsageError(`--${flag} must be ${forms}, not ${text}`)
  }
  if (word === undefined) return { name }
  const known = kindNamed(word)
  const apiVersion = rest.length > 0 ? rest.toReversed().join('/') : known?.apiVersion
  const isWritten =
    takesVersion && apiVersion !== undefined && (rest.length > 0 || apiVersion !== versionSchema.default)
  return { ...(isWritten && { apiVersion }), kind: known?.kind ?? word, name }
}

/**
 * Returns the first sentence of a field's description without its links, as the meaning of a flag.
 * Adds the choices and the default.
 */
const meaningOf = (schema: Schema): string => {
  const first = (schema.description ?? '').replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').split(/(?<=\.) /)[0] ?? ''
  const sentence = first.replaceAll('`', '').replace(/\.$/, '')
  const choices = 'enum' in schema && !shown(schema.enum) ? `, one of ${schema.enum?.join(', ')}` : ''
  // A sentence that begins with an abbreviation, such as `URL`, keeps its capitals.
  const begin = /^[A-Z]{2}/.test(sentence) ? sentence.charAt(0) : sentence.charAt(0).toLowerCase()
  const start = begin + sentence.slice(1) + choices
  const otherwise = at(schema, 'default')
  return otherwise === undefined || isObject(otherwise) || otherwise === ''
    ? start
    : `${start} (default: ${typeof otherwise === 'string' ? otherwise : JSON.stringify(otherwise)})`
}
