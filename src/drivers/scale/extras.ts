import { apiVersionOf, type ResourceType } from '../../kube/paths.ts'
import { autoscalers, scaledObjects } from '../../kube/resources.ts'
import { onlyCount, onlyOneCount } from '../counted/kept.ts'
import type { Cel, Extra, Right } from '../driver-rights.ts'

/**
 * The kind Rollout of Argo Rollouts. Its count is read and written like that of any custom resource
 * with /scale.
 */
const rollouts: ResourceType = { group: 'argoproj.io', version: 'v1alpha1', resource: 'rollouts', kind: 'Rollout' }

const rightsTo = ({ group, resource }: ResourceType, what: string): Right => ({
  group,
  resource,
  verbs: ['get', 'list', 'watch', 'patch'],
  why: `to read and to write ${what}`,
})

/** The rights for kinds that have no /scale, or whose /scale accepts no server-side apply. */
export const scaleExtras: readonly Extra[] = [
  {
    name: 'scale-autoscalers',
    hooks: 'whose target is a HorizontalPodAutoscaler or a ScaledObject',
    readsDefinitions: false,
    trigger: [autoscalers, scaledObjects].map(type => rightsTo(type, 'the minimum or the maximum of an autoscaler')),
    keeps: [
      onlyOneCount(autoscalers, ['minReplicas', 'maxReplicas']),
      onlyOneCount(scaledObjects, ['minReplicaCount', 'maxReplicaCount']),
    ],
  },
  {
    name: 'scale-rollouts',
    hooks: 'whose target is an Argo Rollouts Rollout',
    readsDefinitions: true,
    trigger: [rightsTo(rollouts, 'the count of a Rollout')],
    keeps: [onlyCount(rollouts, ['spec', 'replicas'])],
  },
]

/** A CEL expression for the API group of a hook's target. */
export const groupOf: Cel = "self.target.apiVersion.contains('/') ? self.target.apiVersion.split('/')[0] : ''"

/** A CEL expression that is true if the target of a hook is an autoscaler. */
export const isAutoscaler: Cel = [autoscalers, scaledObjects]
  .map(type => `self.target.apiVersion == '${apiVersionOf(type)}' && self.target.kind == '${type.kind}'`)
  .join(' || ')

/** A CEL expression for the count of an autoscaler that a hook changes, in words. */
export const whichCount: Cel = "(has(self.target.count) && self.target.count == 'max' ? 'the maximum' : 'the minimum')"
