import { at, isObject, type JsonObject } from '../src/api/json.ts'
import { withMember } from './members.ts'
import { parseSchema, type Node } from './structural.ts'

const below = (path: string, step: string): string => (path === '' ? step : `${path}\0${step}`)

const schemaOf = (schema: JsonObject): Node =>
  parseSchema(schema, '', () => {
    throw new Error('these schemas have no rules')
  })

const unknown = schemaOf({})

const metadata = schemaOf({
  'x-kubernetes-preserve-unknown-fields': true,
  properties: {
    finalizers: { items: {}, 'x-kubernetes-list-type': 'set' },
    ownerReferences: {
      items: { 'x-kubernetes-map-type': 'atomic' },
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['uid'],
    },
  },
})

/**
 * The fields of an object that can have an owner. A field is the path that it has in `fieldsV1`, such as `f:spec`,
 * `f:env`, `k:{"name":"MODE"}`, `f:value`, with a NUL between two steps.
 */

/** Returns the schema of what can have an owner in a custom resource: all that its own schema has, and its metadata. */
export const ownableInCustom = (schema: Node): Node => ({
  ...schema,
  properties: new Map([...schema.properties, ['metadata', metadata]]),
})

/** Returns the schema of what has an owner in a built-in resource on this server: members of `spec`, such as `replicas`. */
export const ownableInSpec = (names: readonly string[]): Node => {
  const properties = Object.fromEntries(names.map(name => [name, {}]))
  return schemaOf({ type: 'object', properties: { spec: { type: 'object', properties } } })
}

/** A member of an object or an entry of a list, with its step in the path of a field. */
type Part = readonly [step: string, node: Node, value: unknown]

/** Returns the parts of a value. Undefined if only the whole value can have an owner. */
const partsOf = (node: Node, value: unknown): readonly Part[] | undefined => {
  const { items, listType, mapKeys } = node
  if (Array.isArray(value) && items && listType === 'set')
    return value.map((entry: unknown): Part => [`v:${JSON.stringify(entry)}`, items, entry])
  if (Array.isArray(value) && items && listType === 'map') {
    return value.map((entry: unknown): Part => {
      const keys = mapKeys.map((name): readonly [string, unknown] => [
        name,
        at(entry, name) ?? items.properties.get(name)?.default,
      ])
      return [`k:${JSON.stringify(Object.fromEntries<unknown>(keys))}`, items, entry]
    })
  }
  if (!isObject(value) || node.isAtomic) return undefined
  return Object.entries(value).flatMap(([name, member]): Part[] => {
    const known = node.properties.get(name) ?? node.additional ?? (node.preserveUnknown ? unknown : undefined)
    return known && member !== undefined ? [[`f:${name}`, known, member]] : []
  })
}

const isEntry = (path: string): boolean => path.slice(path.lastIndexOf('\0') + 1).startsWith('k:')

/** Returns the fields of a value, and what they are. An entry of a list is a field, and so are its members. */
export const fieldsIn = (node: Node, value: unknown, path = '', fields = new Map<string, unknown>()) => {
  const parts = partsOf(node, value)
  if (parts === undefined || (parts.length === 0 && path !== '')) return fields.set(path, value)
  if (isEntry(path)) fields.set(path, true)
  for (const [step, inner, part] of parts) fieldsIn(inner, part, below(path, step), fields)
  return fields
}

/** Returns an object into which `config` is merged, part by part. */
export const withApplied = (node: Node, object: JsonObject, config: JsonObject): JsonObject => {
  const merged = merge(node, object, config)
  return isObject(merged) ? merged : object
}

const merge = (node: Node, value: unknown, config: unknown): unknown => {
  const current = partsOf(node, value)
  const applied = partsOf(node, config)
  if (current === undefined || applied === undefined) return config
  const parts = new Map(current.map(([step, , part]) => [step, part]))
  for (const [step, inner, part] of applied) parts.set(step, merge(inner, parts.get(step), part))
  return rebuilt(value, parts)
}

/** Returns an object without the given fields. */
export const withoutFields = (node: Node, object: JsonObject, gone: ReadonlySet<string>): JsonObject => {
  const left = gone.size === 0 ? object : strip(node, object, gone, '')
  return isObject(left) ? left : object
}

const strip = (node: Node, value: unknown, gone: ReadonlySet<string>, path: string): unknown => {
  const parts = partsOf(node, value)
  if (parts === undefined) return value
  const left = parts.map(([step, inner, part]): [string, unknown] => {
    const field = below(path, step)
    return [step, gone.has(field) ? undefined : strip(inner, part, gone, field)]
  })
  return rebuilt(value, new Map(left))
}

const rebuilt = (value: unknown, parts: ReadonlyMap<string, unknown>): unknown => {
  if (!isObject(value)) return [...parts.values()].filter(part => part !== undefined)
  return [...parts].reduce<JsonObject>((object, [step, part]) => withMember(object, [step.slice(2)], part), value)
}

/** Returns the given fields and all that they are in. */
export const withParents = (fields: Iterable<string>): Set<string> => {
  const all = new Set<string>()
  for (const field of fields) {
    for (let end = field.length; end > 0; end = field.lastIndexOf('\0', end - 1)) all.add(field.slice(0, end))
  }
  return all
}

/** Writes fields in the form of `fieldsV1`. */
export const encodeFields = (fields: Iterable<string>): JsonObject =>
  [...fields].reduce<JsonObject>(
    (tree, field) => withMember(tree, [...field.split('\0'), ...(isEntry(field) ? ['.'] : [])], {}),
    {},
  )

/** Reads the form of `fieldsV1`. */
export const decodeFields = (tree: unknown, path = ''): string[] =>
  Object.entries(isObject(tree) ? tree : {}).flatMap(([step, inner]) => {
    if (step === '.') return [path]
    const fields = decodeFields(inner, below(path, step))
    return fields.length > 0 ? fields : [below(path, step)]
  })

/** Writes a field as in the message of a conflict: `.spec.runJob.env[name="MODE"].value`. */
export const describeField = (field: string): string =>
  field
    .split('\0')
    .map(step => {
      const value = step.slice(2)
      if (step.startsWith('f:')) return `.${value}`
      if (step.startsWith('v:')) return `[=${value}]`
      const keys: unknown = JSON.parse(value)
      return `[${Object.entries(isObject(keys) ? keys : {})
        .map(([name, key]) => `${name}=${JSON.stringify(key)}`)
        .join(',')}]`
    })
    .join('')
