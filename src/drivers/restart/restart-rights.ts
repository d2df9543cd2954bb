import type { DriverRights, Kept } from '../driver-rights.ts'
import { workloadKinds } from '../rollouts/kinds.ts'
import { annotationPrefix } from '../rollouts/plan.ts'
import { authorOf } from '../rollouts/rollout-rights.ts'
import { sameAround } from '../unchanged.ts'
import { restartKinds } from './schema.ts'

const restarted = workloadKinds.filter(({ type }) => restartKinds.some(kind => kind === type.kind))

/** The driver's rights. None is granted by default. */
export const restartRights: DriverRights = {
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
    only: 'its own annotations, on the workload and on its pods',
    holds: sameAround(template, ['metadata'], annotationPrefix)
      .map(rule => `(${rule})`)
      .join(' &&\n'),
  })),
}
