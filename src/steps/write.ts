import { stringAt, tryParseJson } from '../api/json.ts'
import { Unreachable } from '../environment/unreachable.ts'
import type { ApiConnection, ApiResponse } from '../environment/environment.ts'
import { ApiError } from '../kube/errors.ts'
import { objectPath } from '../kube/paths.ts'
import type { Version } from './read.ts'
import type { Obstacle, Target } from './steps.ts'

/** How long a marked write may take, in milliseconds: as long as a delivery has. */
const writeTimeoutMs = 4000

export type Written =
  /** It is stored. `version` is the target's newest that is known, if any is. */
  | { readonly write: 'applied'; readonly version: Version | undefined }
  /** The version that the count was computed from is no longer the newest. Nothing was written. */
  | { readonly write: 'stale' }
  /** There is no such /scale now. Nothing was written. */
  | { readonly write: 'missing' }
  /** The server will not have it. Nothing was written. */
  | { readonly write: 'refused'; readonly reason: Obstacle; readonly message: string }
  /** It surely did not happen, and may be tried again. */
  | { readonly write: 'not sent'; readonly message: string; readonly retryAfterMs?: number }
  /** It may or may not have happened. */
  | { readonly write: 'unknown'; readonly message: string }

/**
 * The marked write: a forced server-side apply on the target's /scale. It is the first write after the version that
 * the count was computed from, or none; and `mark`, its field manager, which no other write has, tells which.
 */
export const markedWrite = async (
  api: ApiConnection,
  target: Target,
  mark: string,
  from: Pick<Version, 'uid' | 'resourceVersion'>,
  to: number,
): Promise<Written> => {
  const { name, namespace, type } = target
  const { uid, resourceVersion } = from
  try {
    const response = await api.request({
      method: 'PATCH',
      path: objectPath(type, namespace, name, 'scale'),
      query: { fieldManager: mark, force: 'true' },
      contentType: 'application/apply-patch+yaml',
      body: JSON.stringify({
        apiVersion: 'autoscaling/v1',
        kind: 'Scale',
        metadata: { name, namespace, uid, resourceVersion },
        spec: { replicas: to },
      }),
      lane: 'step',
      timeoutMs: writeTimeoutMs,
    })
    return judge(response, from, to)
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error
    return { write: error.mayHaveArrived ? 'unknown' : 'not sent', message: error.message }
  }
}

const judge = (response: ApiResponse, from: Pick<Version, 'uid'>, to: number): Written => {
  if (response.status === 200 || response.status === 201) {
    const resourceVersion = stringAt(tryParseJson(response.body), 'metadata', 'resourceVersion')
    if (resourceVersion === undefined) return { write: 'unknown', message: 'the answer was not a Scale' }
    return { write: 'applied', version: { uid: from.uid, resourceVersion, count: to } }
  }
  const error = new ApiError(response, 'scaling')
  const { message, retryAfterMs, status } = error
  switch (status) {
    case 409:
      return { write: 'stale' }
    case 404:
      return { write: 'missing' }
    case 403:
      return { write: 'refused', reason: 'Forbidden', message }
    // A token that is being renewed, a server that is busy: it was not looked at, and may be tried again.
    case 401:
    case 408:
    case 429:
      return { write: 'not sent', message, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }
    default:
      // A 5xx can follow a commit whose confirmation the server lost; every other 4xx precedes it.
      if (status < 400) return { write: 'not sent', message }
      return status >= 500 ? { write: 'unknown', message } : { write: 'refused', reason: 'NotScalable', message }
  }
}
