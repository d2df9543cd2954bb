import { at, isObject } from '../src/api/json.ts'
import { equal } from './members.ts'
import type { CelValue, CelRule } from './rule.ts'
import { duplicateValue, forbiddenValue, invalidValue, requiredValue, type Cause } from './status.ts'
import { previousEntry, type Node } from './structural.ts'

/**
 * Returns the violations of CEL rules in a value of the right type. `old` is the value before an
 * update.
 */
export const brokenRules = (node: Node, value: unknown, old: unknown, path: string): Cause[] => {
  if (value === null || value === undefined) return []
  // An unchanged value is checked only by rules that use its previous value.
  const unchanged = old !== undefined && equal(value, old)
  const own = node.rules.flatMap(rule => {
    if (rule.isTransition ? old === undefined : unchanged) return []
    return causesOf(rule, rule.check(celValue(node, value), celValue(node, old)), value, path)
  })
  return [...own, ...inner(node, value, old, path)]
}

const inner = (node: Node, value: unknown, old: unknown, path: string): Cause[] => {
  const { items } = node
  if (Array.isArray(value) && items) {
    return value.flatMap((entry, index) =>
      brokenRules(items, entry, previousEntry(node, old, entry), `${path}[${index}]`),
    )
  }
  if (!isObject(value)) return []
  return Object.entries(value).flatMap(([name, member]) => {
    const schema = node.properties.get(name) ?? node.additional
    return schema ? brokenRules(schema, member, at(old, name), path === '' ? name : `${path}.${name}`) : []
  })
}

const causesOf = (rule: CelRule, verdict: ReturnType<CelRule['check']>, value: unknown, path: string): Cause[] => {
  if (verdict === true) return []
  const field = (path + rule.fieldPath).replace(/^\./, '')
  const message = verdict === false ? rule.message : `rule evaluation error: ${verdict.failed}`
  if (rule.reason === 'FieldValueRequired') return [requiredValue(field, message)]
  if (rule.reason === 'FieldValueForbidden') return [forbiddenValue(field, message)]
  if (rule.reason === 'FieldValueDuplicate') return [duplicateValue(field, value)]
  // The message shows a value only if it is no object and no list.
  return typeof value === 'object'
    ? [{ reason: 'FieldValueInvalid', message: `Invalid value: ${message}`, field }]
    : [invalidValue(field, value, message)]
}

/**
 * The reserved words of CEL. Rules of a CRD write a member with such a name as `__for__`
 * (https://kubernetes.io/docs/reference/using-api/cel/#escaping).
 */
const reserved: ReadonlySet<string> = new Set([
  ...['true', 'false', 'null', 'in', 'as', 'break', 'const', 'continue', 'else', 'for', 'function', 'if'],
  ...['import', 'let', 'loop', 'package', 'namespace', 'return', 'var', 'void', 'while'],
])

/** Returns a value for CEL according to its schema: integers are int, other numbers double. */
const celValue = (node: Node | undefined, value: unknown): CelValue => {
  if (typeof value === 'number') {
    return Number.isInteger(value) && node?.type !== 'number' ? BigInt(value) : value
  }
  if (typeof value === 'string' || typeof value === 'boolean') return value
  if (Array.isArray(value)) return value.map(entry => celValue(node?.items, entry))
  if (!isObject(value)) return null
  return new Map(
    Object.entries(value).map(([name, member]) => [
      reserved.has(name) ? `__${name}__` : name,
      celValue(node?.properties.get(name) ?? node?.additional, member),
    ]),
  )
}
