import type { MayContinue } from '../../acts/acts.ts'
import type { Outcome } from '../../api/outcome.ts'
import { objectPath } from '../../kube/paths.ts'
import { sendWrite } from '../../kube/written.ts'
import type { Execution } from '../driver.ts'
import { jobRequestMs, jobType, type UnfinishedJob } from './jobs.ts'

/** The result of deleting a Job. `gone`: it is not there any more. */
type Deleted =
  | { readonly deleted: 'gone' }
  | { readonly deleted: 'refused'; readonly message: string }
  /** It may still be there. */
  | { readonly deleted: 'open'; readonly message: string }

/**
 * Deletes a Job of an earlier delivery, with its pods. The Job is the evidence that this delivery was
 * done, so the record has to say it first. Otherwise a late copy would run the delivery again.
 */
export const deleteJob = async (
  { actId, isBeingDeleted, name, uid }: UnfinishedJob,
  { acts, api, hook: { namespace } }: Pick<Execution, 'acts' | 'api' | 'hook'>,
  {
    mayContinue,
    outcomeOf,
  }: { readonly mayContinue: MayContinue; readonly outcomeOf: (job: string, actId: string) => Outcome },
): Promise<Deleted> => {
  const isOver: Deleted = { deleted: 'open', message: 'not all earlier Jobs were deleted' }
  if (!(await mayContinue())) return isOver
  if (actId !== undefined && !(await acts.settle(actId, outcomeOf(name, actId)))) {
    return { deleted: 'open', message: `can't record that Job/${name} was created` }
  }
  if (isBeingDeleted) return { deleted: 'gone' }
  // The record may have been slow.
  if (!(await mayContinue())) return isOver
  const sent = await sendWrite(
    api,
    {
      method: 'DELETE',
      path: objectPath(jobType, namespace, name),
      // A Job of the same name that somebody has made since stays.
      body: JSON.stringify({
        kind: 'DeleteOptions',
        apiVersion: 'v1',
        propagationPolicy: 'Background',
        preconditions: { uid },
      }),
      lane: 'act',
      timeoutMs: jobRequestMs,
    },
    `deleting the earlier Job/${name}`,
  )
  switch (sent.sent) {
    case 'stored':
    case 'missing':
    case 'conflict':
      return { deleted: 'gone' }
    case 'refused':
      return { deleted: 'refused', message: sent.message }
    case 'not sent':
    case 'unknown':
      return { deleted: 'open', message: sent.message }
  }
}
