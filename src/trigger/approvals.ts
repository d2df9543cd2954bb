import type { StoredObject } from '../api/object.ts'
import type { RequestSpec, RequestStatus } from '../api/run-request.ts'
import type { ApiConnection } from '../environment/environment.ts'
import { parseTime } from '../environment/time.ts'
import { listPages } from '../kube/list.ts'
import { requests } from '../kube/resources.ts'
import type { HttpAnswer } from './answer.ts'
import type { RequestedHook } from './request.ts'

/** How many requests of one hook wait for approval, with the one that is shown. */
export const maxAwaiting = 16

/** How many different effects of a request are shown. Then its target changes faster than people read. */
const maxAsked = 3

/** What was decided about a request. */
export type RequestDecision = Pick<RequestedHook, 'approved' | 'changes' | 'closes' | 'decidedBy' | 'wasShown'>

/** Returns what was decided about a request by `now`. A decision about another effect is none. Pure. */
export const decidedOf = (
  { decision }: Pick<RequestSpec, 'decision'>,
  status: RequestStatus | undefined,
  now: number,
): RequestDecision => {
  const { effect, until = '' } = status ?? {}
  const isDecided = effect !== undefined && decision?.effect === effect.digest
  const about = { wasShown: status !== undefined, ...(isDecided && { decidedBy: decision.by }) }
  if (isDecided && decision.is === 'Denied') return { ...about, closes: 'Denied' }
  if (now >= parseTime(until)) return { ...about, closes: 'NotApproved' }
  return isDecided ? { ...about, approved: effect.digest, changes: effect.changes } : about
}

/** Returns whether a request is shown, and there is nothing to do until somebody decides. Pure. */
export const isShown = (status: RequestStatus | undefined, { approved, closes }: RequestDecision): boolean =>
  status?.state === 'Awaiting' && approved === undefined && closes === undefined

/**
 * Returns whether a request is over after this answer, although the record does not say so: it failed, or its
 * effect has changed too often. It then has to be closed there, because another trigger may run it at this
 * moment, or may have run it before. `isAlone`: no other request has its key. Pure.
 */
export const mustBeClosed = (
  { body: { outcome } }: HttpAnswer,
  { approved, wasShown }: RequestDecision,
  status: RequestStatus | undefined,
  isAlone: boolean,
): boolean => {
  if (outcome !== 'awaiting') return (wasShown || isAlone) && (outcome === 'failed' || outcome === 'rejected')
  return approved !== undefined && (status?.effect?.asked ?? 0) >= maxAsked
}

/**
 * Returns whether a request is the first of its hook, in the order of their creation. `behind` is the uid of
 * another one that has to be done before: of requests that are shown together, each step would void what the
 * others show. It reads the hook's open requests, so n of them cost n lists. Each list ends at the sixteenth
 * earlier one.
 */
export const turnOf = async (
  api: ApiConnection,
  request: StoredObject,
  hook: string,
): Promise<'first' | 'too many' | { readonly behind: string }> => {
  const { namespace = '', uid } = request.metadata
  const of = { type: requests, isMetadataOnly: true, namespace }
  const earlier: StoredObject[] = []
  for await (const { objects } of listPages(api, { ...of, fieldSelector: `spec.hook=${hook},status.state!=Done` })) {
    earlier.push(...objects.filter(other => orderOf(other) < orderOf(request)))
    if (earlier.length >= maxAwaiting) return 'too many'
  }
  // One that was made in the same second, or by another clock, may be shown already.
  for await (const { objects } of listPages(api, { ...of, fieldSelector: `spec.hook=${hook},status.state=Awaiting` })) {
    const shown = objects.find(other => other.metadata.uid !== uid)
    if (shown) return { behind: shown.metadata.uid }
  }
  const [first] = earlier.toSorted((one, other) => (orderOf(one) < orderOf(other) ? -1 : 1))
  return first ? { behind: first.metadata.uid } : 'first'
}

const orderOf = ({ metadata: { creationTimestamp, name } }: StoredObject): string => `${creationTimestamp} ${name}`
