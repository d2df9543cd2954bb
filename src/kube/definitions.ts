import { at, stringAt } from '../api/json.ts'
import { BoundedMap } from '../environment/bounded-map.ts'
import type { Environment, Lane } from '../environment/environment.ts'
import { isStatus } from './errors.ts'
import { collectionPath, type ResourceType } from './paths.ts'
import { pluralOf } from './plural.ts'
import { send } from './requests.ts'
import { UnknownKind } from './unknown-kind.ts'

/** How long a definition is taken for what it was, in milliseconds: it is up to 300 kB, and changes with an upgrade. */
const keptMs = 600_000

/** The same of a kind that cannot be counted: it may be installed a moment later. */
const missingKeptMs = 10_000

/** How many kinds are remembered. */
const mostKept = 64

/** A custom kind that has /scale. */
export interface Countable {
  readonly type: ResourceType
  /** The member of `spec` that holds the count. */
  readonly member: string
}

/** Why objects of a kind are not counted. */
export interface Uncountable {
  readonly reason: 'NotScalable' | 'TargetNotFound'
  readonly message: string
}

/** What the cluster says of custom kinds. */
export interface Definitions {
  /** Where objects of a kind hold their count. Throws what the API throws. */
  countOf(apiVersion: string, kind: string): Promise<Countable | Uncountable>
}

export const customDefinitions: ResourceType = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  resource: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
}

/** Reads definitions and remembers what they say. `lane` and `timeoutMs` are those of each read. */
export const definitionsOf = (
  { api, clock }: Pick<Environment, 'api' | 'clock'>,
  asked: { readonly lane: Lane; readonly timeoutMs: number },
): Definitions => {
  const known = new BoundedMap<string, { readonly found: Promise<Countable | Uncountable>; until: number }>(mostKept)

  const look = async (apiVersion: string, kind: string): Promise<Countable | Uncountable> => {
    const [group = '', version = ''] = apiVersion.split('/', 2)
    const type = { group, version, resource: pluralOf(kind), kind }
    const name = `${type.resource}.${group}`
    const path = `${collectionPath(customDefinitions)}/${encodeURIComponent(name)}`
    const definition = await send(api, { method: 'GET', path, ...asked }).catch(orMissing)
    if (!definition) return { reason: 'TargetNotFound', message: new UnknownKind(type).message }
    const counted = countIn(definition, type)
    return 'member' in counted
      ? { type, member: counted.member }
      : { reason: 'NotScalable', message: `cannot scale a ${apiVersion} ${kind}: the kind ${name} ${counted.lacks}` }
  }

  return {
    countOf: async (apiVersion, kind) => {
      const key = `${apiVersion} ${kind}`
      const before = known.get(key)
      if (before && clock.monotonic() < before.until) return await before.found
      const entry = { found: look(apiVersion, kind), until: clock.monotonic() + missingKeptMs }
      known.set(key, entry)
      try {
        const found = await entry.found
        if ('type' in found) entry.until = clock.monotonic() + keptMs
        return found
      } catch (error) {
        if (known.get(key) === entry) known.delete(key)
        throw error
      }
    },
  }
}

const orMissing = (error: unknown): undefined => {
  if (!isStatus(error, 404)) throw error
}

/** Where objects of a kind hold their count, by its definition; or what that lacks. */
const countIn = (
  definition: unknown,
  { kind, version }: ResourceType,
): { readonly member: string } | { readonly lacks: string } => {
  const named = stringAt(definition, 'spec', 'names', 'kind')
  if (named !== kind) return { lacks: `is that of ${named}` }
  if (at(definition, 'spec', 'scope') !== 'Namespaced') return { lacks: 'is in no namespace' }
  const versions = at(definition, 'spec', 'versions')
  const served: unknown = Array.isArray(versions) ? versions.find(each => at(each, 'name') === version) : undefined
  if (at(served, 'served') !== true) return { lacks: `is not served as ${version}` }
  const path = stringAt(served, 'subresources', 'scale', 'specReplicasPath')
  if (path === undefined) return { lacks: 'has no /scale' }
  const member = /^\.spec\.([A-Za-z_][\w-]*)$/.exec(path)?.[1]
  return member === undefined ? { lacks: `has its count in ${path}, and not directly in spec` } : { member }
}
