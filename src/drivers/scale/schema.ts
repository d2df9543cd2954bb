import { stringAt } from '../../api/json.ts'
import type { Obj, Rule, Stored } from '../../api/schema.ts'
import { apiVersionOf } from '../../kube/paths.ts'
import { autoscalers, scalableKinds, scaledObjects } from '../../kube/resources.ts'
import { countDeclaration, movement, movementRules, named } from '../counted/schema.ts'
import type { Declaration } from '../declaration.ts'

const autoscalerKinds = [autoscalers, scaledObjects].map(type => `${apiVersionOf(type)} ${type.kind}`)
const kinds = [...scalableKinds, autoscalers, scaledObjects].map(type => `${apiVersionOf(type)} ${type.kind}`)

/**
 * The pattern of a custom resource's apiVersion and kind, with a blank between them. The group of a
 * custom resource has a dot.
 */
const customKind = '^[a-z0-9-]+([.][a-z0-9-]+)+/v[a-z0-9]+ [A-Za-z][A-Za-z0-9-]*$'
const isCustom = new RegExp(customKind)

/**
 * The rule that refuses other kinds when a hook is applied. Without it, only the hook's status
 * would show the mistake.
 */
const scalableRule = {
  rule: [
    `self.apiVersion + ' ' + self.kind in [${kinds.map(kind => `'${kind}'`).join(', ')}]`,
    `(self.apiVersion + ' ' + self.kind).matches('${customKind}')`,
  ].join(' || '),
  message: `cannot be scaled: use one of ${kinds.join(', ')}, or a custom resource that has /scale (apiVersion and kind)`,
  holds: self => kinds.includes(kindOf(self)) || isCustom.test(kindOf(self)),
} as const satisfies Rule

const kindOf = (target: unknown): string => `${stringAt(target, 'apiVersion')} ${stringAt(target, 'kind')}`

/** The rule that only an autoscaler has a choice of counts. */
const countRule = {
  rule: `!has(self.count) || self.apiVersion + ' ' + self.kind in [${autoscalerKinds.map(kind => `'${kind}'`).join(', ')}]`,
  fieldPath: '.count',
  reason: 'FieldValueForbidden',
  message: 'must not be set: only a HorizontalPodAutoscaler or a ScaledObject has a minimum and a maximum',
  holds: self => stringAt(self, 'count') === undefined || autoscalerKinds.includes(kindOf(self)),
} as const satisfies Rule

export const scaleSchema = {
  type: 'object',
  description:
    'Changes the replica count of a workload (or the minimum or maximum of its autoscaler) by one step, between `min` and `max`.',
  hint: 'Changes the replica count of a workload (or the minimum or maximum of its autoscaler) by one step, within bounds.',
  required: ['target', 'action'],
  properties: {
    target: {
      type: 'object',
      title: 'Workload',
      description: "The workload or its autoscaler, in the hook's own namespace.",
      required: ['name'],
      properties: {
        apiVersion: named.apiVersion,
        kind: {
          ...named.kind,
          description:
            'Its kind: Deployment, StatefulSet, ReplicaSet, ReplicationController, HorizontalPodAutoscaler, ScaledObject, or any custom resource that has /scale.',
        },
        name: { ...named.name, title: 'Name of the workload' },
        count: {
          type: 'string',
          title: 'Which count',
          enum: ['min', 'max'],
          titles: { min: 'the minimum', max: 'the maximum' },
          description:
            'For a HorizontalPodAutoscaler or a ScaledObject: whether a step changes its minimum or its maximum. By default the minimum.',
          hint: "A step changes the autoscaler's minimum or maximum. By default the minimum.",
        },
      },
      'x-kubernetes-validations': [scalableRule, countRule],
    },
    ...movement,
  },
  'x-kubernetes-validations': movementRules,
} as const satisfies Obj

export const scaleDeclaration = {
  name: 'scale',
  title: 'Scale a workload up or down',
  schema: scaleSchema,
  ...countDeclaration,
} as const satisfies Declaration

export type Scale = Stored<typeof scaleSchema>
