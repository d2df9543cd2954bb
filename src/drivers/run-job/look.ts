import { at, stringAt } from '../../api/json.ts'
import type { StoredObject } from '../../api/object.ts'
import type { DecidedChange, Settlement } from '../../api/settlement.ts'
import { parseTime } from '../../environment/time.ts'
import type { Look, LookContext } from '../driver.ts'
import { podSelector, unreadyPods, type PodsNow } from '../rollouts/pods.ts'
import { jobEnd, jobOfAct } from './jobs.ts'

/**
 * How long no pod of a Job has to be ready until the Job is stalled, in milliseconds. A Job without
 * `activeDeadlineSeconds` waits for ever for an image that does not exist, or for a node.
 */
const stalledAfterMs = 600_000

/** A Job as it is now, and what its pods show if none of them is ready. */
interface LookedAtJob {
  readonly job: StoredObject
  readonly pods: PodsNow | undefined
}

/**
 * Looks at the Jobs of the deliveries whose outcome is asked for, and at no others: a hook may have
 * made thousands.
 */
export const lookAtJobs = async (looking: LookContext): Promise<Look> => {
  const { api, changes, hookName, namespace } = looking
  const place = { api, namespace, lane: 'look' } as const
  const ids = new Set(changes.flatMap(change => ('did' in change ? actIdOf(change) : [])))
  const jobs = new Map<string, LookedAtJob | undefined>()
  let pods = 0
  for (const id of ids) {
    const job = await jobOfAct(place, hookName, id)
    const selector = job && isWaiting(job) ? podSelector(job) : undefined
    const collector = unreadyPods(job ? countAt(job, 'active') : 0, () => true)
    const count =
      selector === undefined ? undefined : await looking.pods(selector, pod => isNew(pod) && collector.take(pod))
    pods += count ?? 0
    jobs.set(id, job && { job, pods: count === undefined ? undefined : collector.result() })
  }
  return {
    objects: Math.max(1, ids.size) + pods,
    settlementOf: (change, now) => {
      if (!('did' in change)) return ofAnotherDriver
      const id = actIdOf(change)
      // The change was asked for after this look had begun.
      if (!jobs.has(id)) return { state: 'progressing', message: 'the Job has not been checked yet' }
      return settlementOf(jobs.get(id), now)
    },
  }
}

/** Returns the id of the act that has made a change. It is all that a Job's delivery leaves. */
const actIdOf = ({ did }: DecidedChange): string => did[0] ?? ''

const ofAnotherDriver: Settlement = {
  state: 'replaced',
  message: 'the delivery changed a count, but now the hook runs Jobs',
}

const settlementOf = (seen: LookedAtJob | undefined, now: number): Settlement => {
  if (!seen) {
    const message = "the delivery's Job is gone: its ttl has passed, or it was deleted"
    return { state: 'replaced', reason: 'JobGone', message }
  }
  const { job, pods } = seen
  const { name } = job.metadata
  const end = jobEnd(job)
  switch (end?.ended) {
    case 'complete':
      return { state: 'complete', reason: 'JobComplete', message: `Job/${name} is complete` }
    case 'failed':
      return {
        state: 'failed',
        reason: 'JobFailed',
        message: `Job/${name} has failed: ${end.reason}`,
        causes: [end.reason],
      }
    case undefined: {
      const causes = pods?.causes ?? []
      const why = causes.length === 0 ? '' : `: ${causes.join(', ')}`
      const since = notStartedSince(seen)
      if (since !== undefined && now - since >= stalledAfterMs) {
        const message = `Job/${name} is stuck: no pod is ready after ${stalledAfterMs / 1000} s${why}`
        return { state: 'stalled', message, causes }
      }
      return { state: 'progressing', reason: 'JobRunning', message: `Job/${name} ${progressOf(job)}${why}`, causes }
    }
  }
}

/** Returns whether a Job waits for its pods to start. A pod that runs is ready, if nothing else decides that. */
const isWaiting = (job: StoredObject): boolean =>
  jobEnd(job) === undefined && countAt(job, 'active') > 0 && at(job, 'status', 'ready') === 0

/** Returns whether no container of a pod has started. Pods of earlier tries have ended, and are not ready either. */
const isNew = (pod: StoredObject): boolean => stringAt(pod, 'status', 'phase') === 'Pending'

/**
 * Returns since when a Job waits for a pod that has not started. If its pods cannot be read, this is known only of a Job
 * whose first pods are active. Undefined if it does not wait.
 */
const notStartedSince = ({ job, pods }: LookedAtJob): number | undefined => {
  if (!isWaiting(job)) return undefined
  if (pods) return pods.unreadySince
  const isFirst = countAt(job, 'failed') === 0 && countAt(job, 'succeeded') === 0
  const began = parseTime(stringAt(job, 'status', 'startTime') ?? '')
  return isFirst && !Number.isNaN(began) ? began : undefined
}

const countAt = (job: StoredObject, name: 'active' | 'failed' | 'succeeded'): number =>
  Number(at(job, 'status', name) ?? 0)

const progressOf = (job: StoredObject): string => {
  if (at(job, 'spec', 'suspend') === true) return 'is suspended: someone has to resume it'
  const [active, failed, succeeded] = (['active', 'failed', 'succeeded'] as const).map(name => countAt(job, name))
  return `is not complete: ${active} pods are active, ${succeeded} have succeeded, ${failed} have failed`
}
