import { at } from '../../api/json.ts'
import type { StoredObject } from '../../api/object.ts'
import { apiVersionOf, type ResourceType } from '../../kube/paths.ts'
import { autoscalers, scaledObjects } from '../../kube/resources.ts'
import type { HeldField } from './holds.ts'
import type { TargetProblem } from './target.ts'

/** One field that can be held of one kind. No hook can hold another field. */
export interface HeldKind {
  readonly type: ResourceType
  readonly field: HeldField
  /** What a hook says in `switch` to hold this field. Absent for the kind's first switch, and for a number. */
  readonly switch?: 'scaleIn'
  /** What holding the switch does, as a verb in the past: `suspended` CronJob/report. Absent for a number. */
  readonly done?: string
  /** Returns why an object cannot be held. Absent: each can. */
  readonly problem?: (object: StoredObject) => TargetProblem | undefined
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

const suspend: HeldField = { path: ['spec', 'suspend'], on: true }
const paused: HeldField = { path: ['spec', 'paused'], on: true }
const replicas: HeldField = { path: ['spec', 'replicas'], isCount: true }
const ofScaledObject = (name: string): readonly string[] => ['metadata', 'annotations', `autoscaling.keda.sh/${name}`]

/** Returns the problem of an Application that does not sync by itself: there is nothing to hold. */
const notAutomated = (object: StoredObject): TargetProblem | undefined =>
  at(object, 'spec', 'syncPolicy', 'automated') === undefined
    ? {
        reason: 'NotScalable',
        message: `Application/${object.metadata.name} does not sync automatically: it has no spec.syncPolicy.automated`,
      }
    : undefined

export const heldKinds: readonly HeldKind[] = [
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
  {
    type: applications,
    field: { path: ['spec', 'syncPolicy', 'automated', 'enabled'], on: false },
    done: 'stopped automated sync of',
    problem: notAutomated,
  },
  { type: deployments, field: replicas },
  { type: statefulSets, field: replicas },
]

/** The part of a hook that says what it holds. */
export interface Aim {
  readonly target: { readonly apiVersion: string; readonly kind: string }
  readonly switch?: 'scaleIn' | undefined
  /** A number, or `base`. Absent: a switch is held. */
  readonly to?: number | string | undefined
}

/** Returns what a hook holds. Undefined if there is no such field of the kind. */
export const heldKindOf = ({ switch: named, target, to }: Aim): HeldKind | undefined =>
  heldKinds.find(
    known =>
      apiVersionOf(known.type) === target.apiVersion &&
      known.type.kind === target.kind &&
      known.switch === named &&
      (known.field.on === undefined) === (to !== undefined),
  )
