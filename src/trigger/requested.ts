import type { StoredObject } from '../api/object.ts'
import { maxAnswerText, requestSpecOf, requestStatusOf, type RequestAnswer } from '../api/run-request.ts'
import type { ApiConnection, Environment } from '../environment/environment.ts'
import { rfc3339 } from '../environment/time.ts'
import { ApiError } from '../kube/errors.ts'
import { objectPath } from '../kube/paths.ts'
import { sendMergePatch } from '../kube/requests.ts'
import { requests } from '../kube/resources.ts'
import { identityKey } from '../senders/identity.ts'
import type { HttpAnswer, TriggerAnswer } from './answer.ts'
import { decidedOf } from './approvals.ts'
import type { Endpoint } from './answer.ts'
import { reasonFrom } from './query.ts'
import type { RequestedHook, TriggerRequest } from './request.ts'

/** How long a request that has its answer is kept, in milliseconds. */
export const requestKeptMs = 86_400_000

/** What a ReceiverHookRequest asks for, of the hook that it means. */
export interface RequestedPost extends RequestedHook {
  readonly dryRun: boolean
  readonly body: string
  readonly why: string | undefined
}

/** Returns what a request asks for, and what was decided about it by `now`. `hookUid` is that of its hook. Pure. */
export const requestedPostOf = (request: StoredObject, hookUid: string, now: number): RequestedPost => {
  const { namespace = '', uid } = request.metadata
  const spec = requestSpecOf(request)
  return {
    namespace,
    name: spec.hook,
    uid: hookUid,
    by: spec.by,
    // No key is the uid of another request.
    key: spec.key === undefined ? identityKey('request', uid) : identityKey('request', 'key', spec.key),
    post: spec.post,
    dryRun: spec.dryRun ?? false,
    body: spec.body ?? '',
    why: spec.why,
    ...decidedOf(spec, requestStatusOf(request), now),
  }
}

/**
 * Posts a request to its hook. `waits` is how long to wait for its outcome. Resolves with undefined if nobody knows
 * whether it ran.
 */
export const postAsked = async (
  endpoint: Endpoint,
  asked: RequestedPost,
  waits?: string,
): Promise<HttpAnswer | undefined> => {
  const { body, dryRun, why, ...requested } = asked
  const { post } = requested
  const reason = reasonFrom(why ?? '')
  const query = new URLSearchParams(post?.query)
  if (dryRun) query.set('dryRun', 'true')
  if (waits !== undefined) query.set('wait', waits)
  if (reason !== '') query.set('reason', reason)
  const sent = Buffer.from(post?.body ?? body, post ? 'base64' : 'utf8')
  const request: TriggerRequest = {
    method: 'POST',
    token: undefined,
    source: '',
    requested,
    query,
    headers: post?.headers ?? (body === '' ? {} : { 'content-type': 'application/json' }),
    ...(sent.length > 0 && { body: () => Promise.resolve(sent) }),
  }
  const answers: TriggerAnswer[] = []
  await endpoint(request, answer => void answers.push(answer))
  const [answer = 'no answer'] = answers
  return answer === 'no answer' ? undefined : answer
}

/**
 * Asks for the outcome of a request that was run. If the record has forgotten it, it is closed, and not run again.
 * Resolves with undefined if nobody knows whether it ran.
 */
export const askOutcome = async (endpoint: Endpoint, asked: RequestedPost): Promise<HttpAnswer | undefined> =>
  await postAsked(endpoint, { ...asked, closes: 'OutcomeUnknown', isReported: true }, '0s')

/** Writes into the status of a request. Unless it says what this process has done, nobody may have written before. */
export const writeRequestStatus = async (
  api: ApiConnection,
  { metadata }: StoredObject,
  status: object,
  isOwn: boolean,
): Promise<void> => {
  const { name, namespace = '', resourceVersion, uid } = metadata
  const based = isOwn ? { uid } : { uid, resourceVersion }
  await sendMergePatch(api, objectPath(requests, namespace, name, 'status'), { metadata: based, status })
}

/** Writes the answer to a request: it is done. */
export const writeAnswer = async (
  { api, clock }: Pick<Environment, 'api' | 'clock'>,
  request: StoredObject,
  answer: HttpAnswer,
  isOwn: boolean,
): Promise<void> =>
  await writeRequestStatus(api, request, { state: 'Done', time: rfc3339(clock.now()), answer: answerIn(answer) }, isOwn)

/** Deletes a request. Another trigger may have deleted it, and it may have been made again. */
export const deleteRequest = async (
  api: ApiConnection,
  { name, namespace = '', uid }: StoredObject['metadata'],
): Promise<void> => {
  const body = JSON.stringify({ apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid } })
  const path = objectPath(requests, namespace, name)
  const answer = await api.request({ method: 'DELETE', path, body, lane: 'bulk', timeoutMs: 10_000 })
  if (answer.status > 299 && ![404, 409].includes(answer.status)) throw new ApiError(answer, `DELETE ${path}`)
}

const answerIn = ({ body, status }: HttpAnswer): RequestAnswer => {
  const { from, message, outcome, reason, state, summary, to, until } = body
  const said = { message: shortAnswer(message), ...(summary !== undefined && { summary: shortAnswer(summary) }) }
  const known = Object.entries({ outcome, from, to, until, state }).filter(([, value]) => value !== undefined)
  return { status, reason, ...said, ...Object.fromEntries(known) }
}

export const shortAnswer = (text: string): string => text.slice(0, maxAnswerText)
