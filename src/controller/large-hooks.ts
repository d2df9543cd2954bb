import { conditionsFor, type Problem } from '../api/conditions.ts'
import type { HookSpec, ReceiverHook } from '../api/hook.ts'
import { at, stringAt } from '../api/json.ts'
import { apiVersion, hookKind } from '../api/names.ts'
import type { StoredObject } from '../api/object.ts'
import { reasons } from '../api/reasons.ts'
import type { Environment } from '../environment/environment.ts'
import { ApiError } from '../kube/errors.ts'
import type { EventRecorder } from '../kube/events.ts'
import { objectPath } from '../kube/paths.ts'
import { hooks } from '../kube/resources.ts'
import type { ReconcileResult } from './queue.ts'

/** The time limit for writing a status, in milliseconds. */
const timeoutMs = 10_000

/**
 * The cached spec of every hook that is too large to be cached, instead of the hook's own. Nothing
 * reads its content.
 */
const unread: HookSpec = {
  driver: '',
  suspend: true,
  onResolved: 'ignore',
  cooldown: '0s',
  dedupeWindow: '0s',
  token: { rotation: 0, overlap: '0s' },
}

const problem: Problem = {
  reason: 'TooLarge',
  message: 'the hook is too large to be read: remove what is large in it, such as annotations',
  lasts: 'stalled',
}

/**
 * Returns the cached form of a hook that is too large: its identity, and a status if the stored
 * status already reports the problem.
 */
export const largeHookOf = ({ metadata, status }: StoredObject): ReceiverHook | undefined => {
  const { creationTimestamp = '', deletionTimestamp, generation, name, namespace, resourceVersion, uid } = metadata
  if (namespace === undefined || generation === undefined) return undefined
  const alive = { name, namespace, uid, resourceVersion, generation, creationTimestamp }
  const kept = deletionTimestamp === undefined ? alive : { ...alive, deletionTimestamp }
  return saysSo(status, generation)
    ? {
        metadata: kept,
        spec: unread,
        status: { observedGeneration: generation, conditions: conditionsOf(generation, 0) },
      }
    : { metadata: kept, spec: unread }
}

/** Returns whether a hook was made by {@link largeHookOf}. */
export const isLargeHook = ({ spec }: ReceiverHook): boolean => spec === unread

const conditionsOf = (generation: number, now: number) =>
  conditionsFor(problem, { reason: 'Valid', message: '' }, [], generation, now)

/**
 * Returns whether the status already reports that this generation is too large. The controller
 * writes the condition Ready first. Of a large object, only the first value of a list is read.
 */
const saysSo = (status: unknown, generation: number): boolean => {
  const conditions = at(status, 'conditions')
  const first: unknown = Array.isArray(conditions) ? conditions[0] : at(conditions, '*')
  return stringAt(first, 'reason') === problem.reason && Number(at(status, 'observedGeneration')) === generation
}

/** Writes once into the status of a hook that it is too large. Throws the API server's errors. */
export const reportLargeHook = async (
  { api, clock, events }: Pick<Environment, 'api' | 'clock'> & { readonly events: EventRecorder },
  { metadata, status }: ReceiverHook,
): Promise<ReconcileResult> => {
  const { deletionTimestamp, generation, name, namespace, resourceVersion, uid } = metadata
  if (status !== undefined || deletionTimestamp !== undefined) return { isFinal: true }
  const request = {
    method: 'PATCH',
    path: objectPath(hooks, namespace, name, 'status'),
    contentType: 'application/merge-patch+json',
    body: JSON.stringify({
      metadata: { uid },
      status: { observedGeneration: generation, conditions: conditionsOf(generation, clock.now()) },
    }),
    as: 'metadata',
    lane: 'bulk',
    timeoutMs,
  } as const
  const answer = await api.request(request)
  // The answer may be too large itself. Its HTTP status shows that the write is stored.
  if (answer.status !== 200) throw new ApiError(answer, `PATCH ${request.path}`)
  const regarding = { apiVersion, kind: hookKind, namespace, name, uid, resourceVersion }
  const note = `${problem.message}. ${reasons.TooLarge.todo}`
  events.emit({ regarding, type: 'Warning', reason: 'TooLarge', action: 'Reconcile', note })
  return { isFinal: true }
}
