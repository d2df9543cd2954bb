import { at, isObject, listAt, stringAt, type JsonObject } from '../src/api/json.ts'
import { define, type Admitted, type Column, type ResourceDefinition, type ScalePaths } from './definition.ts'
import { age } from '../cli/output/times.ts'
import { ownableInCustom } from './fields.ts'
import { parseJsonPath } from './jsonpath.ts'
import { stringsAt, withMember } from './members.ts'
import { brokenRules } from './rules.ts'
import { RuleError, type RuleCompiler } from './rule.ts'
import { invalidValue, requiredValue, type Cause } from './status.ts'
import { hasRules, parseSchema, type Node } from './structural.ts'
import { validate } from './validate.ts'

/** Members that every object may have, even if its schema does not name them. */
const root = new Set(['apiVersion', 'kind', 'metadata'])

/** Prunes a whole custom resource, and sets its defaults. */
const shapeResource = (node: Node, object: JsonObject): { object: JsonObject; unknownFields: string[] } => {
  const unknownFields: string[] = []
  return { object: shapeObject(node, object, '', unknownFields, root), unknownFields: unknownFields.sort() }
}

const shape = (node: Node, value: unknown, path: string, unknown: string[]): unknown => {
  if (Array.isArray(value) && node.items) {
    const { items } = node
    return value.map((entry, index) => shape(items, entry, `${path}[${index}]`, unknown))
  }
  const isKnown = node.type === 'object' || node.properties.size > 0
  return isObject(value) && isKnown ? shapeObject(node, value, path, unknown) : value
}

const shapeObject = (
  node: Node,
  object: JsonObject,
  path: string,
  unknown: string[],
  untouched: ReadonlySet<string> = new Set(),
): JsonObject => {
  const shaped: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(object)) {
    const inner = path === '' ? name : `${path}.${name}`
    const member = node.properties.get(name) ?? node.additional
    if (untouched.has(name)) shaped[name] = value
    else if (!member && node.preserveUnknown) shaped[name] = value
    else if (!member) unknown.push(inner)
    // A null means "not set" unless the schema allows null. Then a default applies.
    else if (value !== null || member.nullable) shaped[name] = shape(member, value, inner, unknown)
  }
  for (const [name, member] of node.properties) {
    if (member.default === undefined || name in shaped || untouched.has(name)) continue
    shaped[name] = shape(member, member.default, name, [])
  }
  return shaped
}

/**
 * Returns the resources of a CustomResourceDefinition, one for each served version. Throws
 * RuleError.
 */
export const definitionsOfCrd = (crd: JsonObject, rules: RuleCompiler): ResourceDefinition[] =>
  listAt(crd, 'spec', 'versions').flatMap((version, index) =>
    at(version, 'served') === true ? [definitionOf(crd, version, index, rules)] : [],
  )

const definitionOf = (crd: JsonObject, version: unknown, index: number, rules: RuleCompiler): ResourceDefinition => {
  const names = at(crd, 'spec', 'names')
  const kind = stringAt(names, 'kind') ?? ''
  const schema = at(version, 'schema', 'openAPIV3Schema')
  const scale = scalePaths(at(version, 'subresources', 'scale'))
  const hasStatus = isObject(at(version, 'subresources', 'status'))
  const group = stringAt(crd, 'spec', 'group') ?? ''
  const node = parseSchema(schema, `spec.versions[${index}].schema.openAPIV3Schema`, rules)
  return define({
    group,
    version: stringAt(version, 'name') ?? '',
    resource: stringAt(names, 'plural') ?? '',
    kind,
    singular: stringAt(names, 'singular') ?? kind.toLowerCase(),
    listKind: stringAt(names, 'listKind') ?? `${kind}List`,
    shortNames: stringsAt(names, 'shortNames'),
    categories: stringsAt(names, 'categories'),
    namespaced: stringAt(crd, 'spec', 'scope') === 'Namespaced',
    custom: true,
    generation: true,
    subresources: [...(hasStatus ? (['status'] as const) : []), ...(scale ? (['scale'] as const) : [])],
    ...(scale ? { scale } : {}),
    fields: selectableFields(listAt(version, 'selectableFields')),
    columns: printerColumns(listAt(version, 'additionalPrinterColumns')),
    admit: admitBy(node),
    ownable: ownableInCustom(node),
    ...(isObject(schema) ? { openApi: schema } : {}),
  })
}

/**
 * Parses a JSONPath that names only members, such as `.spec.replicas`. A CRD has these paths for
 * its scale subresource.
 */
const memberPath = (text: string): string[] => text.split('.').filter(name => name !== '')

const selectableFields = (fields: readonly unknown[]): ResourceDefinition['fields'] =>
  Object.fromEntries(
    fields.map(field => memberPath(stringAt(field, 'jsonPath') ?? '')).map(path => [path.join('.'), path]),
  )

const scalePaths = (scale: unknown): ScalePaths | undefined => {
  if (!isObject(scale)) return undefined
  const selector = stringAt(scale, 'labelSelectorPath')
  return {
    specReplicas: memberPath(stringAt(scale, 'specReplicasPath') ?? ''),
    statusReplicas: memberPath(stringAt(scale, 'statusReplicasPath') ?? ''),
    selector: object => (selector === undefined ? '' : (stringAt(object, ...memberPath(selector)) ?? '')),
  }
}

const name: Column = {
  name: 'Name',
  type: 'string',
  format: 'name',
  cell: object => stringAt(object, 'metadata', 'name'),
}
const created: Column = {
  name: 'Age',
  type: 'date',
  cell: (object, now) => age(stringAt(object, 'metadata', 'creationTimestamp'), now),
}

const columnTypes = ['string', 'integer', 'number', 'boolean', 'date'] as const

const printerColumns = (columns: readonly unknown[]): Column[] => {
  if (columns.length === 0) return [name, created]
  const own = columns.map((column): Column => {
    const type = columnTypes.find(known => known === at(column, 'type')) ?? 'string'
    const path = stringAt(column, 'jsonPath') ?? ''
    const find = parseJsonPath(path)
    return {
      name: stringAt(column, 'name') ?? '',
      type,
      priority: Number(at(column, 'priority') ?? 0),
      description: stringAt(column, 'description') ?? `Custom resource definition column (in JSONPath format): ${path}`,
      cell: (object, now) => cell(type, find?.(object)[0], now),
    }
  })
  return [name, ...own]
}

/**
 * Returns a value as a cell of the column's type. A value of another type becomes JSON in a column
 * of strings. In other columns it becomes null, which kubectl shows as empty.
 */
const cell = (type: Column['type'], value: unknown, now: number): unknown => {
  if (value === undefined || value === null) return null
  switch (type) {
    case 'string':
      return typeof value === 'string' ? value : JSON.stringify(value)
    case 'date':
      return typeof value === 'string' ? age(value, now) : null
    case 'integer':
    case 'number':
      return typeof value === 'number' ? value : null
    case 'boolean':
      return typeof value === 'boolean' ? value : null
  }
}

/**
 * Errors after which CEL rules are not checked, because the value may have the wrong type for a
 * rule.
 */
const blocking = new Set([
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
])

const admitBy = (node: Node) => {
  const ruled = hasRules(node)
  return (sent: JsonObject, old: JsonObject | undefined): Admitted => {
    const { object, unknownFields } = shapeResource(node, sent)
    const causes = validate(node, object, old, '')
    if (!ruled) return { object, causes, unknownFields }
    if (causes.some(cause => blocking.has(cause.reason)))
      return { object, causes: [...causes, notChecked], unknownFields }
    return { object, causes: [...causes, ...brokenRules(node, object, old, '')], unknownFields }
  }
}

const notChecked: Cause = invalidValue(
  '<nil>',
  null,
  'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
)

/**
 * Returns the resource of CustomResourceDefinitions themselves. Once such a definition is stored,
 * the server serves the resources in it.
 */
export const customResourceDefinitions = (rules: RuleCompiler): ResourceDefinition =>
  define({
    group: 'apiextensions.k8s.io',
    version: 'v1',
    resource: 'customresourcedefinitions',
    kind: 'CustomResourceDefinition',
    namespaced: false,
    versionRequired: true,
    shortNames: ['crd', 'crds'],
    subresources: ['status'],
    generation: true,
    columns: [
      name,
      { name: 'Created At', type: 'date', cell: object => stringAt(object, 'metadata', 'creationTimestamp') },
    ],
    admit: sent => admitDefinition(sent, rules),
  })

const admitDefinition = (sent: JsonObject, rules: RuleCompiler): Admitted => {
  const names = at(sent, 'spec', 'names')
  const kind = stringAt(names, 'kind') ?? ''
  const accepted = {
    singular: kind.toLowerCase(),
    listKind: `${kind}List`,
    ...(isObject(names) ? names : {}),
  }
  const named = withMember(sent, ['spec', 'names'], accepted)
  const object = withMember(named, ['spec', 'conversion'], at(sent, 'spec', 'conversion') ?? { strategy: 'None' })
  return {
    object: withMember(object, ['status'], established(object, accepted)),
    causes: causesIn(object, rules),
    unknownFields: [],
  }
}

const causesIn = (crd: JsonObject, rules: RuleCompiler): Cause[] => {
  const causes: Cause[] = []
  const name = stringAt(crd, 'metadata', 'name') ?? ''
  const wanted = `${stringAt(crd, 'spec', 'names', 'plural') ?? ''}.${stringAt(crd, 'spec', 'group') ?? ''}`
  if (name !== wanted) causes.push(invalidValue('metadata.name', name, 'must be spec.names.plural+"."+spec.group'))
  if (stringAt(crd, 'spec', 'names', 'kind') === undefined) causes.push(requiredValue('spec.names.kind'))
  if (listAt(crd, 'spec', 'versions').length === 0) causes.push(requiredValue('spec.versions'))
  try {
    definitionsOfCrd(crd, rules)
  } catch (error) {
    if (!(error instanceof RuleError)) throw error
    causes.push(invalidValue(error.field, error.expression, `compilation failed: ${error.message}`))
  }
  return causes
}

const established = (crd: JsonObject, acceptedNames: JsonObject): JsonObject => {
  const lastTransitionTime = stringAt(crd, 'metadata', 'creationTimestamp')
  const condition = (type: string, reason: string, message: string) => ({
    type,
    status: 'True',
    lastTransitionTime,
    reason,
    message,
  })
  return {
    conditions: [
      condition('NamesAccepted', 'NoConflicts', 'no conflicts found'),
      condition('Established', 'InitialNamesAccepted', 'the initial names have been accepted'),
    ],
    acceptedNames,
    storedVersions: listAt(crd, 'spec', 'versions').flatMap(version =>
      at(version, 'storage') === true ? (stringAt(version, 'name') ?? []) : [],
    ),
  }
}
