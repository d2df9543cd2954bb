import { at, stringAt } from '../../api/json.ts'
import type { Obj, Rule, Stored } from '../../api/schema.ts'
import { apiVersionOf } from '../../kube/paths.ts'
import { largestCount } from '../../steps/arithmetic.ts'
import { heldKinds, type HeldKind } from '../../steps/target/held-kinds.ts'
import { named } from '../counted/schema.ts'
import type { Declaration } from '../declaration.ts'
import { isSet, kindsOfSelector, reachRules, workloadSelector } from '../rollouts/schema.ts'

const kindsThat = (has: (kind: HeldKind) => boolean): readonly string[] => [
  ...new Set(heldKinds.filter(has).map(({ type }) => `${apiVersionOf(type)} ${type.kind}`)),
]
const switches = kindsThat(({ field }) => field.on !== undefined)
const counts = kindsThat(({ field }) => field.on === undefined)
const choices = kindsThat(kind => kind.switch !== undefined)

const kindOf = (member: unknown): string =>
  `${stringAt(member, 'target', 'apiVersion')} ${stringAt(member, 'target', 'kind')}`

const inCel = (kinds: readonly string[]): string =>
  `self.target.apiVersion + ' ' + self.target.kind in [${kinds.map(kind => `'${kind}'`).join(', ')}]`

const switchRule = {
  rule: `!has(self.target) || has(self.to) || ${inCel(switches)}`,
  fieldPath: '.target',
  message: `has no switch that can be held: use one of ${switches.join(', ')}; or, with to, hold the count of one of ${counts.join(', ')}`,
  holds: self => !isSet(self, 'target') || isSet(self, 'to') || switches.includes(kindOf(self)),
} as const satisfies Rule

const countRule = {
  rule: `!has(self.target) || !has(self.to) || ${inCel(counts)}`,
  fieldPath: '.to',
  reason: 'FieldValueForbidden',
  message: `must not be set: a count can be held only for ${counts.join(', ')}`,
  holds: self => !isSet(self, 'target') || !isSet(self, 'to') || counts.includes(kindOf(self)),
} as const satisfies Rule

const choiceRule = {
  rule: `!has(self.switch) || has(self.target) && !has(self.to) && ${inCel(choices)}`,
  fieldPath: '.switch',
  reason: 'FieldValueForbidden',
  message: `must not be set: only ${choices.join(', ')} has more than one switch, and to holds a count instead`,
  holds: self => at(self, 'switch') === undefined || (at(self, 'to') === undefined && choices.includes(kindOf(self))),
} as const satisfies Rule

/** The kinds that a selector may look at, and those that it looks at by default. */
const manyKinds = ['Deployment', 'StatefulSet', 'CronJob'] as const
export const kindsByDefault = ['Deployment', 'StatefulSet'] as const

const manyRule = {
  rule: '!has(self.selector) || has(self.to)',
  fieldPath: '.to',
  reason: 'FieldValueRequired',
  message: 'must be set with selector: the count to hold the workloads at, such as 0',
  holds: self => !isSet(self, 'selector') || isSet(self, 'to'),
} as const satisfies Rule

const cronJobRule = {
  rule: "!has(self.kinds) || !('CronJob' in self.kinds) || has(self.to) && self.to == 0",
  fieldPath: '.kinds',
  message: 'may contain CronJob only with to: 0, because a CronJob has no count: it is suspended',
  holds: self => {
    const kinds = at(self, 'kinds')
    return !Array.isArray(kinds) || !kinds.includes('CronJob') || at(self, 'to') === 0
  },
} as const satisfies Rule

export const holdSchema = {
  type: 'object',
  description:
    'Keeps a switch of an object on, or a count at a number, for as long as `for` says. Then the field goes back to what it was, unless someone else has set it since.',
  hint: 'Keeps a switch of an object on, or a count at a number, for a while. Then the field goes back to what it was, unless someone else has set it since.',
  properties: {
    target: {
      type: 'object',
      title: 'One object',
      description: "One object, in the hook's own namespace. Set this or `selector`.",
      hint: "In the hook's own namespace.",
      required: ['name'],
      properties: {
        apiVersion: named.apiVersion,
        kind: {
          ...named.kind,
          description:
            'Its kind. A CronJob, Kustomization or HelmRelease is suspended; a Deployment, Rollout or ScaledObject is paused; a HorizontalPodAutoscaler stops scaling in; an Application stops automated syncs. With `to`, a Deployment, StatefulSet or ScaledObject is kept at a count.',
          hint: 'A CronJob, Kustomization or HelmRelease is suspended; a Deployment, Rollout or ScaledObject is paused; a HorizontalPodAutoscaler stops scaling in; an Application stops automated syncs. A Deployment, StatefulSet or ScaledObject can be kept at a count instead.',
        },
        name: { ...named.name, title: 'Name of the object' },
      },
    },
    selector: {
      ...workloadSelector,
      description:
        'Every workload in the namespace with these labels, at most 50. Each is held at `to`, and later goes back to its own count. `{}` means all.',
    },
    kinds: {
      ...kindsOfSelector(manyKinds, 'two'),
      description:
        'The kinds that `selector` looks at. By default Deployment and StatefulSet. A CronJob gets suspended, so it needs `to` 0.',
      hint: 'By default Deployment and StatefulSet. A CronJob is suspended.',
    },
    switch: {
      type: 'string',
      title: 'Which switch',
      enum: ['scaleIn'],
      titles: { scaleIn: 'scale-in alone' },
      description: 'For a ScaledObject: scaleIn stops only its scale-in. By default the ScaledObject is paused.',
      hint: 'Stops only scale-in of a ScaledObject. By default the ScaledObject is paused.',
    },
    to: {
      'x-kubernetes-int-or-string': true,
      title: 'At this count',
      maxLength: 10,
      description:
        'The count to hold, or `base`, which keeps the workload awake: the count stays as others have set it. If several hooks hold a count, the highest wins.',
      hint: 'A count, or "base", which keeps the workload awake when other hooks would put it to sleep. The highest value that any hook holds wins.',
      'x-kubernetes-validations': [
        {
          rule: `type(self) == int ? self >= 0 && self <= ${largestCount} : self == 'base'`,
          message: 'must be a count of at least 0, or "base"',
          holds: self => isCount(self) || self === 'base',
        },
      ],
    },
  },
  'x-kubernetes-validations': [
    switchRule,
    countRule,
    choiceRule,
    ...reachRules('What is held', 'two'),
    manyRule,
    cronJobRule,
  ],
} as const satisfies Obj

const isCount = (value: unknown): boolean =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= largestCount

export const holdDeclaration = {
  name: 'hold',
  title: 'Hold a switch or a count for a while',
  schema: holdSchema,
  asked: ['to'],
  columns: [],
  undoes: true,
  isApprovable: false,
} as const satisfies Declaration

export type HoldMember = Stored<typeof holdSchema>
