import { at } from '../../api/json.ts'
import type { StoredObject } from '../../api/object.ts'
import type { DecidedChange, Settlement } from '../../api/settlement.ts'
import type { Look, LookContext } from '../driver.ts'
import { jobEnd, jobOfAct } from './jobs.ts'

/**
 * Looks at the Jobs of the deliveries whose outcome is asked for, and at no others: a hook may have
 * made thousands.
 */
export const lookAtJobs = async ({ api, changes, hookName, namespace }: LookContext): Promise<Look> => {
  const place = { api, namespace, lane: 'look' } as const
  const ids = new Set(changes.flatMap(change => ('did' in change ? actIdOf(change) : [])))
  const jobs = new Map<string, StoredObject | undefined>()
  for (const id of ids) jobs.set(id, await jobOfAct(place, hookName, id))
  return {
    objects: Math.max(1, ids.size),
    settlementOf: change => {
      if (!('did' in change)) return ofAnotherDriver
      const id = actIdOf(change)
      // The change was asked for after this look had begun.
      if (!jobs.has(id)) return { state: 'progressing', message: 'the Job was not looked at yet' }
      return settlementOf(jobs.get(id))
    },
  }
}

/** Returns the id of the act that has made a change. It is all that a Job's delivery leaves. */
const actIdOf = ({ did }: DecidedChange): string => did[0] ?? ''

const ofAnotherDriver: Settlement = {
  state: 'replaced',
  message: 'the delivery changed a count, and the hook runs Jobs now',
}

const settlementOf = (job: StoredObject | undefined): Settlement => {
  if (!job) {
    const message = 'the Job of the delivery is not there: its ttl is over, or it was deleted'
    return { state: 'replaced', reason: 'JobGone', message }
  }
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
