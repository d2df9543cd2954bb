import { group, hookKind, hookPlural, version } from './names.ts'
import { isObject, type JsonObject } from './json.ts'
import type { Obj, Rule, Schema } from './schema.ts'
import { statusSchema } from './status.ts'

/** Columns that show a member of the hook's driver, and which of its members: by the column's name. */
export const driverColumns = { Action: 'action', By: 'by', Min: 'min', Max: 'max' } as const
export type DriverColumn = keyof typeof driverColumns

/** The drivers that have something to show in a column. */
export type ColumnMembers = { readonly [C in DriverColumn]?: readonly string[] }

/** The CustomResourceDefinition of ReceiverHook, from the schema of its spec and what drivers show of theirs. */
export const hookCrd = (spec: Obj, members: ColumnMembers = {}): JsonObject => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${hookPlural}.${group}` },
  spec: {
    group,
    scope: 'Namespaced',
    names: {
      kind: hookKind,
      listKind: `${hookKind}List`,
      plural: hookPlural,
      singular: 'receiverhook',
      shortNames: ['rhook', 'rhooks'],
      // No column shows the URL, so `kubectl get all` may list hooks.
      categories: ['all', 'receiver-hooks'],
    },
    versions: [
      {
        name: version,
        served: true,
        storage: true,
        subresources: { status: {} },
        selectableFields: [{ jsonPath: '.spec.driver' }, { jsonPath: '.spec.suspend' }],
        additionalPrinterColumns: columns(members),
        schema: { openAPIV3Schema: crdSchema(resourceSchema(spec)) },
      },
    ],
  },
})

/** The whole resource: what the CRD stores, and what the reference page describes. */
export const resourceSchema = (spec: Obj): Obj => ({
  type: 'object',
  description: 'A URL that runs one action in the cluster when something POSTs to it.',
  required: ['spec'],
  properties: {
    apiVersion: { type: 'string' },
    kind: { type: 'string' },
    metadata: { type: 'object', properties: {} },
    spec,
    status: statusSchema,
  },
})

const ready = (member: string): string => `.status.conditions[?(@.type=="Ready")].${member}`

/** The URL is a secret: it is in no column. */
const columns = (members: ColumnMembers): readonly JsonObject[] => {
  const driverColumn = (name: DriverColumn, type: string, more = {}): JsonObject[] => {
    const drivers = members[name] ?? []
    return drivers.length === 0 ? [] : [{ name, type, jsonPath: memberPath(drivers, driverColumns[name]), ...more }]
  }
  const wide = { priority: 1 }
  return [
    { name: 'Driver', type: 'string', jsonPath: '.spec.driver' },
    ...driverColumn('Action', 'string'),
    { name: 'Target', type: 'string', jsonPath: '.status.target' },
    { name: 'Ready', type: 'string', jsonPath: ready('status') },
    { name: 'Reason', type: 'string', jsonPath: ready('reason') },
    // The reason of a hook that is Ready says Suspended already.
    { name: 'Suspended', type: 'boolean', jsonPath: '.spec.suspend', ...wide },
    ...driverColumn('By', 'string', wide),
    ...driverColumn('Min', 'integer', wide),
    ...driverColumn('Max', 'integer', wide),
    { name: 'Last', type: 'string', jsonPath: '.status.lastDelivery.result' },
    { name: 'Delivered', type: 'date', jsonPath: '.status.lastDelivery.time', ...wide },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ]
}

/** A hook has the member of one driver, so that a union of several finds one value at most. */
const memberPath = (drivers: readonly string[], member: string): string => {
  const [only, ...others] = drivers
  const union = drivers.map(name => `'${name}'`).join(',')
  return others.length === 0 ? `.spec.${only}.${member}` : `.spec[${union}].${member}`
}

/**
 * A schema as the API server takes it: without the TypeScript side of its rules and what only a form reads. An object without any members of its own is
 * written without `properties`: of `metadata` no CRD may say more.
 */
export const crdSchema = (schema: Schema): JsonObject => {
  const rules = schema['x-kubernetes-validations']?.map(ruleText)
  const description = explained(schema)
  const { hint: _, titles: __, ...sent } = { hint: undefined, titles: undefined, ...schema }
  const plain = {
    ...sent,
    ...(description !== undefined && { description }),
    ...(rules && { 'x-kubernetes-validations': rules }),
  }
  if ('items' in schema) return { ...plain, items: crdSchema(schema.items) }
  if ('additionalProperties' in schema) {
    return { ...plain, additionalProperties: crdSchema(schema.additionalProperties) }
  }
  if (!('properties' in schema)) return plain
  const { properties, ...others } = { ...plain, properties: Object.entries(schema.properties) }
  if (properties.length === 0) return others
  return { ...plain, properties: Object.fromEntries(properties.map(([name, member]) => [name, crdSchema(member)])) }
}

/**
 * Makes the text that `kubectl explain` shows of a description: links become the path of their page, since a link is no use in a
 * terminal, and the default is named, since `explain` does not show it.
 */
const explained = ({ default: byDefault, description }: Schema): string | undefined => {
  const text = description?.replaceAll(
    /\[([^\]]+)\]\(([^)]+)\)/g,
    (_, words: string, page: string) => `${words} (${pathOf(page)})`,
  )
  return text === undefined || byDefault === undefined || isObject(byDefault)
    ? text
    : `${text} Defaults to ${JSON.stringify(byDefault)}.`
}

/** The path of a page that is named from the reference page. */
const pathOf = (page: string): string => (page.startsWith('../') ? `docs/${page.slice(3)}` : `docs/reference/${page}`)

/** A rule as the API server takes it. */
const ruleText = (rule: Rule): JsonObject => {
  const { choice: _, holds: __, ...text } = rule
  return { ...text }
}
