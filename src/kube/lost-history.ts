import { compareVersions } from '../api/mark.ts'
import { at, stringAt } from '../api/json.ts'
import { group } from '../api/names.ts'
import type { ApiConnection, Environment } from '../environment/environment.ts'
import { isStatus } from './errors.ts'
import { leaseAnswerWithinMs, type LeasePlace } from './history-check.ts'
import { objectPath } from './paths.ts'
import { read, send } from './requests.ts'
import { leases } from './resources.ts'

/**
 * The annotation of the Lease that says that history has gone back, and from which version. Caches of
 * the lost history are at this version or above. It outlives the processes that have noticed: once
 * etcd has come to this version again, a cache of the lost history looks like any other. A
 * person removes it after all API servers have been restarted.
 */
export const lostHistoryAnnotation = `${group}/lost-history`

/** Returns the version in the annotation of a Lease, if it has one. */
export const lostHistoryIn = (lease: unknown): string | undefined => {
  const version = stringAt(at(lease, 'metadata', 'annotations'), lostHistoryAnnotation)
  return version !== undefined && /^[0-9]+$/.test(version) ? version : undefined
}

/** What the log says when an API server with caches of a lost history is found. */
export const lostMessage =
  'CacheOfLostHistory: an API server answers from caches that are older than a restore of etcd: restart every API server'

const notMarked = "can't mark the Lease yet: processes that start later may not notice caches from before the restore"

/** Returns the message that is shown while an API server answers from a lost history. */
export const lostCacheText = ({ name, namespace }: LeasePlace): string => {
  const removed = `kubectl -n ${namespace} annotate lease ${name} ${lostHistoryAnnotation}-`
  return `CacheOfLostHistory: etcd was restored, and an API server may still answer from its older caches. Restart every API server; until you have, hooks are read from etcd. After that: ${removed}, and restart the Deployments of both roles`
}

/** What keeps a process from checking: a verb that it may not use, or a Lease that does not exist. */
export type Unchecked = 'get' | 'list' | 'absent'

export const uncheckedText = (why: Unchecked, { name, namespace }: LeasePlace): string =>
  why === 'absent'
    ? `there is no Lease ${namespace}/${name} of a controller yet, so a restored etcd would not be noticed`
    : `this process may not ${why} the Lease ${namespace}/${name}, so it would not notice a restored etcd: give its account this version's roles`

/** How often the Lease is read again after another process has written it first. */
const tries = 5

/** Annotates the Lease, unless it has a lower version already. Returns whether it has one of these, and logs errors. */
export const markLostHistory = async (
  { api, log }: Pick<Environment, 'api' | 'log'>,
  place: LeasePlace,
  version: string,
): Promise<boolean> => {
  try {
    return await annotate(api, place, version)
  } catch (error) {
    log.warn({ error }, notMarked)
    return false
  }
}

/** Does the same, but throws the errors of the API server. Nothing is marked while there is no Lease. */
const annotate = async (api: ApiConnection, { name, namespace }: LeasePlace, version: string): Promise<boolean> => {
  const request = { lane: 'lease', timeoutMs: leaseAnswerWithinMs } as const
  for (let left = tries; left > 0; left--) {
    const lease = await read(api, leases, namespace, name, request)
    const marked = lostHistoryIn(lease)
    if (lease === undefined) return false
    if (marked !== undefined && compareVersions(marked, version) <= 0) return true
    const annotations = { ...lease.metadata.annotations, [lostHistoryAnnotation]: version }
    const body = JSON.stringify({ ...lease, metadata: { ...lease.metadata, annotations } })
    try {
      await send(api, { ...request, method: 'PUT', path: objectPath(leases, namespace, name), body })
      return true
    } catch (error) {
      if (!isStatus(error, 409)) throw error
    }
  }
  return false
}
