import type { Problem } from '../../api/conditions.ts'
import type { Need } from '../../kube/reviews.ts'
import type { TargetObject, ValidationContext } from '../driver.ts'
import { workloadKind, workloadKinds } from './kinds.ts'
import type { Reach, WorkloadKind } from './schema.ts'
import { missingWorkload, workloadProblem } from './workloads.ts'

/** Returns the only object of a hook, or undefined if a selector may select several. */
export const objectOf = ({ target }: Reach): TargetObject | undefined => {
  const workloads = target && workloadKind(target.kind)
  return workloads && { type: workloads.type, name: target.name }
}

/** Returns the targets of a hook in words, such as `Deployment/web` or `workloads app=web`. */
export const reachInWords = ({ selector, target }: Reach): string => {
  if (target) return `${target.kind}/${target.name}`
  const labels = Object.entries(selector?.matchLabels ?? {}).map(([name, value]) => `${name}=${value}`)
  return `workloads ${labels.join(',')}`.trim()
}

/**
 * Checks that the target exists, and that no controller would reset a change of it. Returns the
 * problem, or undefined. Throws the API server's errors.
 */
export const reachProblem = async ({ target }: Reach, reading: ValidationContext): Promise<Problem | undefined> => {
  const workloads = target && workloadKind(target.kind)
  if (!workloads) return undefined
  const object = await reading.get(workloads.type, target.name)
  const problem = object ? workloadProblem(object, workloads) : missingWorkload(target, reading.namespace)
  return problem && { ...problem, lasts: problem.reason === 'OwnedByController' ? 'stalled' : 'reconciling' }
}

/**
 * Returns the rights that the trigger needs for a hook: for the kind of its target, the kinds that
 * it names, or else `all` kinds.
 */
export const reachNeeds = ({ kinds, target }: Reach, all: readonly WorkloadKind[]): readonly Need[] =>
  workloadKinds
    .filter(({ type }) => (target ? target.kind === type.kind : (kinds ?? all).includes(type.kind)))
    .map(({ type }) =>
      target ? { type, name: target.name, verbs: ['get', 'patch'] } : { type, verbs: ['get', 'list', 'patch'] },
    )
