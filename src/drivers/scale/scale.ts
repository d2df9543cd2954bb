import type { Problem } from '../../api/conditions.ts'
import { numberAt } from '../../api/json.ts'
import type { Definitions, Uncountable } from '../../kube/definitions.ts'
import { apiVersionOf } from '../../kube/paths.ts'
import { pluralInCel } from '../../kube/plural.ts'
import { scalableKinds } from '../../kube/resources.ts'
import type { Target } from '../../steps/target/target.ts'
import { countNamed, inSpec, knownCounts, type KnownCount } from '../../steps/target/counts.ts'
import { targetProblem } from '../../steps/target/read.ts'
import {
  countNeeds,
  counting,
  failedBy,
  movementInWords,
  unreadBy,
  worstInWords,
  type CountChange,
} from '../counted/counted.ts'
import { lookAtCount } from '../counted/look.ts'
import type { Bound, Driver, TargetKind, TargetObject } from '../driver.ts'
import type { Right } from '../driver-rights.ts'
import { groupOf, isAutoscaler, scaleExtras, whichCount } from './extras.ts'
import { scaleDeclaration, type Scale, type scaleSchema } from './schema.ts'

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
    const message = `cannot scale ${apiVersion} ${kind}: use one of ${knownKindsInWords}, or a custom resource that has /scale`
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
const scaleTargets: readonly TargetKind[] = knownCounts.map(known =>
  known.max ? autoscaler(known) : { type: known.type, replicas },
)

/** Scales a workload in the hook's namespace up or down by a step within bounds. */
export const scale = {
  ...scaleDeclaration,
  targets: scaleTargets,
  rights: {
    given: 'everywhere',
    trigger: scalableKinds.flatMap(({ group, resource }): Right[] => [
      {
        group,
        resource,
        verbs: ['get', 'list', 'watch'],
        why: 'to read the count, and who controls the object; works without `watch`',
      },
      { group, resource: `${resource}/scale`, verbs: ['patch'], why: 'to write the new count' },
    ]),
    author: [
      {
        when: `!(${isAutoscaler})`,
        group: groupOf,
        resource: pluralInCel('self.target.kind'),
        subresource: 'scale',
        name: 'self.target.name',
        verb: 'patch',
        does: "'scale ' + self.target.kind + '/' + self.target.name",
        right: '`patch` on the `/scale` of the target, as in `deployments/scale`',
        why: 'the hook scales its target',
      },
      {
        when: isAutoscaler,
        group: groupOf,
        resource: pluralInCel('self.target.kind'),
        name: 'self.target.name',
        verb: 'patch',
        does: `'change ' + ${whichCount} + ' of ' + self.target.kind + '/' + self.target.name`,
        right: '`patch` on the target, if that is a HorizontalPodAutoscaler or a ScaledObject',
        why: 'these have no `/scale`, so the hook changes them directly',
      },
    ],
    // A write to /scale can change only the count.
    keeps: [],
    extras: scaleExtras,
  },

  target: ({ target }) => `${target.kind}/${target.name}${target.count === 'max' ? ' count max' : ''}`,

  object: member => objectOf(member),

  describe: member => `scale ${movementInWords(member)}`,

  worst: worstInWords,

  async validate({ target }, reading): Promise<Problem | undefined> {
    const kind = await kindOf(target, reading.definitions)
    if ('reason' in kind) return { ...kind, lasts: kind.reason === 'TargetNotFound' ? 'reconciling' : 'stalled' }
    const { type } = kind
    const object = await reading.get(type, target.name)
    if (!object) {
      const message = `there is no ${type.kind}/${target.name} in namespace ${reading.namespace}`
      return { reason: 'TargetNotFound', message, lasts: 'reconciling' }
    }
    const problem = targetProblem({ ...object, kind: type.kind })
    if (problem) return { ...problem, lasts: problem.reason === 'OwnedByController' ? 'stalled' : 'reconciling' }
    const autoscaler = await reading.autoscalerOf(type, target.name)
    if (autoscaler === undefined) return undefined
    const message = `${autoscaler} sets the count of ${type.kind}/${target.name} and would undo each step: point the hook at ${autoscaler} instead, to change its minimum or its maximum`
    return { reason: 'ManagedByAutoscaler', message, lasts: 'stalled' }
  },

  async needs({ target }, definitions) {
    const kind = await kindOf(target, definitions)
    return 'reason' in kind ? [] : countNeeds({ ...kind, name: target.name })
  },

  execute: member => onTarget(member, counting(member, 'Stepped')),

  async look({ target }, looking) {
    const kind = await kindOf(target, looking.definitions)
    if ('reason' in kind) throw new Error(kind.message)
    return await lookAtCount({ ...kind, namespace: looking.namespace, name: target.name }, looking)
  },

  undo: member => onTarget(member, counting(member, 'Undone')),
} satisfies Driver<'scale', typeof scaleSchema>

const objectOf = ({ target }: Scale): TargetObject | undefined => {
  const kind = knownKind(target)
  return kind && { type: kind.type, name: target.name }
}

/**
 * Returns the function that changes the count of the target for one delivery. That function returns the
 * failure instead if the target's kind has no count, or the count could not be found.
 */
const onTarget = ({ target }: Scale, change: CountChange): Bound['execute'] => {
  const known = knownKind(target)
  return async (_delivery, execution) => {
    const named = { namespace: execution.hook.namespace, name: target.name }
    // A known kind needs no await, so its step begins at once.
    if (known) return await change({ ...known, ...named }, execution)
    try {
      const kind = await kindOf(target, execution.definitions)
      return 'reason' in kind ? failedBy(kind) : await change({ ...kind, ...named }, execution)
    } catch (error) {
      return unreadBy(error)
    }
  }
}
