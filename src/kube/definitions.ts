import { at, listAt, stringAt } from '../api/json.ts'
import { BoundedMap } from '../environment/bounded-map.ts'
import type { Environment, Lane } from '../environment/environment.ts'
import { isStatus, UnknownKind } from './errors.ts'
import { collectionPath, type ResourceType } from './paths.ts'
import { pluralOf } from './plural.ts'
import { send } from './requests.ts'

/** How long a CRD is cached, in milliseconds. A CRD has up to 300 kB, and changes only with an upgrade. */
const keptMs = 600_000

/**
 * How long an {@link Uncountable} result is cached, in milliseconds. The kind's CRD may be
 * installed or changed soon.
 */
const missingKeptMs = 10_000

/** The largest number of kinds in the cache. */
const maxKept = 64

/** A custom kind whose CRD has the subresource /scale. */
export interface Countable {
  readonly type: ResourceType
  /** The member of `spec` that holds the count, such as `replicas`. */
  readonly member: string
}

/** Why no count is found in the objects of a kind. */
export interface Uncountable {
  readonly reason: 'NotScalable' | 'TargetNotFound'
  readonly message: string
}

/** What CRDs say about custom kinds. */
export interface Definitions {
  /**
   * Returns where objects of a kind hold their count, or why none is found. Throws ApiError and
   * Unreachable.
   */
  countOf(apiVersion: string, kind: string): Promise<Countable | Uncountable>
}

export const customDefinitions: ResourceType = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  resource: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
}

/** Reads CRDs and caches their content. `lane` and `timeoutMs` apply to each read. */
export const definitionsOf = (
  { api, clock }: Pick<Environment, 'api' | 'clock'>,
  asked: { readonly lane: Lane; readonly timeoutMs: number },
): Definitions => {
  const known = new BoundedMap<string, { readonly found: Promise<Countable | Uncountable>; until: number }>(maxKept)

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
      : { reason: 'NotScalable', message: `cannot scale ${apiVersion} ${kind}: the kind ${name} ${counted.missing}` }
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

/**
 * Returns which member of `spec` holds the count of a kind's objects, according to its CRD. If
 * there is none, returns the reason as the end of a sentence.
 */
const countIn = (
  definition: unknown,
  { kind, version }: ResourceType,
): { readonly member: string } | { readonly missing: string } => {
  const named = stringAt(definition, 'spec', 'names', 'kind')
  if (named !== kind) return { missing: `is that of ${named}` }
  if (at(definition, 'spec', 'scope') !== 'Namespaced') return { missing: 'is in no namespace' }
  const served = listAt(definition, 'spec', 'versions').find(each => at(each, 'name') === version)
  if (at(served, 'served') !== true) return { missing: `is not served as ${version}` }
  const path = stringAt(served, 'subresources', 'scale', 'specReplicasPath')
  if (path === undefined) return { missing: 'has no /scale' }
  const member = /^\.spec\.([A-Za-z_][\w-]*)$/.exec(path)?.[1]
  return member === undefined ? { missing: `has its count in ${path}, and not directly in spec` } : { member }
}
