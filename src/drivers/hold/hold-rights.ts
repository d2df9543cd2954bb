import { pluralInCel } from '../../kube/plural.ts'
import { countsAnnotation } from '../../steps/target/histories.ts'
import { heldKinds, type HeldKind } from '../../steps/target/held-kinds.ts'
import { heldName, holdsAnnotation } from '../../steps/target/holds.ts'
import { markAnnotation } from '../../steps/target/via-object.ts'
import type { Cel, DriverRights, Extra, Kept } from '../driver-rights.ts'
import { authorOf } from '../rollouts/rollout-rights.ts'
import { groupOf } from '../scale/extras.ts'
import { nowAndBefore, sameBut, sameMember, type Both } from '../unchanged.ts'

/** The verb that an account needs in addition, so that the policy lets it hold objects of a kind. */
export const holdVerb = 'hold'

const annotations = ['metadata', 'annotations']

const scalingPolicy = (type: string, value: number): Cel =>
  `{'type': dyn('${type}'), 'value': dyn(${value}), 'periodSeconds': dyn(15)}`

/**
 * What the API server fills in where a write adds the first member of a map. See SetDefaults_HorizontalPodAutoscaler
 * in Kubernetes' pkg/apis/autoscaling/v2.
 */
const filledIn: Readonly<Record<string, Cel>> = {
  'spec.behavior': `{'scaleUp': {'stabilizationWindowSeconds': dyn(0), 'selectPolicy': dyn('Max'), 'policies': dyn([${scalingPolicy('Pods', 4)}, ${scalingPolicy('Percent', 100)}])}}`,
  'spec.behavior.scaleDown': `{'policies': [${scalingPolicy('Percent', 100)}]}`,
}

/** Returns CEL for a map that may be missing. */
const orNone = ([now, before]: Both, parents: readonly string[]): Both => {
  const has = (root: string): string =>
    parents.map((_, depth) => `has(${[root, ...parents.slice(0, depth + 1)].join('.')})`).join(' && ')
  return [
    `(${has('object')} ? ${now} : {})`,
    `(${has('oldObject')} ? ${before} : ${filledIn[parents.join('.')] ?? '{}'})`,
  ]
}

/**
 * Returns the rule that a write changes only the held field, and the annotations that go with it. Names
 * of annotations are compared whole, because some begin with the name of another.
 */
const keptFor = ({ field, type }: HeldKind): Kept => {
  const { path } = field
  const [first, last = ''] = [path[0], path.at(-1)]
  const isAnnotation = first === 'metadata'
  const own = [markAnnotation, holdsAnnotation, countsAnnotation]
  const way = isAnnotation
    ? ['object.spec == oldObject.spec']
    : path.slice(0, -1).map((_, depth) => {
        const parents = path.slice(0, depth + 1)
        return sameBut(orNone(nowAndBefore(parents), parents), [path[depth + 1] ?? ''])
      })
  const rules: readonly Cel[] = [
    ...['labels', 'finalizers', 'ownerReferences'].map(member => sameMember(nowAndBefore(['metadata']), member)),
    sameBut(orNone(nowAndBefore(annotations), annotations), isAnnotation ? [last, ...own] : own),
    ...way,
    // Other drivers may patch objects of the kind, too. Only hooks of this driver have this right.
    `authorizer.group('${type.group}').resource('${type.resource}').namespace(request.namespace).check('${holdVerb}').allowed()`,
  ]
  return {
    group: type.group,
    resource: type.resource,
    only: `${heldName(field)}, and the annotations ${own.join(', ')}`,
    holds: rules.map(rule => `(${rule})`).join(' &&\n'),
  }
}

const rightsFor = (name: string, hooks: string, isOne: (kind: HeldKind) => boolean): Extra => {
  const kinds = heldKinds.filter(isOne)
  const types = [...new Set(kinds.map(({ type }) => type))]
  return {
    name: `hold-${name}`,
    hooks,
    readsDefinitions: false,
    trigger: types.map(({ group, kind, resource }) => ({
      group,
      resource,
      verbs: ['get', 'list', 'patch', holdVerb],
      why: `to hold ${kinds
        .filter(({ type }) => type.kind === kind)
        .map(({ field }) => heldName(field))
        .join(' or ')}`,
    })),
    keeps: kinds.map(keptFor),
  }
}

const isOf =
  (...kinds: readonly string[]) =>
  ({ field, type }: HeldKind): boolean =>
    kinds.includes(type.kind) && field.isCount !== true

/** The driver's rights. No installation gives any by default: each row has ClusterRoles of its own. */
export const holdRights: DriverRights = {
  given: 'everywhere',
  trigger: [],
  author: [
    {
      when: 'has(self.target)',
      group: groupOf,
      resource: pluralInCel('self.target.kind'),
      name: 'self.target.name',
      verb: 'patch',
      does: "'hold ' + self.target.kind + '/' + self.target.name",
      right: '`patch` on the target',
      why: 'the hook changes the target while it holds it',
    },
    ...authorOf(['Deployment', 'StatefulSet'], 'hold').slice(1),
    ...authorOf(['CronJob'], 'hold')
      .slice(1)
      .map(asked => ({ ...asked, when: "has(self.kinds) && 'CronJob' in self.kinds" })),
  ],
  keeps: [],
  extras: [
    rightsFor('cron-jobs', 'that suspend a CronJob for a while', isOf('CronJob')),
    rightsFor('pauses', 'that pause rollouts of a Deployment or a Rollout for a while', isOf('Deployment', 'Rollout')),
    rightsFor(
      'autoscalers',
      'that hold a HorizontalPodAutoscaler or a ScaledObject for a while',
      isOf('HorizontalPodAutoscaler', 'ScaledObject'),
    ),
    rightsFor(
      'flux',
      'that suspend a Kustomization or a HelmRelease for a while',
      isOf('Kustomization', 'HelmRelease'),
    ),
    rightsFor('argo-cd', 'that stop automated sync of an Application for a while', isOf('Application')),
    rightsFor(
      'workloads',
      'that keep a Deployment or a StatefulSet at a count for a while',
      ({ field }) => field.isCount === true,
    ),
  ],
}
