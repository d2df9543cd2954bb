import { at, stringAt } from '../../api/json.ts'
import { nameLength, objectNameRule } from '../../api/names.ts'
import type { Obj, Stored } from '../../api/schema.ts'
import { countDeclaration, movement, movementRules } from '../counted/schema.ts'
import type { Declaration } from '../declaration.ts'

const kinds = ['MachineDeployment', 'MachineSet', 'MachinePool', 'Cluster'] as const
const apiVersions = ['cluster.x-k8s.io/v1beta2', 'provisioning.cattle.io/v1'] as const
/** The kinds of pools that accept `removeFirst`. */
export const ordered: readonly string[] = ['MachineDeployment', 'MachineSet']

export const scaleNodesSchema = {
  type: 'object',
  description: 'Adds nodes to a pool or removes them, one step at a time, within bounds.',
  required: ['target', 'action'],
  properties: {
    target: {
      type: 'object',
      title: 'Pool of nodes',
      description: "The pool, or the Cluster that has it, in the hook's own namespace.",
      required: ['name'],
      properties: {
        apiVersion: {
          type: 'string',
          title: 'API version',
          enum: apiVersions,
          default: 'cluster.x-k8s.io/v1beta2',
          description: "Its apiVersion: Cluster API's, or Rancher's for a Rancher Cluster.",
        },
        kind: {
          type: 'string',
          title: 'Kind',
          enum: kinds,
          default: 'MachineDeployment',
          description: 'Its kind.',
          hint: '',
        },
        name: {
          type: 'string',
          title: 'Name of the pool or cluster',
          minLength: 1,
          maxLength: nameLength,
          description: 'Its name.',
          hint: '',
          'x-kubernetes-validations': [objectNameRule],
        },
        pool: {
          type: 'string',
          title: 'Pool in the cluster',
          minLength: 1,
          maxLength: 63,
          description: "For a Cluster: the pool's name in it.",
          hint: "One of the pools that the cluster's own spec lists.",
          'x-kubernetes-validations': [objectNameRule],
        },
      },
      'x-kubernetes-validations': [
        {
          rule: "self.kind != 'Cluster' || has(self.pool)",
          fieldPath: '.pool',
          reason: 'FieldValueRequired',
          message: "must be set for a Cluster: the pool's name in it",
          holds: self => at(self, 'kind') !== 'Cluster' || at(self, 'pool') !== undefined,
        },
        {
          rule: "self.kind == 'Cluster' || !has(self.pool)",
          fieldPath: '.pool',
          reason: 'FieldValueForbidden',
          message: 'must not be set: only a Cluster has pools inside it',
          holds: self => at(self, 'kind') === 'Cluster' || at(self, 'pool') === undefined,
        },
        {
          rule: "self.kind == 'Cluster' || self.apiVersion != 'provisioning.cattle.io/v1'",
          fieldPath: '.apiVersion',
          message: 'must be cluster.x-k8s.io/v1beta2: Rancher keeps its pools inside a Cluster',
          holds: self => at(self, 'kind') === 'Cluster' || at(self, 'apiVersion') !== 'provisioning.cattle.io/v1',
        },
      ],
    },
    ...movement,
    removeFirst: {
      type: 'string',
      title: 'Machines that go first',
      enum: ['newest', 'oldest'],
      description:
        'Which healthy machines go first on the way down. By default the pool decides. Machines that are unhealthy or marked for deletion always go before them.',
    },
  },
  'x-kubernetes-validations': [
    ...movementRules,
    {
      rule: "!has(self.removeFirst) || self.action == 'down'",
      fieldPath: '.removeFirst',
      reason: 'FieldValueForbidden',
      message: 'needs action: down',
      holds: self => at(self, 'removeFirst') === undefined || at(self, 'action') === 'down',
    },
    {
      rule: `!has(self.removeFirst) || self.target.kind in [${ordered.map(kind => `'${kind}'`).join(', ')}]`,
      fieldPath: '.removeFirst',
      reason: 'FieldValueForbidden',
      message: 'needs a MachineDeployment or a MachineSet: the other kinds choose the machine themselves',
      holds: self => at(self, 'removeFirst') === undefined || ordered.includes(stringAt(self, 'target', 'kind') ?? ''),
    },
  ],
} as const satisfies Obj

export const scaleNodesDeclaration = {
  name: 'scaleNodes',
  title: 'Add nodes to a pool, or remove them',
  schema: scaleNodesSchema,
  ...countDeclaration,
} as const satisfies Declaration

export type ScaleNodes = Stored<typeof scaleNodesSchema>
