import { isObject, type JsonObject } from '../../src/api/json.ts'
import { declarations, hookSpecSchema } from '../../src/drivers/schemas.ts'
import { UsageError, type ParsedLine, type Option } from '../../src/commands/command.ts'
import { fieldsOf, type SpecField } from './fields.ts'

/** The fields of each driver, by the driver's name. */
export const fieldsOfDrivers: ReadonlyMap<string, readonly SpecField[]> = new Map(
  declarations.map(({ name, schema }) => [name, fieldsOf(schema, [name])]),
)

const names = new Set<string>(['driver', ...declarations.map(({ name }) => name)])

/** The fields outside the drivers' own members, which every hook can have. */
export const commonFields: readonly SpecField[] = fieldsOf(
  {
    ...hookSpecSchema,
    properties: Object.fromEntries(Object.entries(hookSpecSchema.properties).filter(([name]) => !names.has(name))),
  },
  [],
)

/** A flag and the fields that it sets. Fields of several drivers can have one flag. */
interface Flagged {
  readonly option: Option<readonly string[]>
  readonly fields: readonly SpecField[]
}

const flagged = (): readonly Flagged[] => {
  const byFlag = new Map<string, SpecField[]>()
  for (const field of [...[...fieldsOfDrivers.values()].flat(), ...commonFields]) {
    byFlag.set(field.flag, [...(byFlag.get(field.flag) ?? []), field])
  }
  return [...byFlag].map(([flag, fields]) => ({ fields, option: optionOf(flag, fields) }))
}

const optionOf = (flag: string, fields: readonly SpecField[]): Option<readonly string[]> => {
  const values = [...new Set(fields.map(({ value }) => value))]
  const choices = [...new Set(fields.flatMap(field => field.choices ?? []))]
  const drivers = new Map<string, string[]>()
  for (const { means, path } of fields) drivers.set(means, [...(drivers.get(means) ?? []), path[0] ?? ''])
  const meanings = [...drivers].map(([means, of]) => (drivers.size === 1 ? means : `${of.join(' and ')}: ${means}`))
  return {
    flag,
    value: values.join(' or '),
    means: meanings.join('; '),
    group: groupOf(fields),
    ...(choices.length === 0 ? {} : { choices }),
    ...(fields.some(({ many }) => many) ? { many: true as const } : {}),
    ...(flag === 'target' ? { completes: 'deployments' as const } : {}),
    read: texts => texts,
  }
}

/** Returns the heading above a flag in help: the drivers that have the flag, or `Every hook`. */
const groupOf = (fields: readonly SpecField[]): string => {
  const drivers = [...new Set(fields.map(({ path: [first = ''] }) => first))].filter(name => fieldsOfDrivers.has(name))
  if (drivers.length > 0) return `--driver ${drivers.join(', ')}`
  return fields.some(({ path }) => path[0] === 'auth') ? 'Every hook: what a post must prove' : 'Every hook'
}

/** All flags, grouped by heading. A heading has the place of its first flag. */
const all = (() => {
  const found = flagged()
  const headings = new Set(found.map(({ option }) => option.group))
  return [...headings].flatMap(heading => found.filter(({ option }) => option.group === heading))
})()

/** A flag for each field of a hook's spec, made from the schemas. */
export const specOptions: readonly Option<unknown>[] = all.map(({ option }) => option)

/**
 * Returns the given flags as a part of a spec. An empty value removes a field: the field is null,
 * as in a merge patch. Throws {@link UsageError} for a flag of another driver.
 */
export const specOfFlags = (given: ParsedLine, driver: string): JsonObject => {
  let spec: JsonObject = {}
  for (const { fields, option } of all) {
    const texts = given.get(option)
    if (texts.length === 0) continue
    const field = fields.find(({ path }) => path[0] === driver || !fieldsOfDrivers.has(path[0] ?? ''))
    if (field === undefined) throw foreign(option.flag, driver)
    const removed = texts.length === 1 && texts[0] === ''
    spec = removed
      ? merged(spec, field.taken ?? field.path, null)
      : merged(spec, field.path, field.parse(field.many ? texts : texts.slice(-1)))
  }
  return spec
}

/**
 * Returns the flag for a path such as `spec.scale.max`, or for a parent of that path. Returns
 * undefined if there is none.
 */
export const flagOf = (path: string): string | undefined => {
  const fields = all.flatMap(({ fields }) => fields)
  const found = fields.find(field => {
    const own = `spec.${field.path.join('.')}`
    return own === path || path.startsWith(`${own}.`)
  })
  return found === undefined ? undefined : `--${found.flag}`
}

const foreign = (flag: string, driver: string): UsageError => {
  const owners = [...fieldsOfDrivers]
    .filter(([, fields]) => fields.some(field => field.flag === flag))
    .map(([name]) => name)
  return new UsageError(`--${flag} does nothing with the driver ${driver}: it belongs to ${owners.join(', ')}`)
}

const merged = (object: JsonObject, [name = '', ...rest]: readonly string[], value: unknown): JsonObject => {
  const inside = object[name]
  return { ...object, [name]: rest.length === 0 ? value : merged(isObject(inside) ? inside : {}, rest, value) }
}

/** Returns a spec without the nulls by which {@link specOfFlags} marks removed fields. */
export const withoutNulls = (value: unknown): unknown =>
  isObject(value)
    ? Object.fromEntries(
        Object.entries(value).flatMap(([name, member]) => (member === null ? [] : [[name, withoutNulls(member)]])),
      )
    : value
