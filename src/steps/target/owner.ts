import { controllerOf, type KubeObject } from '../../api/object.ts'
import type { ProblemReason } from './target.ts'

/** Why an object's count is not ours to change, if it is not. */
export const targetProblem = (object: KubeObject): { reason: ProblemReason; message: string } | undefined => {
  const name = `${object.kind ?? 'object'}/${object.metadata.name}`
  if (object.metadata.deletionTimestamp !== undefined) {
    return { reason: 'TargetBeingDeleted', message: `${name} is being deleted` }
  }
  const owner = controllerOf(object)
  return (
    owner && {
      reason: 'OwnedByController',
      message: `${name} is controlled by ${owner.kind}/${owner.name}, which would set its count back: aim the hook at that`,
    }
  )
}
