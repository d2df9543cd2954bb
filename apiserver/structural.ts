import { at, isObject, listAt, numberAt, stringAt, type JsonObject } from '../src/api/json.ts'
import { stringsAt } from './members.ts'
import { RuleError, type CelRule, type RuleCompiler } from './rule.ts'

/** A part of a CRD's schema, parsed for the functions that walk through a custom resource. */
export interface Node {
  readonly type: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean' | 'integer or string' | 'any'
  readonly nullable: boolean
  readonly properties: ReadonlyMap<string, Node>
  /** The schema of members that `properties` does not name. Undefined if there are none. */
  readonly additional: Node | undefined
  readonly items: Node | undefined
  readonly required: readonly string[]
  readonly preserveUnknown: boolean
  readonly default: unknown
  readonly enum: readonly unknown[] | undefined
  readonly minimum: number | undefined
  readonly maximum: number | undefined
  readonly minLength: number | undefined
  readonly maxLength: number | undefined
  readonly minItems: number | undefined
  readonly maxItems: number | undefined
  readonly minProperties: number | undefined
  readonly maxProperties: number | undefined
  readonly pattern: { readonly text: string; readonly test: (value: string) => boolean } | undefined
  readonly format: string | undefined
  readonly listType: string | undefined
  readonly mapKeys: readonly string[]
  /** True for an object that has one owner as a whole. */
  readonly isAtomic: boolean
  readonly rules: readonly CelRule[]
}

const types = ['object', 'array', 'string', 'integer', 'number', 'boolean'] as const

const typeOf = (schema: JsonObject): Node['type'] => {
  if (schema['x-kubernetes-int-or-string'] === true) return 'integer or string'
  return types.find(type => type === schema['type']) ?? 'any'
}

/**
 * Parses a structural schema; `path` is its place in the CRD. Throws RuleError if a rule cannot be
 * compiled.
 */
export const parseSchema = (schema: unknown, path: string, rules: RuleCompiler): Node => {
  const json = isObject(schema) ? schema : {}
  const inside = (member: unknown, name: string): Node => parseSchema(member, `${path}.${name}`, rules)
  const properties = isObject(json['properties']) ? Object.entries(json['properties']) : []
  const additional = json['additionalProperties']
  const pattern = stringAt(json, 'pattern')
  const type = typeOf(json)
  return {
    type,
    nullable: json['nullable'] === true,
    properties: new Map(properties.map(([name, member]) => [name, inside(member, `properties[${name}]`)])),
    additional: isObject(additional) || additional === true ? inside(additional, 'additionalProperties') : undefined,
    items: isObject(json['items']) ? inside(json['items'], 'items') : undefined,
    required: stringsAt(json, 'required'),
    preserveUnknown: json['x-kubernetes-preserve-unknown-fields'] === true || type === 'any',
    default: json['default'],
    enum: Array.isArray(json['enum']) ? listAt(json, 'enum') : undefined,
    minimum: numberAt(json, 'minimum'),
    maximum: numberAt(json, 'maximum'),
    minLength: numberAt(json, 'minLength'),
    maxLength: numberAt(json, 'maxLength'),
    minItems: numberAt(json, 'minItems'),
    maxItems: numberAt(json, 'maxItems'),
    minProperties: numberAt(json, 'minProperties'),
    maxProperties: numberAt(json, 'maxProperties'),
    pattern: pattern === undefined ? undefined : compilePattern(pattern),
    format: stringAt(json, 'format'),
    listType: stringAt(json, 'x-kubernetes-list-type'),
    mapKeys: stringsAt(json, 'x-kubernetes-list-map-keys'),
    isAtomic: json['x-kubernetes-map-type'] === 'atomic',
    rules: listAt(json, 'x-kubernetes-validations').map((rule, index) =>
      ruleOf(rule, `${path}.x-kubernetes-validations[${index}].rule`, rules),
    ),
  }
}

const ruleOf = (rule: unknown, path: string, compile: RuleCompiler): CelRule => {
  const expression = stringAt(rule, 'rule') ?? ''
  try {
    return {
      message: stringAt(rule, 'message') ?? `failed rule: ${expression}`,
      fieldPath: stringAt(rule, 'fieldPath') ?? '',
      reason: stringAt(rule, 'reason'),
      isTransition: /\boldSelf\b/.test(expression),
      check: compile(expression),
    }
  } catch (error) {
    throw new RuleError(path, expression, error)
  }
}

const compilePattern = (text: string): Node['pattern'] => {
  const expression = new RegExp(text, 'u')
  return { text, test: value => expression.test(value) }
}

/** Returns whether any part of a schema has a CEL rule. */
export const hasRules = (node: Node): boolean =>
  node.rules.length > 0 ||
  [...node.properties.values(), node.additional, node.items].some(inner => inner !== undefined && hasRules(inner))

/**
 * Returns the entry of the old list that has the same keys as `entry`. Undefined if there is none,
 * or if the list is no map.
 */
export const previousEntry = (node: Node, old: unknown, entry: unknown): unknown => {
  if (node.listType !== 'map' || !Array.isArray(old)) return undefined
  return old.find(previous => node.mapKeys.every(name => at(previous, name) === at(entry, name)))
}
