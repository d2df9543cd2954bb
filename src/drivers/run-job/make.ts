import type { Act, MayContinue } from '../../acts/acts.ts'
import type { KubeObject } from '../../api/object.ts'
import { waitAfter } from '../../environment/backoff.ts'
import { wait } from '../../environment/wait.ts'
import { readFailureOf } from '../../kube/errors.ts'
import { collectionPath } from '../../kube/paths.ts'
import { bytesOf, chargedOnce, forbiddenTries, sendWrite, type Sent } from '../../kube/written.ts'
import type { Execution } from '../driver.ts'
import { tryAgain } from '../patient.ts'
import { actIdOfJob, jobNamed, jobRequestMs, jobType } from './jobs.ts'

/** How often what a Job holds is stored at least: in the Job and in one pod. */
const copies = 2

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

interface Making extends Pick<Execution, 'api' | 'charge' | 'clock' | 'hook'> {
  /** Whether a Job was deleted just now. The API server counts it for a moment longer. */
  readonly freesQuota: boolean
}

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
  { api, charge, clock, freesQuota, hook: { namespace } }: Making,
  mayContinue: MayContinue,
): Promise<JobResult> => {
  const { name } = job.metadata
  const body = JSON.stringify(job)
  const paid = chargedOnce(charge)
  let message = 'nothing has been sent yet'
  let mayBeStored = isResumed
  /** Whether a try of this call may be stored yet. */
  let isOnItsWay = false
  let refusals = 0
  for (let tries = 0; await mayContinue(); tries++) {
    const path = collectionPath(jobType, namespace)
    const request = { method: 'POST', path, body, lane: 'act', timeoutMs: jobRequestMs } as const
    const sent = await sendWrite(api, request, 'making the Job')
    if (sent.sent === 'stored' || sent.sent === 'unknown') paid(copies * bytesOf(body))
    if (sent.sent === 'stored') return { made: 'job' }
    message = sent.message
    isOnItsWay ||= sent.sent === 'unknown'
    mayBeStored ||= isOnItsWay
    // A quota that others change at this moment answers with a conflict, too.
    const exists = sent.sent === 'conflict' && sent.exists
    if (exists || sent.sent === 'refused' || sent.sent === 'missing') {
      const forbidden = sent.sent === 'refused' && isByRoles(sent)
      const found = await lookFor({ api, namespace }, name, actId)
      if (found.found === 'own') return { made: 'job' }
      if (found.found === 'other') return exists ? { made: 'taken' } : { made: 'refused', forbidden, message }
      if (found.found === 'forbidden' && (exists || mayBeStored)) return { made: 'unread', message: found.message }
      // The name was in use a moment ago. Only this act has a name like this, so it is done.
      if (found.found === 'none' && exists) return { made: 'job' }
      // An API server that has just started forbids everything.
      const mayPass =
        isOnItsWay || (forbidden && ++refusals < forbiddenTries) || (freesQuota && message.includes('exceeded quota'))
      if (found.found !== 'unreachable' && !mayPass) return { made: 'refused', forbidden, message }
      if ('message' in found) message = found.message
      mayBeStored ||= exists
    }
    await wait(clock, waitAfter(tryAgain, tries))
  }
  return { made: 'open', mayBeStored, message }
}

/** Returns whether roles refuse the Job. They do before its name is read. A quota and webhooks name it, or themselves. */
const isByRoles = ({ about, message, status }: Extract<Sent, { readonly sent: 'refused' }>): boolean =>
  status === 403 && about === undefined && !message.includes('admission webhook')

type Found =
  | { readonly found: 'own' | 'other' | 'none' }
  | { readonly found: 'forbidden' | 'unreachable'; readonly message: string }

/** Looks for the Job with this name, and says whether it is the one of the act. */
const lookFor = async (
  { api, namespace }: Pick<Execution, 'api'> & { readonly namespace: string },
  name: string,
  actId: string,
): Promise<Found> => {
  try {
    const job = await jobNamed({ api, namespace, lane: 'act' }, name)
    return { found: !job ? 'none' : actIdOfJob(job) === actId ? 'own' : 'other' }
  } catch (error) {
    const { failure, message } = readFailureOf(error)
    return { found: failure === 'unreachable' ? 'unreachable' : 'forbidden', message }
  }
}
