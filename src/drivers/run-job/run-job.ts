import type { Act, Worked } from '../../acts/acts.ts'
import type { Problem } from '../../api/conditions.ts'
import { checkedMilliseconds } from '../../api/duration.ts'
import type { KubeObject } from '../../api/object.ts'
import type { Outcome } from '../../api/outcome.ts'
import { reasons } from '../../api/reasons.ts'
import { readFailureOf } from '../../kube/errors.ts'
import { read } from '../../kube/requests.ts'
import type { Selectors } from '../../kube/source.ts'
import type { Driver, Execution } from '../driver.ts'
import { readPatiently, type Patience } from '../patient.ts'
import { inputOf, type PostText } from './input.ts'
import {
  cronJobType,
  jobNameOf,
  jobOfAct,
  jobRequestMs,
  jobType,
  unfinishedJobs,
  unfinishedQueries,
  type UnfinishedJob,
} from './jobs.ts'
import { lookAtJobs } from './look.ts'
import { makeJob, type JobResult } from './make.ts'
import { jobOf } from './manifest.ts'
import { deleteJob } from './replace.ts'
import { runJobRights } from './run-job-rights.ts'
import { runJobDeclaration, type RunJob, type runJobSchema } from './schema.ts'

/** Makes one Job from a CronJob for each delivery. */
export const runJob = {
  ...runJobDeclaration,
  // A hook names its CronJob, and no kind. So there is nothing to choose from a list.
  targets: [],
  rights: runJobRights,
  object: ({ cronJob }) => ({ type: cronJobType, name: cronJob }),
  target: ({ cronJob }) => `CronJob/${cronJob}`,
  describe: ({ concurrency }) => `run a Job${whileRunning[concurrency]}`,
  worst: (member, target) =>
    `run a Job of ${target} for each post${whileRunning[member.concurrency]}${textsInWords(member)}`,

  async validate({ cronJob }, reading): Promise<Problem | undefined> {
    const problem = problemOf(await reading.get(cronJobType, cronJob), cronJob, reading.namespace)
    return problem && { ...problem, lasts: 'reconciling' }
  },

  needs: ({ concurrency, cronJob }) => [
    { type: cronJobType, name: cronJob, verbs: ['get'] },
    { type: jobType, verbs: ['list', 'create', ...(concurrency === 'replace' ? ['delete'] : [])] },
  ],

  execute: member => async (delivery, execution) => {
    const inputs = inputOf(member, delivery, () => execution.post)
    if ('unusable' in inputs) return { outcome: 'failed', reason: 'InputUnusable', message: inputs.unusable }
    // Of two deliveries at the same time, each would find that no Job runs.
    const how = member.concurrency === 'allow' ? {} : ({ serial: true } as const)
    return await execution.acts.once((act, mayContinue, progress) => {
      const patience = { clock: execution.clock, isNamed: delivery.identity !== undefined, mayContinue, progress }
      return run({ act, execution, inputs, member, patience, hasDeleted: false, isCounted: false })
    }, how)
  },

  look: async (_member, looking) => await lookAtJobs(looking),
} satisfies Driver<'runJob', typeof runJobSchema>

const whileRunning: Readonly<Record<RunJob['concurrency'], string>> = {
  allow: '',
  forbid: ', unless an earlier one is running',
  replace: ', replacing an earlier one that is running',
}

/** Returns which texts a sender brings into the Job, as the end of a sentence. */
const textsInWords = ({ body, labels = [] }: RunJob): string => {
  const texts = [...(labels.length > 0 ? ['labels'] : []), ...(body === 'none' ? [] : ['a body'])]
  return texts.length === 0 ? '' : `, with ${texts.join(' and ')} chosen by the sender`
}

/** The work of one delivery in this process. */
interface Attempt {
  readonly act: Act
  readonly execution: Execution
  readonly inputs: readonly PostText[]
  readonly member: RunJob
  readonly patience: Patience
  /** Whether an earlier Job was deleted for this delivery. */
  hasDeleted: boolean
  /** Whether its Job is counted among those that are kept. */
  isCounted: boolean
}

/** Does the work. A failure says if a Job was deleted for it. */
const run = async (attempt: Attempt): Promise<Worked> => {
  const worked = await replaceAndMake(attempt)
  const { outcome } = worked
  if (!attempt.hasDeleted || !('message' in outcome)) return worked
  return { ...worked, outcome: { ...outcome, message: `after an earlier Job was deleted: ${outcome.message}` } }
}

const replaceAndMake = async (attempt: Attempt): Promise<Worked> => {
  try {
    return (await endOthers(attempt)) ?? (await makeJobOnce(attempt))
  } catch (error) {
    const { failure, message } = readFailureOf(error)
    if (failure === 'unreachable') return unreachable(attempt, message)
    return cannotRead(failure === 'forbidden' ? 'Forbidden' : 'TooLarge', message, attempt.act)
  }
}

/**
 * Sees to it that no other Job of the hook is running, as the hook asks. Returns the result of the
 * delivery if it has its Job already, or cannot have one now.
 */
const endOthers = async (attempt: Attempt): Promise<Worked | undefined> => {
  const { execution, member, patience } = attempt
  if (member.concurrency === 'allow') return undefined
  const { others, ownName } = await unfinishedOf(attempt)
  if (ownName !== undefined) return madeJob(attempt, ownName)
  const [first] = others
  if (!first) return undefined
  // The Job of this delivery may have ended.
  const own = await ownJob(attempt)
  if (own !== undefined) return madeJob(attempt, own)
  if (member.concurrency === 'forbid') {
    const message = `Job/${first.name} from an earlier delivery is still running`
    return { worked: 'done', outcome: { outcome: 'skipped', reason: 'JobRunning', message } }
  }
  // A Job that cannot be replaced runs on.
  const { problem } = await cronJobOf(attempt)
  if (problem) return failedWith(problem.reason, problem.message)
  if (!hasPlace(attempt)) return tooMany
  for (const other of others) {
    const deleted = await deleteJob(other, execution, { ...patience, outcomeOf })
    if (deleted.deleted === 'refused') return failedWith('Forbidden', deleted.message)
    if (deleted.deleted === 'open') return unfinishedBecause(deleted.message)
    attempt.hasDeleted = true
  }
  return others.length === maxOthers ? unfinishedBecause('there are more of them') : undefined
}

interface Unfinished {
  readonly others: readonly UnfinishedJob[]
  /** The name of the Job of this very delivery. Undefined if it is not among them. */
  readonly ownName?: string
}

/** Reads the Jobs of the hook that have not ended, up to as many as matter. */
const unfinishedOf = async (attempt: Attempt): Promise<Unfinished> => {
  const { execution, member, patience } = attempt
  const most = member.concurrency === 'forbid' ? 1 : maxOthers
  const others: UnfinishedJob[] = []
  // Each query is patient by itself: a server that fails now and then may fail one of two.
  for (const query of unfinishedQueries(execution.hook.uid)) {
    const found = await readPatiently(() => unfinishedBy(attempt, query, most - others.length), patience)
    others.push(...found.others)
    if (found.ownName !== undefined || others.length === most) return { ...found, others }
  }
  return { others }
}

/** Reads the Jobs of one query that have not ended, `most` at most. */
const unfinishedBy = async (
  { act, execution: { api, hook } }: Attempt,
  query: Selectors,
  most: number,
): Promise<Unfinished> => {
  const others: UnfinishedJob[] = []
  for await (const job of unfinishedJobs({ api, namespace: hook.namespace, lane: 'act' }, query)) {
    if (job.actId === act.id) return { others, ownName: job.name }
    others.push(job)
    if (others.length === most) break
  }
  return { others }
}

/** How many earlier Jobs one delivery deletes at most. Somebody who has more made them on purpose. */
const maxOthers = 100

const makeJobOnce = async (attempt: Attempt): Promise<Worked> => {
  const { act, execution, hasDeleted, inputs, member, patience } = attempt
  const { api, charge, clock, hook } = execution
  const { cronJob, problem } = await cronJobOf(attempt)
  if (!cronJob || problem) {
    const before = await ownJob(attempt)
    if (before !== undefined) return madeJob(attempt, before)
    return failedWith(problem?.reason ?? 'TargetNotFound', problem?.message ?? '')
  }
  if (!(await patience.mayContinue())) {
    return { ...unfinishedBecause('nothing has been sent yet'), isUntouched: member.concurrency !== 'replace' }
  }
  if (!hasPlace(attempt)) {
    const before = act.isResumed === true ? await ownJob(attempt) : undefined
    return before === undefined ? tooMany : madeJob(attempt, before)
  }
  const job = jobOf({ actId: act.id, cronJob, hook, inputs, member })
  const making = { api, charge, clock, freesQuota: hasDeleted, hook }
  return workedBy(await makeJob(job, act, making, patience.mayContinue), attempt)
}

/** Returns whether the hook may have one more Job that is kept for its `ttl`, and counts it if so. */
const hasPlace = (attempt: Attempt): boolean => {
  attempt.isCounted ||= attempt.execution.countKept(checkedMilliseconds(attempt.member.ttl))
  return attempt.isCounted
}

const tooMany: Worked = {
  worked: 'failed',
  outcome: { outcome: 'unavailable', reason: 'WritesLimited', message: reasons.WritesLimited.means },
}

/** Reads the CronJob, and says why no Job can be made of it. */
const cronJobOf = async ({ execution: { api, hook }, member, patience }: Attempt) => {
  const options = { lane: 'act', timeoutMs: jobRequestMs } as const
  const cronJob = await readPatiently(() => read(api, cronJobType, hook.namespace, member.cronJob, options), patience)
  return { cronJob, problem: problemOf(cronJob, member.cronJob, hook.namespace) }
}

const workedBy = (result: JobResult, attempt: Attempt): Worked => {
  const name = jobNameOf(attempt.execution.hook.name, attempt.act.id)
  switch (result.made) {
    case 'job':
      return madeJob(attempt)
    case 'taken':
      return failedWith('NameTaken', `someone else has created Job/${name}`)
    case 'refused':
      return failedWith(result.forbidden ? 'Forbidden' : 'JobRefused', result.message)
    case 'unread':
      return cannotRead('Forbidden', result.message, { isResumed: true })
    case 'open': {
      if (result.mayBeStored) return unfinishedBecause(result.message)
      return { ...unreachable(attempt, result.message), isUntouched: attempt.member.concurrency !== 'replace' }
    }
  }
}

/** Returns the name of the Job of this very delivery, if it was made before and is still there. */
const ownJob = async ({ act, execution: { api, hook }, patience }: Attempt): Promise<string | undefined> => {
  const place = { api, namespace: hook.namespace, lane: 'act' } as const
  const own = await readPatiently(() => jobOfAct(place, hook.name, act.id), patience)
  return own?.metadata.name
}

const madeJob = ({ act, execution }: Attempt, name = jobNameOf(execution.hook.name, act.id)): Worked => ({
  worked: 'done',
  outcome: outcomeOf(name, act.id),
})

/** Returns the outcome of the delivery whose act has made this Job. */
const outcomeOf = (job: string, actId: string): Outcome => ({
  outcome: 'applied',
  reason: 'JobCreated',
  summary: `made Job/${job}`,
  changes: [{ object: `Job/${job}`, to: 'created' }],
  evidence: { did: [actId], n: 1 },
})

interface CronJobProblem {
  readonly reason: 'TargetNotFound' | 'TargetBeingDeleted'
  readonly message: string
}

const problemOf = (cronJob: KubeObject | undefined, name: string, namespace: string): CronJobProblem | undefined => {
  if (!cronJob) return { reason: 'TargetNotFound', message: `there is no CronJob/${name} in namespace ${namespace}` }
  return cronJob.metadata.deletionTimestamp === undefined
    ? undefined
    : { reason: 'TargetBeingDeleted', message: `CronJob/${name} is being deleted` }
}

const failedWith = (reason: Extract<Outcome, { outcome: 'failed' }>['reason'], message: string): Worked => ({
  worked: 'failed',
  outcome: { outcome: 'failed', reason, message },
})

/**
 * Returns the result if something cannot be read. If the Job may be there, the act stays open, and a
 * copy of the delivery looks again.
 */
const cannotRead = (
  reason: 'Forbidden' | 'TooLarge',
  message: string,
  { isResumed }: Pick<Act, 'isResumed'>,
): Worked => ({
  worked: isResumed ? 'unfinished' : 'failed',
  outcome: { outcome: 'failed', reason, message },
})

/** Returns the result if the API server cannot be reached. An answer `ApiUnreachable` says that nothing was changed. */
const unreachable = ({ hasDeleted }: Attempt, message: string): Extract<Worked, { worked: 'unfinished' }> =>
  hasDeleted
    ? unfinishedBecause(message)
    : { worked: 'unfinished', outcome: { outcome: 'unavailable', reason: 'ApiUnreachable', message } }

const unfinishedBecause = (why: string): Extract<Worked, { worked: 'unfinished' }> => {
  const message = `${why}; sending the same post again makes the Job if it isn't there`
  return { worked: 'unfinished', outcome: { outcome: 'unavailable', reason: 'Unfinished', message } }
}
