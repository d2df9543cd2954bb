import { at } from '../../api/json.ts'
import type { StoredObject } from '../../api/object.ts'
import type { DecidedChange, Settlement } from '../../api/settlement.ts'
import type { Look, LookContext } from '../driver.ts'
import { actIdOfJob, jobEnd, jobNamed } from './jobs.ts'
import { jobNameOf } from './manifest.ts'
import type { RunJob } from './schema.ts'

/**
 * Looks at the Jobs of the deliveries whose outcome is asked for, and at no others: a hook may have
 * made thousands.
 */
export const lookAtJobs = async (
  { cronJob }: Pick<RunJob, 'cronJob'>,
  { api, changes, namespace }: LookContext,
): Promise<Look> => {
  const ids = new Set(changes.flatMap(change => ('did' in change ? actIdOf(change) : [])))
  const jobs = new Map<string, StoredObject | undefined>()
  for (const id of ids) {
    const job = await jobNamed({ api, namespace, lane: 'look' }, jobNameOf(cronJob, id))
    jobs.set(id, job && actIdOfJob(job) === id ? job : undefined)
  }
  return {
    objects: Math.max(1, ids.size),
    settlementOf: change => {
      if (!('did' in change)) return ofAnotherDriver
      const id = actIdOf(change)
      // The change was asked for after this look had begun.
      if (!jobs.has(id)) return { state: 'progressing', message: 'the Job was not looked at yet' }
      return settlementOf(jobs.get(id), jobNameOf(cronJob, id))
    },
  }
}

/** Returns the id of the act that has made a change. It is all that a Job's delivery leaves. */
const actIdOf = ({ did }: DecidedChange): string => did[0] ?? ''

const ofAnotherDriver: Settlement = {
  state: 'replaced',
  message: 'the delivery changed a count, and the hook runs Jobs now',
}

const settlementOf = (job: StoredObject | undefined, name: string): Settlement => {
  if (!job) {
    const message = `Job/${name} is not there: its ttl is over, somebody deleted it, or the hook names another CronJob now`
    return { state: 'replaced', reason: 'JobGone', message }
  }
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
    case undefined:
      return { state: 'progressing', reason: 'JobRunning', message: `Job/${name} ${progressOf(job)}` }
  }
}

const progressOf = (job: StoredObject): string => {
  if (at(job, 'spec', 'suspend') === true) return 'is suspended: somebody has to resume it'
  const [active, failed, succeeded] = ['active', 'failed', 'succeeded'].map(name =>
    Number(at(job, 'status', name) ?? 0),
  )
  return `is not complete: ${active} pods are active, ${succeeded} have succeeded, ${failed} have failed`
}
