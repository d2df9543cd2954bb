import { createHash } from 'node:crypto'
import { objectsAt, stringAt } from '../../api/json.ts'
import type { KubeObject, StoredObject } from '../../api/object.ts'
import type { ApiConnection, Lane } from '../../environment/environment.ts'
import { pagesOf } from '../../kube/pager.ts'
import { selectorOf, type Selectors } from '../../kube/source.ts'
import { collectionPath, type ResourceType } from '../../kube/paths.ts'

export const cronJobType: ResourceType = { group: 'batch', version: 'v1', resource: 'cronjobs', kind: 'CronJob' }
export const jobType: ResourceType = { group: 'batch', version: 'v1', resource: 'jobs', kind: 'Job' }

/** The label with the uid of the hook that has made a Job. */
export const hookLabel = 'receiverhooks.dev/hook'

/** The label of a Job that can have a successful pod and still not be complete. */
export const severalPodsLabel = 'receiverhooks.dev/several-pods'

/** The annotation with the id of the act for which a Job was made: the evidence of the act. */
export const deliveryAnnotation = 'receiverhooks.dev/delivery'

/**
 * The maximum length of a Job's name. The host of a pod of an Indexed Job has a hyphen and up to five
 * digits more, and at most 63 characters.
 */
const maxNameCharacters = 57

/** How many characters of a Job's name follow from its act. */
const hashCharacters = 10

/** The alphabet of base32, in lower case (RFC 4648, section 6). */
const base32 = 'abcdefghijklmnopqrstuvwxyz234567'

/**
 * Returns the name of the Job of an act. All copies of a delivery have one act, so they can make only
 * one Job. The name has no part of the hook's spec, which may change between two copies.
 */
export const jobNameOf = (hookName: string, actId: string): string => {
  const bytes = createHash('sha256').update(actId).digest().subarray(0, hashCharacters)
  const hash = [...bytes].map(byte => base32.charAt(byte % base32.length)).join('')
  // A dot must not be next to a hyphen.
  return `${hookName.replaceAll('.', '-').slice(0, maxNameCharacters - hashCharacters - 1)}-${hash}`
}

/** The time limit of one request, in milliseconds. */
export const jobRequestMs = 3000

/** Returns the id of the act for which a Job was made. Undefined for a Job of somebody else. */
export const actIdOfJob = ({ metadata }: KubeObject): string | undefined => metadata.annotations?.[deliveryAnnotation]

/** How a Job has ended: the reason of a failure is the one of the Job's condition. */
export type JobEnd = { readonly ended: 'complete' } | { readonly ended: 'failed'; readonly reason: string }

/** Returns how a Job has ended, or undefined if it has not. Its pods may have ended before. */
export const jobEnd = (job: KubeObject): JobEnd | undefined => {
  for (const condition of objectsAt(job, 'status', 'conditions')) {
    if (condition['status'] !== 'True') continue
    if (condition['type'] === 'Complete') return { ended: 'complete' }
    if (condition['type'] === 'Failed') return { ended: 'failed', reason: stringAt(condition, 'reason') ?? 'Failed' }
  }
  return undefined
}

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

export const jobOfAct = async (
  place: JobsPlace,
  hookName: string,
  actId: string,
): Promise<StoredObject | undefined> => {
  const job = await jobNamed(place, jobNameOf(hookName, actId))
  return job && actIdOfJob(job) === actId ? job : undefined
}

/** A Job of a hook that has not ended. Only this is kept of it, because a Job can be large. */
export interface UnfinishedJob {
  readonly name: string
  readonly uid: string
  /** The id of the act for which it was made. Undefined for a Job of somebody else. */
  readonly actId: string | undefined
  readonly isBeingDeleted: boolean
}

/**
 * Returns the queries for the unfinished Jobs of a hook. A hook may have thousands of complete
 * Jobs, so the API server leaves these out: each other Job has no successful pod, or the label of several pods.
 */
export const unfinishedQueries = (hookUid: string): readonly Selectors[] => {
  const ofHook = `${hookLabel}=${hookUid}`
  return [
    { labelSelector: ofHook, fieldSelector: 'status.successful=0' },
    { labelSelector: `${ofHook},${severalPodsLabel}=true`, fieldSelector: 'status.successful!=0' },
  ]
}

/** Reads the Jobs of a query that have not ended, one by one. Throws the API server's errors. */
export async function* unfinishedJobs(
  place: JobsPlace,
  query: Selectors,
): AsyncGenerator<UnfinishedJob, void, undefined> {
  for await (const job of jobsOf(place, query)) {
    if (jobEnd(job)) continue
    const { deletionTimestamp, name, uid } = job.metadata
    yield { name, uid, actId: actIdOfJob(job), isBeingDeleted: deletionTimestamp !== undefined }
  }
}

async function* jobsOf(
  { api, lane, namespace }: JobsPlace,
  selectors: Selectors,
): AsyncGenerator<StoredObject, void, undefined> {
  const path = collectionPath(jobType, namespace)
  const query = selectorOf(selectors)
  for await (const page of pagesOf(api, { resource: jobType.resource, path, query, lane, timeoutMs: jobRequestMs })) {
    // Of a Job that is too large to be read, nobody can say that it has ended.
    yield* page.large ? [page.large] : page.objects
  }
}
