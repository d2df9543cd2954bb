import { createHash } from 'node:crypto'
import { at, isObject, stringAt } from '../../api/json.ts'
import type { KubeObject, StoredObject } from '../../api/object.ts'
import type { ApiConnection, Lane } from '../../environment/environment.ts'
import { pagesOf } from '../../kube/pager.ts'
import { collectionPath, type ResourceType } from '../../kube/paths.ts'

export const cronJobType: ResourceType = { group: 'batch', version: 'v1', resource: 'cronjobs', kind: 'CronJob' }
export const jobType: ResourceType = { group: 'batch', version: 'v1', resource: 'jobs', kind: 'Job' }

/** The label with the uid of the hook that has made a Job. */
export const hookLabel = 'receiverhooks.dev/hook'

/** The label by which the Job of an act is found, regardless of its CronJob. */
export const actLabel = 'receiverhooks.dev/act'

/** The annotation with the id of the act for which a Job was made: the evidence of the act. */
export const deliveryAnnotation = 'receiverhooks.dev/delivery'

/** How many characters the name of a Job has after that of its CronJob and a hyphen. */
const shortCharacters = 10

/** The alphabet of base32, in lower case (RFC 4648, section 6). */
const base32 = 'abcdefghijklmnopqrstuvwxyz234567'

/** Returns what names and labels have of the id of an act. */
export const shortOf = (actId: string): string => {
  const bytes = createHash('sha256').update(actId).digest()
  return [...bytes.subarray(0, shortCharacters)].map(byte => base32.charAt(byte % base32.length)).join('')
}

/** The time limit of one request, in milliseconds. */
export const jobRequestMs = 3000

/** Returns the id of the act for which a Job was made. Undefined for a Job of somebody else. */
export const actIdOfJob = ({ metadata }: KubeObject): string | undefined => metadata.annotations?.[deliveryAnnotation]

/** How a Job has ended: the reason of a failure is the one of the Job's condition. */
export type JobEnd = { readonly ended: 'complete' } | { readonly ended: 'failed'; readonly reason: string }

/** Returns how a Job has ended, or undefined if it has not. Its pods may have ended before. */
export const jobEnd = (job: KubeObject): JobEnd | undefined => {
  const conditions = at(job, 'status', 'conditions')
  for (const condition of Array.isArray(conditions) ? conditions.filter(isObject) : []) {
    if (condition['status'] !== 'True') continue
    if (condition['type'] === 'Complete') return { ended: 'complete' }
    if (condition['type'] === 'Failed') return { ended: 'failed', reason: stringAt(condition, 'reason') ?? 'Failed' }
  }
  return undefined
}

/** Where Jobs are listed. */
interface JobsPlace {
  readonly api: ApiConnection
  readonly namespace: string
  readonly lane: Extract<Lane, 'act' | 'look'>
}

/**
 * Returns the Job with this name, or undefined. A list is read, and not the object, so that the right to
 * list is enough. A list without a version is never stale.
 */
export const jobNamed = async (place: JobsPlace, name: string): Promise<StoredObject | undefined> => {
  for await (const job of jobsOf(place, { fieldSelector: `metadata.name=${name}` })) return job
  return undefined
}

/**
 * Returns the Job of an act, or undefined. It is found by its label, because its name has that of the
 * CronJob, and the hook may name another one by now.
 */
export const jobOfAct = async (place: JobsPlace, actId: string): Promise<StoredObject | undefined> => {
  for await (const job of jobsOf(place, { labelSelector: `${actLabel}=${shortOf(actId)}` })) {
    if (actIdOfJob(job) === actId) return job
  }
  return undefined
}

/** A Job of a hook that has not ended. Only this is kept of it, because a Job can be large. */
export interface UnfinishedJob {
  readonly name: string
  readonly uid: string
  /** The id of the act for which it was made. Undefined for a Job of somebody else. */
  readonly actId: string | undefined
  readonly isBeingDeleted: boolean
}

/** Reads the Jobs of a hook that have not ended, one by one. Throws the API server's errors. */
export async function* unfinishedJobs(
  place: JobsPlace,
  hookUid: string,
): AsyncGenerator<UnfinishedJob, void, undefined> {
  for await (const job of jobsOf(place, { labelSelector: `${hookLabel}=${hookUid}` })) {
    if (jobEnd(job)) continue
    const { deletionTimestamp, name, uid } = job.metadata
    yield { name, uid, actId: actIdOfJob(job), isBeingDeleted: deletionTimestamp !== undefined }
  }
}

async function* jobsOf(
  { api, lane, namespace }: JobsPlace,
  query: Readonly<Record<string, string>>,
): AsyncGenerator<StoredObject, void, undefined> {
  const path = collectionPath(jobType, namespace)
  for await (const page of pagesOf(api, { resource: jobType.resource, path, query, lane, timeoutMs: jobRequestMs })) {
    // Of a Job that is too large to be read, nobody can say that it has ended.
    yield* page.large ? [page.large] : page.objects
  }
}
