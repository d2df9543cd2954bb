import { group, hookKind, hookPlural, apiVersionName } from './names.ts'
import { isObject, type JsonObject } from './json.ts'
import type { Obj, Rule, Schema } from './schema.ts'
import { statusSchema } from './status.ts'
import { pageURL } from './site.ts'

/** Columns that show a member of the hook's driver: the column's name, and the member that it shows. */
export const driverColumns = { Action: 'action', By: 'by', Min: 'min', Max: 'max' } as const
export type DriverColumn = keyof typeof driverColumns

/** For each column, the drivers that have something to show in it. */
export type ColumnMembers = { readonly [C in DriverColumn]?: readonly string[] }

/**
 * Returns the CustomResourceDefinition of ReceiverHook. `spec` is the schema of a hook's spec.
 * `members` says which drivers fill which column.
 */
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
        name: apiVersionName,
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

/** Returns the schema of the whole resource, from which the CRD and the reference page are made. */
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

/** Returns the columns of `kubectl get`. None shows the URL, because it is a secret. */
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
    // The column Reason already shows Suspended, so this column is only in the wide output.
    { name: 'Suspended', type: 'boolean', jsonPath: '.spec.suspend', ...wide },
    ...driverColumn('By', 'string', wide),
    ...driverColumn('Min', 'integer', wide),
    ...driverColumn('Max', 'integer', wide),
    { name: 'Account', type: 'string', jsonPath: '.spec.serviceAccountName', ...wide },
    { name: 'For', type: 'string', jsonPath: '.spec.for', ...wide },
    { name: 'Leased', type: 'integer', jsonPath: '.status.leases.sum', ...wide },
    { name: 'Last', type: 'string', jsonPath: '.status.lastDelivery.result' },
    { name: 'Delivered', type: 'date', jsonPath: '.status.lastDelivery.time', ...wide },
    { name: 'State', type: 'string', jsonPath: '.status.lastDelivery.state', ...wide },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ]
}

/**
 * Returns a JSONPath that finds the member in any of the drivers. A hook has only one driver, so
 * the path finds at most one value.
 */
const memberPath = (drivers: readonly string[], member: string): string => {
  const [only, ...others] = drivers
  const union = drivers.map(name => `'${name}'`).join(',')
  return others.length === 0 ? `.spec.${only}.${member}` : `.spec[${union}].${member}`
}

/**
 * Returns a schema in the form that a CRD takes. It leaves out `hint`, `titles` and `choice`, which
 * are for forms, and the TypeScript part of the rules.
 * An object without members of its own gets no `properties`: a CRD may not say more about
 * `metadata`.
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
 * Makes the text that `kubectl explain` shows. A link becomes the address of its page. The default is
 * added, unless it is an object. `explain` itself shows neither links nor defaults.
 */
const explained = ({ default: byDefault, description }: Schema): string | undefined => {
  const text = description?.replaceAll(
    /\[([^\]]+)\]\(([^)]+)\)/g,
    (_, words: string, page: string) => `${words} (${pageURL(pathOf(page))})`,
  )
  return text === undefined || byDefault === undefined || isObject(byDefault)
    ? text
    : `${text} Defaults to ${JSON.stringify(byDefault)}.`
}

/** Returns a page's path in the repository. The link is relative to the reference pages. */
const pathOf = (page: string): string => (page.startsWith('../') ? `docs/${page.slice(3)}` : `docs/reference/${page}`)

/** Returns a rule in the form that a CRD takes. */
const ruleText = (rule: Rule): JsonObject => {
  const { choice: _, holds: __, ...text } = rule
  return { ...text }
}
