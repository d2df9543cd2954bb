import type { Driver } from '../driver.ts'
import { workloadTargets, workloadKinds } from '../rollouts/kinds.ts'
import { lookAtWorkloads } from '../rollouts/look.ts'
import {
  planOfNothing,
  planRestart,
  restartCause,
  annotationPrefix,
  type RolloutCause,
  type RolloutPlan,
} from '../rollouts/plan.ts'
import { objectOf, reachInWords, reachNeeds, reachProblem } from '../rollouts/reach.ts'
import { rollOutAll, type Planner } from '../rollouts/roll-out.ts'
import { rolloutState, unavailablePods } from '../rollouts/state.ts'
import { restartDeclaration, restartKinds, type restartSchema } from './schema.ts'
import type { DriverRights, Kept } from '../driver-rights.ts'
import { authorOf } from '../rollouts/rollout-rights.ts'
import { sameAround } from '../unchanged.ts'

const restarted = workloadKinds.filter(({ type }) => restartKinds.some(kind => kind === type.kind))

/** The driver's rights. None is granted by default. */
const restartRights: DriverRights = {
  given: 'where bound',
  trigger: restarted.map(({ type: { group, resource } }) => ({
    group,
    resource,
    verbs: ['get', 'list', 'patch'],
    why: 'to see whether a rollout is running, and to restart the pods',
  })),
  author: authorOf(restartKinds, 'restart'),
  keeps: restarted.map(({ template, type: { group, resource } }): Kept => ({
    group,
    resource,
    only: "the product's own annotations, on the workload and on its pods",
    holds: sameAround(template, ['metadata'], annotationPrefix)
      .map(rule => `(${rule})`)
      .join(' &&\n'),
  })),
}

/** Restarts workloads, once for each delivery. It does not restart during a rollout. */
export const restart = {
  ...restartDeclaration,
  targets: workloadTargets.filter(({ type }) => restartKinds.some(kind => kind === type.kind)),
  rights: restartRights,
  object: objectOf,
  target: reachInWords,
  describe: () => 'restart the pods, a few at a time',
  worst: (_member, target) => `restart ${target} again and again, each time the previous rollout has finished`,
  validate: reachProblem,
  needs: member => reachNeeds(member, restartKinds),
  look: (member, looking) => lookAtWorkloads({ ...member, kinds: member.kinds ?? restartKinds }, looking),

  execute:
    member =>
    async ({ identity }, execution) => {
      const { acts, clock } = execution
      const isNamed = identity !== undefined
      return await acts.once((act, mayContinue, progress) => {
        const cause = restartCause(act, clock.now())
        const plan: Planner['plan'] = (...seen) => planAlone(cause, ...seen)
        const reach = { ...member, kinds: member.kinds ?? restartKinds }
        return rollOutAll(reach, { what: undefined, plan }, execution, { isNamed, mayContinue, progress })
      })
    },
} satisfies Driver<'restart', typeof restartSchema>

/**
 * Plans a restart, unless a rollout is running. The restart is planned again for each version of
 * the workload, so the second of two simultaneous restarts sees the first.
 */
const planAlone = (cause: RolloutCause, ...[object, workloads, unsure]: Parameters<Planner['plan']>): RolloutPlan => {
  const plan = planRestart(object, workloads, cause, unsure)
  if (plan.left.size > 0) return plan
  const state = rolloutState(object, workloads)
  return state === 'complete' ? plan : { ...planOfNothing(state), pods: unavailablePods(object, workloads) }
}
