import { listAt, stringAt } from '../../../src/api/json.ts'
import { recordPlural } from '../../../src/api/record.ts'
import { actIdOfJob, hookLabel, jobEnd, type JobEnd } from '../../../src/drivers/run-job/jobs.ts'
import type { Violation } from '../happened.ts'
import { recentIn } from '../rows.ts'
import { namesOfJobHooks } from '../world/job-hooks.ts'
import { openActsIn } from '../world/jobs.ts'
import { clocksJump } from './executed.ts'
import { isOn } from './model.ts'
import { mayRunAt } from './stops.ts'
import { mayGoBy, type Story, type Timeline } from './timeline.ts'

/** A Job that a hook has made, from the place where it was stored. */
interface MadeJob {
  readonly name: string
  /** The hook. */
  readonly uid: string
  /** The key of the delivery, as the hook's record has it. Undefined where it has none. */
  readonly key: string | undefined
  readonly since: number
  /** Where it has ended, and where it was deleted. */
  ended: number
  end: JobEnd['ended'] | undefined
  deleted: number
}

/**
 * A delivery has one Job at most; with forbid and replace no two Jobs of a hook run at the same time; and what is answered is so: that
 * a Job was made, that one is running, how one has ended.
 */
export const checkJobs = (timeline: Timeline): readonly Violation[] => {
  if (timeline.jobs.length === 0) return []
  const made = jobsIn(timeline)
  return [
    ...(clocksJump(timeline) ? [] : twice(made)),
    ...together(timeline, made),
    ...timeline.jobs.flatMap(story => untrue(timeline, story, made)),
    ...shown(timeline, made),
  ]
}

/** Whether a hook runs Jobs. */
export const isOfJobs = ({ hooks }: Timeline, uid: string): boolean =>
  namesOfJobHooks.some(name => hooks.get(name)?.some(version => version.uid === uid))

/** What records show of the ends of Jobs. */
const shown = (timeline: Timeline, made: readonly MadeJob[]): readonly Violation[] =>
  timeline.happened.flatMap((entry, place) => {
    if (entry.what !== 'stored' || entry.resource !== recordPlural) return []
    const uid = entry.object.metadata.ownerReferences?.[0]?.uid ?? ''
    if (!isOfJobs(timeline, uid)) return []
    return recentIn(entry.object['content']).flatMap(({ message, state }) => {
      if (state !== 'complete' && state !== 'failed') return []
      const isSo = made.some(
        job => job.uid === uid && job.end === state && job.ended < place && message.includes(job.name),
      )
      return isSo ? [] : [{ promise: 'jobs', why: `the record of ${uid} shows as ${state} what is not: ${message}` }]
    })
  })

const jobsIn = ({ happened }: Timeline): readonly MadeJob[] => {
  const keys = new Map<string, string>()
  const jobs: MadeJob[] = []
  for (const [place, entry] of happened.entries()) {
    if (entry.what !== 'stored') continue
    const { deleted, object, resource } = entry
    if (resource === recordPlural) for (const [id, key] of openActsIn(object)) keys.set(id, key)
    const id = resource === 'jobs' ? actIdOfJob(object) : undefined
    if (id === undefined) continue
    const { labels = {}, name } = object.metadata
    const known = jobs.findLast(job => job.name === name && job.deleted === Infinity)
    const job = known ?? {
      ...{ name, uid: labels[hookLabel] ?? '', key: keys.get(id), since: place },
      ...{ ended: Infinity, end: undefined, deleted: Infinity },
    }
    if (!known) jobs.push(job)
    const end = jobEnd(object)
    if (end) {
      job.ended = Math.min(job.ended, place)
      job.end = end.ended
    }
    if (deleted) job.deleted = place
  }
  return jobs
}

const twice = (made: readonly MadeJob[]): readonly Violation[] => {
  const first = new Map<string, string>()
  return made.flatMap(({ key, name, uid }) => {
    const delivery = `${uid} ${key}`
    const before = key === undefined ? undefined : first.get(delivery)
    first.set(delivery, name)
    return before === undefined ? [] : [{ promise: 'jobs', why: `one delivery has made ${before}, and ${name}` }]
  })
}

const together = ({ hooks }: Timeline, made: readonly MadeJob[]): readonly Violation[] => {
  const names = namesOfJobHooks.filter(name => name !== 'job-allow')
  const alone = new Set(names.flatMap(name => hooks.get(name)?.map(({ uid }) => uid) ?? []))
  const ofAlone = made.filter(({ uid }) => alone.has(uid))
  return ofAlone.flatMap((job, index) => {
    const other = ofAlone.slice(0, index).find(each => each.uid === job.uid && runsAt(each, job.since))
    return other ? [{ promise: 'jobs', why: `${job.name} was made while ${other.name} of the same hook ran` }] : []
  })
}

const runsAt = ({ deleted, ended, since }: MadeJob, place: number): boolean =>
  since <= place && place < Math.min(ended, deleted)

/** Whether this is the answer to a post while an act is left by its process, or goes on in another. */
export const isOfLeft = (reason: string): boolean => reason === 'Contended' || reason === 'Unfinished'

/** Whether a post is one of the same delivery to the same process that was done later. */
const isLaterCopy = (later: Story, { arrived, post }: Story): boolean =>
  later.arrived > arrived &&
  later.post.process === post.process &&
  later.post.delivery === post.delivery &&
  later.answer !== undefined &&
  later.answer !== 'no answer' &&
  later.answer.status === 200

const untrue = (timeline: Timeline, story: Story, made: readonly MadeJob[]): readonly Violation[] => {
  const { answer, arrived, ended, post } = story
  const broken = (promise: string, why: string): readonly Violation[] => [
    { promise, why: `post ${post.id} (${post.delivery}) to ${post.hook} ${why}` },
  ]
  if (answer === undefined || answer === 'no answer') {
    return post.healed && answer !== undefined ? broken('liveness', 'got no answer, when all was well') : []
  }
  const { changes, message, outcome, reason, state } = answer.body
  // What a process has left when it crashed, others take up once they have seen it for a while.
  const isHeld = isOfLeft(reason) && timeline.jobs.some(later => isLaterCopy(later, story))
  if (post.healed && answer.status !== 200 && !isHeld) return broken('liveness', `got ${reason}, when all was well`)
  const ofHook = made.filter(({ uid }) => uid === post.uid)
  if (state === 'complete' || state === 'failed') {
    const isSo = ofHook.some(job => job.end === state && job.ended < ended && message.includes(job.name))
    if (!isSo) return broken('jobs', `was answered ${reason}, and it is not so: ${message}`)
  }
  // A post that waits gets the outcome of an earlier copy.
  if (outcome === 'skipped' && reason === 'JobRunning' && !message.startsWith('the same delivery was decided at ')) {
    // A copy may join the act of an earlier one, which has looked before.
    const copies = timeline.jobs.filter(
      other => other.post.uid === post.uid && other.post.key === post.key && other.post.process === post.process,
    )
    const looked = post.key === undefined ? arrived : Math.min(arrived, ...copies.map(copy => copy.arrived))
    const ran = ofHook.some(job => job.since < ended && Math.min(job.ended, job.deleted) > looked)
    return ran ? [] : broken('jobs', 'was skipped, and no Job of its hook ran')
  }
  // An answer without changes is about what an earlier post has done.
  const name = stringAt(listAt({ changes }, 'changes')[0], 'object')?.replace('Job/', '')
  if (outcome !== 'applied' || name === undefined) return []
  const isStored = ofHook.some(job => job.name === name && job.since < ended && [undefined, job.key].includes(post.key))
  if (!isStored) return broken('3', `was answered that ${name} was made for it, and it was not`)
  const isOpen = mayGoBy(timeline, story, arrived, ended).some(version => isOn(version, post.uid))
  if (!isOpen) return broken('5', 'ran, and its hook was suspended')
  return mayRunAt(timeline, story, [], arrived, ended) ? [] : broken('5', 'ran, and all hooks were stopped')
}
