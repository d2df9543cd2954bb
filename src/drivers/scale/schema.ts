import { nameLength, objectNameRule } from '../../api/names.ts'
import { at } from '../../api/json.ts'
import type { Obj, Stored } from '../../api/schema.ts'
import { parseAmount } from '../../steps/arithmetic.ts'

/** The member `spec.scale`. */
export const scaleSchema = {
  type: 'object',
  description: 'Changes the number of replicas of a workload by a step, within bounds.',
  required: ['target', 'action', 'max'],
  properties: {
    target: {
      type: 'object',
      description: "The workload, in the hook's own namespace.",
      'x-kubernetes-map-type': 'atomic',
      required: ['name'],
      properties: {
        apiVersion: { type: 'string', maxLength: 317, default: 'apps/v1', description: 'Its apiVersion.' },
        kind: {
          type: 'string',
          maxLength: 63,
          default: 'Deployment',
          description: 'Its kind: Deployment, StatefulSet, ReplicaSet or ReplicationController.',
        },
        name: {
          type: 'string',
          minLength: 1,
          maxLength: nameLength,
          description: 'Its name.',
          'x-kubernetes-validations': [objectNameRule],
        },
      },
    },
    action: { type: 'string', enum: ['up', 'down'], description: 'up adds replicas, down removes them.' },
    by: {
      'x-kubernetes-int-or-string': true,
      maxLength: 8,
      default: 1,
      description:
        'The step: a count of at least 1, or a share of the present replicas such as "25%", rounded up, at least 1.',
      'x-kubernetes-validations': [
        {
          rule: "type(self) == int ? self >= 1 && self <= 2147483647 : self.matches('^[1-9][0-9]{0,2}%$')",
          message: 'must be a count of at least 1, or a share from "1%" to "999%"',
          holds: self => parseAmount(self) !== undefined,
        },
      ],
    },
    min: {
      type: 'integer',
      format: 'int32',
      minimum: 0,
      default: 1,
      description: 'A step down stops here.',
    },
    max: { type: 'integer', format: 'int32', minimum: 1, description: 'A step up stops here.' },
    overshoot: {
      type: 'string',
      enum: ['clamp', 'reject'],
      default: 'clamp',
      description: 'A step that would pass the bound: clamp shortens it to end there, reject refuses it.',
    },
  },
  'x-kubernetes-validations': [
    {
      rule: 'self.min <= self.max',
      fieldPath: '.max',
      message: 'must not be below min: raise max or lower min',
      holds: self => Number(at(self, 'min')) <= Number(at(self, 'max')),
    },
  ],
} as const satisfies Obj

export type Scale = Stored<typeof scaleSchema>
