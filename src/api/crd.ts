import { group, hookKind, hookPlural, version } from './names.ts'
import type { JsonObject } from './json.ts'
import type { Obj, Schema } from './schema.ts'
import { statusSchema } from './status.ts'

/** The CustomResourceDefinition of ReceiverHook, from the schema of its spec. */
export const hookCrd = (spec: Obj): JsonObject => ({
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
      shortNames: ['rhook'],
    },
    versions: [
      {
        name: version,
        served: true,
        storage: true,
        subresources: { status: {} },
        additionalPrinterColumns: columns,
        schema: { openAPIV3Schema: withoutFunctions(resourceSchema(spec)) },
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
const columns = [
  { name: 'Driver', type: 'string', jsonPath: '.spec.driver' },
  { name: 'Action', type: 'string', jsonPath: '.spec.scale.action' },
  { name: 'Target', type: 'string', jsonPath: '.status.target' },
  { name: 'Ready', type: 'string', jsonPath: ready('status') },
  { name: 'Reason', type: 'string', jsonPath: ready('reason') },
  { name: 'By', type: 'string', jsonPath: '.spec.scale.by', priority: 1 },
  { name: 'Min', type: 'integer', jsonPath: '.spec.scale.min', priority: 1 },
  { name: 'Max', type: 'integer', jsonPath: '.spec.scale.max', priority: 1 },
  { name: 'Last', type: 'date', jsonPath: '.status.lastDelivery.time' },
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
]

/** The schema as the API server takes it: without the rules' TypeScript side and the empty metadata properties. */
const withoutFunctions = (schema: Schema): unknown =>
  JSON.parse(
    JSON.stringify(schema, (name, value: unknown) => {
      if (name === 'holds') return undefined
      return name === 'metadata' ? { type: 'object' } : value
    }),
  )
