import { at } from '../../api/json.ts'
import type { Definitions, Uncountable } from '../../kube/definitions.ts'
import { apiVersionOf } from '../../kube/paths.ts'
import type { Target } from '../../steps/target/target.ts'
import { countNamed, inSpec, knownCounts, type KnownCount } from '../../steps/target/counts.ts'
import type { TargetKind } from '../driver.ts'
import type { Scale } from './schema.ts'

/** A kind of target, and how its count is read and written. */
type Kind = Pick<Target, 'type' | 'at'>

/** Returns the kind of a target. Undefined if its CRD must be read to find the count. */
export const knownKind = ({ apiVersion, count, kind }: Omit<Scale['target'], 'name'>): Kind | undefined => {
  const known = kindsByName.get(`${apiVersion} ${kind}`)
  return known?.max && count === 'max' ? { type: known.type, at: known.max } : known
}

const kindsByName: ReadonlyMap<string, KnownCount> = new Map(
  knownCounts.map(known => [`${apiVersionOf(known.type)} ${known.type.kind}`, known]),
)

/**
 * Returns the kind of a target, or why it has no count. The count of a custom resource is found in
 * its CRD. Throws the API server's errors.
 */
export const kindOf = async (target: Scale['target'], definitions: Definitions): Promise<Kind | Uncountable> => {
  const known = knownKind(target)
  if (known) return known
  const { apiVersion, kind } = target
  if (!isCustom(apiVersion)) {
    const message = `cannot scale a ${apiVersion} ${kind}: use one of ${knownKindsInWords}, or a custom resource that has /scale`
    return { reason: 'NotScalable', message }
  }
  const found = await definitions.countOf(apiVersion, kind)
  if ('reason' in found) return found
  const at = countNamed(found.type, `spec.${found.member}`) ?? inSpec(found.member)
  return { type: found.type, at }
}

/**
 * Returns whether an apiVersion is that of a custom resource: its group has a dot and does not end
 * with `.k8s.io`. The API server's own groups with that end have no kind with a count.
 */
const isCustom = (apiVersion: string): boolean =>
  /^[^/]+[.][^/]+\//.test(apiVersion) && !/[.]k8s[.]io\//.test(apiVersion)

const knownKindsInWords = knownCounts.map(({ type }) => `${apiVersionOf(type)} ${type.kind}`).join(', ')

const numberAt = (object: unknown, ...path: readonly string[]): number | undefined => {
  const found = at(object, ...path)
  return typeof found === 'number' ? found : undefined
}

const replicas: TargetKind['replicas'] = object => ({
  wanted: numberAt(object, 'spec', 'replicas') ?? 1,
  ready: numberAt(object, 'status', 'readyReplicas') ?? 0,
})

/**
 * Returns an autoscaler's kind, for display. Its count is the minimum, and its maximum is a part. A new
 * minimum takes effect at once, so all of it is shown as ready.
 */
const autoscaler = ({ at: least, max, type }: KnownCount): TargetKind => ({
  type,
  replicas: object => {
    const wanted = least.read(object) ?? 0
    return { wanted, ready: wanted }
  },
  parts: object => [
    { more: {}, wanted: least.read(object) ?? 0 },
    { more: { count: 'max' }, wanted: max?.read(object) ?? 0 },
  ],
})

/** The kinds whose count is found without their CRD, for display. */
export const scaleTargets: readonly TargetKind[] = knownCounts.map(known =>
  known.max ? autoscaler(known) : { type: known.type, replicas },
)
