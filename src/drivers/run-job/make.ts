import type { Act, MayContinue } from '../../acts/acts.ts'
import type { KubeObject } from '../../api/object.ts'
import { waitAfter } from '../../environment/backoff.ts'
import { Unreachable } from '../../environment/unreachable.ts'
import { wait } from '../../environment/wait.ts'
import { ApiError, isRefusal, readFailureOf } from '../../kube/errors.ts'
import { collectionPath } from '../../kube/paths.ts'
import { bytesOf, chargedOnce, forbiddenTries } from '../../kube/written.ts'
import type { Execution } from '../driver.ts'
import { tryAgain } from '../patient.ts'
import { actIdOfJob, jobNamed, jobRequestMs, jobType } from './jobs.ts'

/** How often what a Job holds is stored at least: in the Job and in one pod. */
const copies = 2

/** The result of making a Job. */
export type JobResult =
  /** The Job was made, now or before. */
  | { readonly made: 'job' }
  /** A Job of somebody else has the name. */
  | { readonly made: 'taken' }
  /** The API server refuses the Job. `forbidden`: by its roles. Otherwise a quota, a webhook or a rule. */
  | { readonly made: 'refused'; readonly forbidden: boolean; readonly message: string }
  /** A Job that exists cannot be read, so nobody can say whether it is the one. */
  | { readonly made: 'unread'; readonly message: string }
  /** The time is over. `mayBeStored`: the Job may have been made. */
  | { readonly made: 'open'; readonly mayBeStored: boolean; readonly message: string }

/**
 * Makes the Job of an act, however often this is called. The name of the Job is the evidence: the API
 * server takes it only once. So a lost answer is found out by sending the Job again.
 *
 * A refusal proves nothing until the Job was looked for. If a first try has used a quota up, the quota
 * refuses the second one.
 */
export const makeJob = async (
  job: KubeObject,
  { id: actId, isResumed = false }: Act,
  { api, charge, clock, hook: { namespace } }: Pick<Execution, 'api' | 'charge' | 'clock' | 'hook'>,
  mayContinue: MayContinue,
): Promise<JobResult> => {
  const { name } = job.metadata
  const body = JSON.stringify(job)
  const paid = chargedOnce(charge)
  let message = 'nothing was sent yet'
  let mayBeStored = isResumed
  /** Whether a try of this call may be stored yet. */
  let isOnItsWay = false
  let refusals = 0
  for (let tries = 0; await mayContinue(); tries++) {
    const answer = await post({ api, namespace }, body)
    if (answer.sent === 'stored' || answer.sent === 'unknown') paid(copies * bytesOf(body))
    if (answer.sent === 'stored') return { made: 'job' }
    const { forbidden, sent, message: said } = answer
    message = said
    isOnItsWay ||= sent === 'unknown'
    mayBeStored ||= isOnItsWay
    if (sent === 'exists' || sent === 'refused') {
      const found = await lookFor({ api, namespace }, name, actId)
      if (found.found === 'own') return { made: 'job' }
      if (found.found === 'other')
        return sent === 'exists' ? { made: 'taken' } : { made: 'refused', forbidden, message }
      if (found.found === 'forbidden' && (sent === 'exists' || mayBeStored))
        return { made: 'unread', message: found.message }
      // The name was in use a moment ago. Only this act has a name like this, so it is done.
      if (found.found === 'none' && sent === 'exists') return { made: 'job' }
      // An API server that has just started forbids everything.
      const mayPass = isOnItsWay || (forbidden && ++refusals < forbiddenTries)
      if (found.found !== 'unreachable' && !mayPass) return { made: 'refused', forbidden, message }
      if ('message' in found) message = found.message
      mayBeStored ||= sent === 'exists'
    }
    await wait(clock, waitAfter(tryAgain, tries))
  }
  return { made: 'open', mayBeStored, message }
}

type Sent =
  | { readonly sent: 'stored' }
  | {
      /** exists: the name is in use. unknown: the Job may be stored. Only `not sent` certainly changed nothing. */
      readonly sent: 'exists' | 'refused' | 'unknown' | 'not sent'
      readonly forbidden: boolean
      readonly message: string
    }

type Place = Pick<Execution, 'api'> & { readonly namespace: string }

const post = async ({ api, namespace }: Place, body: string): Promise<Sent> => {
  const path = collectionPath(jobType, namespace)
  try {
    const response = await api.request({ method: 'POST', path, body, lane: 'act', timeoutMs: jobRequestMs })
    if (response.status === 200 || response.status === 201) return { sent: 'stored' }
    return sentBy(new ApiError(response, 'making the Job'))
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error
    const { mayHaveArrived, message } = error
    return { sent: mayHaveArrived ? 'unknown' : 'not sent', forbidden: false, message }
  }
}

/** Statuses after which the same request may succeed later, and that certainly changed nothing. */
const passing: ReadonlySet<number> = new Set([401, 408, 429])

const sentBy = (error: ApiError): Sent => {
  const { about, message, reason, status } = error
  const by = (sent: 'exists' | 'refused' | 'unknown' | 'not sent', forbidden = false): Sent => ({
    sent,
    forbidden,
    message,
  })
  // A webhook may refuse with any status, also with one that otherwise leaves the result open.
  if (!isRefusal(error)) {
    if (status >= 500) return by('unknown')
    if (passing.has(status) || status < 400) return by('not sent')
    // A quota that others change at this moment answers 409, too.
    if (status === 409) return by(reason === 'AlreadyExists' ? 'exists' : 'not sent')
  }
  // The roles refuse before the name of the Job is read. A quota and webhooks name it, or themselves.
  return by('refused', status === 403 && about === undefined && !message.includes('admission webhook'))
}

type Found =
  | { readonly found: 'own' | 'other' | 'none' }
  | { readonly found: 'forbidden' | 'unreachable'; readonly message: string }

/** Looks for the Job with this name, and says whether it is the one of the act. */
const lookFor = async ({ api, namespace }: Place, name: string, actId: string): Promise<Found> => {
  try {
    const job = await jobNamed({ api, namespace, lane: 'act' }, name)
    return { found: !job ? 'none' : actIdOfJob(job) === actId ? 'own' : 'other' }
  } catch (error) {
    const { failure, message } = readFailureOf(error)
    return { found: failure === 'unreachable' ? 'unreachable' : 'forbidden', message }
  }
}
