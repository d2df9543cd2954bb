import { controllerOf, type KubeObject, type StoredObject } from '../../api/object.ts'
import type { ApiConnection } from '../../environment/environment.ts'
import { readFailureOf, UnknownKind } from '../../kube/errors.ts'
import { readSized, type SizedObject } from '../../kube/requests.ts'
import type { CountAt, ProblemReason, Target, TargetProblem, Version } from './target.ts'

/** The time limit for reading a target, in milliseconds. Two reads fit into a delivery's time. */
const readTimeoutMs = 2000

export const versionOf = (at: CountAt, object: StoredObject): Version | undefined => {
  const count = at.read(object)
  if (count === undefined) return undefined
  const { uid, resourceVersion } = object.metadata
  return {
    uid,
    resourceVersion,
    count,
    limits: at.limits(object),
    mark: at.lastMark(object),
    lastWord: at.lastWord(object),
    ground: at.ground(object),
  }
}

export type TargetState =
  | { readonly state: 'found'; readonly version: Version; readonly object: StoredObject; readonly bytes: number }
  | { readonly state: 'blocked'; readonly reason: ProblemReason; readonly message: string }
  | { readonly state: 'unreachable'; readonly message: string; readonly retryAfterMs?: number | undefined }

/** Returns why an object's count may not be changed, or undefined if it may. */
export const targetProblem = (object: KubeObject): TargetProblem | undefined => {
  const name = `${object.kind ?? 'object'}/${object.metadata.name}`
  if (object.metadata.deletionTimestamp !== undefined) {
    return { reason: 'TargetBeingDeleted', message: `${name} is being deleted` }
  }
  const owner = controllerOf(object)
  return (
    owner && {
      reason: 'OwnedByController',
      message: `${name} is controlled by ${owner.kind}/${owner.name}, which would set its count back: point the hook at that`,
    }
  )
}

/** Returns the count in a version of a target, or why it cannot be changed. */
export const stateOf = (target: Target, { bytes, object }: SizedObject): TargetState => {
  const problem = targetProblem({ ...object, kind: target.type.kind }) ?? target.at.problem(object)
  if (problem) return { state: 'blocked', ...problem }
  const version = versionOf(target.at, object)
  if (version) return { state: 'found', version, object, bytes }
  const message = `${target.type.kind}/${target.name} has no count in ${target.at.field}`
  return { state: 'blocked', reason: 'NotScalable', message }
}

/**
 * Reads the current target. It reads the object, not its /scale: the object also shows its owner,
 * and reading /scale would need a further right.
 */
export const readTarget = async (api: ApiConnection, target: Target): Promise<TargetState> => {
  try {
    const found = await readSized(api, target.type, target.namespace, target.name, {
      lane: 'step',
      timeoutMs: readTimeoutMs,
    })
    if (!found) {
      return {
        state: 'blocked',
        reason: 'TargetNotFound',
        message: `there is no ${target.type.kind}/${target.name} in namespace ${target.namespace}`,
      }
    }
    return stateOf(target, found)
  } catch (error) {
    if (error instanceof UnknownKind) return { state: 'blocked', reason: 'TargetNotFound', message: error.message }
    const { failure, ...why } = readFailureOf(error)
    switch (failure) {
      case 'too large':
        return { state: 'blocked', reason: 'TooLarge', message: why.message }
      case 'forbidden':
        return { state: 'blocked', reason: 'Forbidden', message: why.message }
      case 'unreachable':
        return { state: 'unreachable', ...why }
    }
  }
}
