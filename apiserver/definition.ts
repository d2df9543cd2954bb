import type { JsonObject } from '../src/api/json.ts'
import type { ResourceType } from '../src/kube/paths.ts'
import { ownableInSpec } from './fields.ts'
import type { Cause } from './status.ts'
import type { Node } from './structural.ts'

/**
 * A column of `kubectl get`. A column with priority 0 is always shown, one with priority 1 only
 * with `-o wide`.
 */
export interface Column {
  readonly name: string
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date'
  readonly format?: 'name'
  readonly priority?: number
  readonly description?: string
  /** Returns the cell of an object. `now` is in milliseconds since the epoch. */
  readonly cell: (object: JsonObject, now: number) => unknown
}

/**
 * Where a scalable object has its desired count and its current count, and a function that returns
 * its pod selector as text.
 */
export interface ScalePaths {
  readonly specReplicas: readonly string[]
  readonly statusReplicas: readonly string[]
  readonly selector: (object: JsonObject) => string
}

/** The result of a type's own rules for an object that is to be stored. */
export interface Admitted {
  readonly object: JsonObject
  readonly causes: readonly Cause[]
  /** Members that the type does not know. They are removed from `object`. */
  readonly unknownFields: readonly string[]
}

/** One version of a resource. Built-in resources are rows in a table, others come from CRDs. */
export interface ResourceDefinition extends ResourceType {
  /** The name of the collection in the store. Definitions with one collection share its objects. */
  readonly kept: string
  readonly singular: string
  readonly listKind: string
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  readonly namespaced: boolean
  readonly custom: boolean
  /** True if a PUT must name the version that it replaces. */
  readonly versionRequired: boolean
  readonly subresources: readonly ('status' | 'scale')[]
  readonly scale?: ScalePaths
  /** The schema of what can have an owner. */
  readonly ownable: Node
  /** Subresources that only a real server has, each with the error message for requests to it. */
  readonly unsupported?: Readonly<Record<string, string>>
  /** True if metadata.generation counts changes of the spec. */
  readonly generation: boolean
  readonly columns: readonly Column[]
  /** The members that a field selector may name besides name and namespace, with their paths. */
  readonly fields: Readonly<Record<string, readonly string[]>>
  /** Applies defaults, pruning and validation. `old` is the stored object of an update. */
  readonly admit: (object: JsonObject, old: JsonObject | undefined) => Admitted
  /**
   * `decode` converts an object from the form that clients see to the stored form, `encode` does
   * the reverse. Absent if the two forms differ only in apiVersion and kind.
   */
  readonly decode?: (object: JsonObject) => JsonObject
  readonly encode?: (object: JsonObject) => JsonObject
  /** The OpenAPI schema, for the document that `kubectl explain` reads. */
  readonly openApi?: JsonObject
}

/**
 * The definition of a resource, without the members that have their most common value. {@link
 * define} adds these.
 */
export type TableRow = Pick<ResourceType, 'group' | 'version' | 'resource' | 'kind'> &
  Partial<Omit<ResourceDefinition, 'group' | 'version' | 'resource' | 'kind'>>

export const define = (row: TableRow): ResourceDefinition => ({
  kept: `${row.group}/${row.resource}`,
  singular: row.kind.toLowerCase(),
  listKind: `${row.kind}List`,
  shortNames: [],
  categories: [],
  namespaced: true,
  custom: false,
  versionRequired: row.custom === true,
  subresources: [],
  generation: false,
  columns: [],
  fields: {},
  admit: object => ({ object, causes: [], unknownFields: [] }),
  ownable: ownableInSpec([...(row.scale?.specReplicas.slice(1) ?? []), 'paused', 'suspend']),
  ...row,
})
