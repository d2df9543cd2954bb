import { at, isObject } from '../src/api/json.ts'
import { isDateTime } from '../src/api/windows.ts'
import { equal } from './members.ts'
import { duplicateValue, invalidValue, requiredValue, typeInvalid, type Cause } from './status.ts'
import { previousEntry, type Node } from './structural.ts'

/**
 * Returns the errors in a value, in the real server's words. CEL rules are checked in rules.ts.
 * Unchanged parts of an update are not checked again ("ratcheting"), so that a stricter schema does
 * not block old objects.
 */
export const validate = (node: Node, value: unknown, old: unknown, path: string): Cause[] => {
  if (old !== undefined && equal(value, old)) return []
  if (value === null && node.nullable) return []
  return [...typeCauses(node, value, path), ...enumCauses(node, value, path), ...boundCauses(node, value, old, path)]
}

const typeName = (value: unknown): string => {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  return typeof value === 'number' ? (Number.isInteger(value) ? 'integer' : 'number') : typeof value
}

const fits: Readonly<Record<Node['type'], readonly string[]>> = {
  object: ['object'],
  array: ['array'],
  string: ['string'],
  integer: ['integer'],
  number: ['integer', 'number'],
  boolean: ['boolean'],
  'integer or string': ['integer', 'string'],
  any: [],
}

const typeCauses = (node: Node, value: unknown, path: string): Cause[] => {
  const found = typeName(value)
  if (node.type === 'any' || fits[node.type].includes(found)) return []
  const wanted = node.type === 'integer or string' ? 'integer,string' : node.type
  return [typeInvalid(path, found, `${path} in body must be of type ${wanted}: ${JSON.stringify(found)}`)]
}

const enumCauses = (node: Node, value: unknown, path: string): Cause[] => {
  if (!node.enum || node.enum.some(allowed => equal(allowed, value))) return []
  const supported = node.enum.map(allowed => JSON.stringify(allowed)).join(', ')
  return [
    {
      reason: 'FieldValueNotSupported',
      message: `Unsupported value: ${JSON.stringify(value)}: supported values: ${supported}`,
      field: path,
    },
  ]
}

const boundCauses = (node: Node, value: unknown, old: unknown, path: string): Cause[] => {
  if (typeof value === 'number') return numberCauses(node, value, path)
  if (typeof value === 'string') return stringCauses(node, value, path)
  if (Array.isArray(value)) return node.type === 'array' ? listCauses(node, value, old, path) : []
  return isObject(value) && node.type === 'object' ? objectCauses(node, value, old, path) : []
}

const numberCauses = (node: Node, value: number, path: string): Cause[] => {
  const causes: Cause[] = []
  if (node.format === 'int32' && Math.abs(value) > 2 ** 31) {
    causes.push(invalidValue('<nil>', '', `Checked value must be of type integer with format int32 in ${path}`))
  }
  if (value < (node.minimum ?? -Infinity)) {
    causes.push(invalidValue(path, value, `${path} in body should be greater than or equal to ${node.minimum}`))
  }
  if (value > (node.maximum ?? Infinity)) {
    causes.push(invalidValue(path, value, `${path} in body should be less than or equal to ${node.maximum}`))
  }
  return causes
}

const stringCauses = (node: Node, value: string, path: string): Cause[] => {
  const causes: Cause[] = []
  // The length in characters, not in UTF-16 units, because the real server counts runes.
  const length = Array.from(value).length
  if (length < (node.minLength ?? 0)) {
    causes.push(invalidValue(path, value, `${path} in body should be at least ${node.minLength} chars long`))
  }
  if (length > (node.maxLength ?? Infinity)) {
    const message = `Too long: may not be more than ${node.maxLength} bytes`
    causes.push({ reason: 'FieldValueTooLong', message, field: path })
  }
  if (node.pattern && !node.pattern.test(value)) {
    causes.push(invalidValue(path, value, `${path} in body should match '${node.pattern.text}'`))
  }
  if (node.format === 'date-time' && !isDateTime(value)) {
    causes.push(typeInvalid(path, value, `${path} in body must be of type date-time: ${JSON.stringify(value)}`))
  }
  return causes
}

const tooMany = (count: number, most: number | undefined, path: string): Cause[] =>
  count > (most ?? Infinity)
    ? [
        {
          reason: 'FieldValueTooMany',
          message: `Too many: ${count}: must have at most ${most} items`,
          field: path,
        },
      ]
    : []

const listCauses = (node: Node, value: readonly unknown[], old: unknown, path: string): Cause[] => {
  const { items } = node
  const few =
    value.length < (node.minItems ?? 0)
      ? [invalidValue(path, value.length, `${path} in body should have at least ${node.minItems} items`)]
      : []
  const entries = items
    ? value.flatMap((entry, index) => validate(items, entry, previousEntry(node, old, entry), `${path}[${index}]`))
    : []
  return [...few, ...tooMany(value.length, node.maxItems, path), ...entries, ...duplicateCauses(node, value, path)]
}

const duplicateCauses = (node: Node, value: readonly unknown[], path: string): Cause[] => {
  if (node.listType !== 'map' && node.listType !== 'set') return []
  const { listType, mapKeys } = node
  const identity = (entry: unknown): unknown =>
    listType === 'set' ? entry : Object.fromEntries(mapKeys.map(name => [name, at(entry, name)]))
  const seen = new Set<string>()
  return value.flatMap((entry, index) => {
    const id = JSON.stringify(identity(entry))
    if (seen.has(id)) return [duplicateValue(`${path}[${index}]`, identity(entry))]
    seen.add(id)
    return []
  })
}

const objectCauses = (node: Node, value: { readonly [name: string]: unknown }, old: unknown, path: string): Cause[] => {
  const inside = (name: string): string => (path === '' ? name : `${path}.${name}`)
  const missing = node.required.filter(name => !(name in value)).map(name => requiredValue(inside(name)))
  const members = Object.entries(value).flatMap(([name, member]) => {
    const schema = node.properties.get(name) ?? node.additional
    return schema ? validate(schema, member, at(old, name), inside(name)) : []
  })
  return [...missing, ...tooMany(Object.keys(value).length, node.maxProperties, path), ...members]
}
