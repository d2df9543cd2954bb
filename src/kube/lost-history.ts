import { compareVersions } from '../api/mark.ts'
import { at, stringAt } from '../api/json.ts'
import { group } from '../api/names.ts'
import type { ApiConnection } from '../environment/environment.ts'
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

/** How often the Lease is read again after another process has written it first. */
const tries = 5

/** Writes the annotation, unless a lower version is in it. Throws the errors of the API server. */
export const markLostHistory = async (
  api: ApiConnection,
  { name, namespace }: LeasePlace,
  version: string,
): Promise<void> => {
  const request = { lane: 'lease', timeoutMs: leaseAnswerWithinMs } as const
  for (let left = tries; left > 0; left--) {
    const lease = await read(api, leases, namespace, name, request)
    const marked = lostHistoryIn(lease)
    if (lease === undefined || (marked !== undefined && compareVersions(marked, version) <= 0)) return
    const annotations = { ...lease.metadata.annotations, [lostHistoryAnnotation]: version }
    const body = JSON.stringify({ ...lease, metadata: { ...lease.metadata, annotations } })
    try {
      await send(api, { ...request, method: 'PUT', path: objectPath(leases, namespace, name), body })
      return
    } catch (error) {
      if (!isStatus(error, 409)) throw error
    }
  }
}
