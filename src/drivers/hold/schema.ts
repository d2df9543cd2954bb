import { at, stringAt } from '../../api/json.ts'
import type { Obj, Rule, Stored } from '../../api/schema.ts'
import { apiVersionOf } from '../../kube/paths.ts'
import { largestCount } from '../../steps/arithmetic.ts'
import { heldKinds, type HeldKind } from '../../steps/target/held-kinds.ts'
import { named } from '../counted/schema.ts'
import type { Declaration } from '../declaration.ts'

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
  rule: `has(self.to) || ${inCel(switches)}`,
  fieldPath: '.target',
  message: `has no switch that can be held: use one of ${switches.join(', ')}; or set to for the count of one of ${counts.join(', ')}`,
  holds: self => at(self, 'to') !== undefined || switches.includes(kindOf(self)),
} as const satisfies Rule

const countRule = {
  rule: `!has(self.to) || ${inCel(counts)}`,
  fieldPath: '.to',
  reason: 'FieldValueForbidden',
  message: `must not be set: only these have a count that can be held: ${counts.join(', ')}`,
  holds: self => at(self, 'to') === undefined || counts.includes(kindOf(self)),
} as const satisfies Rule

const choiceRule = {
  rule: `!has(self.switch) || !has(self.to) && ${inCel(choices)}`,
  fieldPath: '.switch',
  reason: 'FieldValueForbidden',
  message: `must not be set: only ${choices.join(', ')} has more than one switch, and to holds a count instead`,
  holds: self => at(self, 'switch') === undefined || (at(self, 'to') === undefined && choices.includes(kindOf(self))),
} as const satisfies Rule

/** The member `spec.hold`. */
export const holdSchema = {
  type: 'object',
  description:
    'Keeps a switch of an object on, or a count at a number, for as long as `for` says. Then it is what it was before, unless somebody else has set it since.',
  hint: 'Keeps a switch of an object on, or a count at a number, for a time. Then it is what it was before, unless somebody else has set it since.',
  required: ['target'],
  properties: {
    target: {
      type: 'object',
      title: 'Object',
      description: "The object, in the hook's own namespace.",
      required: ['name'],
      properties: {
        apiVersion: named.apiVersion,
        kind: {
          ...named.kind,
          description:
            'Its kind. A CronJob, Kustomization or HelmRelease is suspended; a Deployment, Rollout or ScaledObject is paused; of a HorizontalPodAutoscaler, scale-in stops; of an Application, automated sync stops. With `to`, a Deployment, StatefulSet or ScaledObject is kept at a count.',
          hint: 'A CronJob, Kustomization or HelmRelease is suspended; a Deployment, Rollout or ScaledObject is paused; of a HorizontalPodAutoscaler, scale-in stops; of an Application, automated sync stops. A Deployment, StatefulSet or ScaledObject can be kept at a count instead.',
        },
        name: { ...named.name, title: 'Name of the object' },
      },
    },
    switch: {
      type: 'string',
      title: 'Which switch',
      enum: ['scaleIn'],
      titles: { scaleIn: 'scale-in alone' },
      description: 'For a ScaledObject: scaleIn stops scale-in alone. By default the ScaledObject is paused.',
      hint: 'Stops scale-in of a ScaledObject alone. By default the ScaledObject is paused.',
    },
    to: {
      'x-kubernetes-int-or-string': true,
      title: 'At this count',
      maxLength: 10,
      description:
        'The count that is held, or `base`, which keeps awake: the count stays as others have it. If several hooks hold a count, the highest is in force.',
      hint: 'A count, or "base", which keeps awake what others would put to sleep. The highest that any hook holds is in force.',
      'x-kubernetes-validations': [
        {
          rule: `type(self) == int ? self >= 0 && self <= ${largestCount} : self == 'base'`,
          message: 'must be a count of at least 0, or "base"',
          holds: self => isCount(self) || self === 'base',
        },
      ],
    },
  },
  'x-kubernetes-validations': [switchRule, countRule, choiceRule],
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
} as const satisfies Declaration

export type HoldMember = Stored<typeof holdSchema>
