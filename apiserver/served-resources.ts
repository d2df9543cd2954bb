import type { JsonObject } from '../src/api/json.ts'
import { builtin } from './builtin.ts'
import { customResourceDefinitions, definitionsOfCrd } from './crd.ts'
import type { ResourceDefinition } from './definition.ts'
import type { RuleCompiler } from './rule.ts'

/**
 * The resources that the server serves: those in the built-in table, and those of
 * CustomResourceDefinitions.
 */
export interface ServedResources {
  find(group: string, version: string, resource: string): ResourceDefinition | undefined
  all(): readonly ResourceDefinition[]
  /** Returns whether the group is in the built-in table. */
  hasByItself(group: string): boolean
  /**
   * Serves the resources of a CRD. Stops serving the resources that the CRD had before it was
   * changed.
   */
  serve(name: string, crd: JsonObject): void
  withdraw(name: string): void
}

export const createServedResources = (rules: RuleCompiler): ServedResources => {
  const fixed = [...builtin, customResourceDefinitions(rules)]
  const custom = new Map<string, readonly ResourceDefinition[]>()
  let byPath = new Map<string, ResourceDefinition>()

  const all = (): ResourceDefinition[] => [...fixed, ...[...custom.values()].flat()]
  const index = (): void => {
    byPath = new Map(
      all().map(definition => [pathOf(definition.group, definition.version, definition.resource), definition]),
    )
  }
  index()

  return {
    find: (group, version, resource) => byPath.get(pathOf(group, version, resource)),
    all,
    hasByItself: group => fixed.some(definition => definition.group === group),
    serve: (name, crd) => {
      custom.set(name, definitionsOfCrd(crd, rules))
      index()
    },
    withdraw: name => {
      custom.delete(name)
      index()
    },
  }
}

const pathOf = (group: string, version: string, resource: string): string => `${group}/${version}/${resource}`
