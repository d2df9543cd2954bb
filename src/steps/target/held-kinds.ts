import { at } from '../../api/json.ts'
import type { StoredObject } from '../../api/object.ts'
import type { ResourceType } from '../../kube/paths.ts'
import { autoscalers, scaledObjects } from '../../kube/resources.ts'
import { base, heldName, valueNamed } from './holds.ts'
import type { CountAt } from './target.ts'
import { viaHold, type HeldAt } from './via-hold.ts'

/** One field that can be held of one kind. No hook can hold another field. */
export interface HeldKind {
  readonly type: ResourceType
  readonly field: HeldAt
  /** What a hook says in `switch` to hold this field. Absent for the kind's first switch, and for a number. */
  readonly switch?: 'scaleIn'
  /** What holding the switch does, as a verb in the past: `suspended` CronJob/report. Absent for a number. */
  readonly done?: string
}

const deployments: ResourceType = { group: 'apps', version: 'v1', resource: 'deployments', kind: 'Deployment' }
const statefulSets: ResourceType = { group: 'apps', version: 'v1', resource: 'statefulsets', kind: 'StatefulSet' }
const cronJobs: ResourceType = { group: 'batch', version: 'v1', resource: 'cronjobs', kind: 'CronJob' }
const rollouts: ResourceType = { group: 'argoproj.io', version: 'v1alpha1', resource: 'rollouts', kind: 'Rollout' }
const kustomizations: ResourceType = {
  group: 'kustomize.toolkit.fluxcd.io',
  version: 'v1',
  resource: 'kustomizations',
  kind: 'Kustomization',
}
const helmReleases: ResourceType = {
  group: 'helm.toolkit.fluxcd.io',
  version: 'v2',
  resource: 'helmreleases',
  kind: 'HelmRelease',
}
const applications: ResourceType = {
  group: 'argoproj.io',
  version: 'v1alpha1',
  resource: 'applications',
  kind: 'Application',
}

const suspend: HeldAt = { path: ['spec', 'suspend'], on: true }
const paused: HeldAt = { path: ['spec', 'paused'], on: true }
const replicas: HeldAt = { path: ['spec', 'replicas'], isCount: true }
const ofScaledObject = (name: string): readonly string[] => ['metadata', 'annotations', `autoscaling.keda.sh/${name}`]

/** Argo CD syncs by itself only if the member `automated` is there. */
const automated: HeldAt = {
  path: ['spec', 'syncPolicy', 'automated', 'enabled'],
  on: false,
  problem: (object: StoredObject) =>
    at(object, 'spec', 'syncPolicy', 'automated') === undefined
      ? {
          reason: 'NotScalable',
          message: `Application/${object.metadata.name} does not sync by itself: it has no spec.syncPolicy.automated`,
        }
      : undefined,
}

/** All that can be held. */
const heldKinds: readonly HeldKind[] = [
  { type: cronJobs, field: suspend, done: 'suspended' },
  { type: deployments, field: paused, done: 'paused rollouts of' },
  { type: rollouts, field: paused, done: 'paused' },
  {
    type: autoscalers,
    field: { path: ['spec', 'behavior', 'scaleDown', 'selectPolicy'], on: 'Disabled' },
    done: 'stopped scale-in of',
  },
  { type: scaledObjects, field: { path: ofScaledObject('paused'), on: 'true' }, done: 'paused' },
  {
    type: scaledObjects,
    field: { path: ofScaledObject('paused-scale-in'), on: 'true' },
    switch: 'scaleIn',
    done: 'stopped scale-in of',
  },
  { type: scaledObjects, field: { path: ofScaledObject('paused-replicas'), isText: true } },
  { type: kustomizations, field: suspend, done: 'suspended' },
  { type: helmReleases, field: suspend, done: 'suspended' },
  { type: applications, field: automated, done: 'stopped automated sync of' },
  { type: deployments, field: replicas },
  { type: statefulSets, field: replicas },
]

/** Returns the accessor of a hold whose name a claim has stored. Undefined if the kind has no such field or value. */
export const holdNamed = (isOfKind: (type: ResourceType) => boolean, text: string): CountAt | undefined => {
  const [name = '', value = ''] = text.split('=', 2)
  const known = heldKinds.find(({ field, type }) => isOfKind(type) && heldName(field) === name)
  if (!known) return undefined
  const isNumber = known.field.on === undefined
  const isValue = valueNamed(known.field, value) !== undefined || (isNumber && value === base)
  return isValue ? viaHold(known.field, value) : undefined
}
