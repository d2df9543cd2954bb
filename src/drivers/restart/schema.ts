import type { Obj, Stored } from '../../api/schema.ts'
import type { Declaration } from '../declaration.ts'
import { kindsOfSelector, reachRules, workloadSelector, workloadTarget } from '../rollouts/schema.ts'

/** The kinds that can be restarted: a change of their template replaces the pods. */
export const restartKinds = ['Deployment', 'StatefulSet', 'DaemonSet'] as const

export const restartSchema = {
  type: 'object',
  description: 'Restarts workloads, a few pods at a time, and never on top of a rollout that is still running.',
  properties: {
    target: workloadTarget(restartKinds),
    selector: workloadSelector,
    kinds: kindsOfSelector(restartKinds, 'three'),
  },
  'x-kubernetes-validations': reachRules('What is restarted', 'three'),
} as const satisfies Obj

export const restartDeclaration = {
  name: 'restart',
  title: 'Restart workloads',
  asked: [],
  schema: restartSchema,
  columns: [],
  undoes: false,
  isApprovable: true,
} as const satisfies Declaration

export type Restart = Stored<typeof restartSchema>
