import type { ApiConnection, ApiRequest, ApiResponse } from '../environment/environment.ts'
import { Unreachable } from '../environment/unreachable.ts'
import { ApiError, isRefusal } from './errors.ts'

/**
 * How often a forbidden request is repeated. An API server that has just started refuses everyone
 * until it has loaded its roles.
 */
export const forbiddenTries = 5

/** The outcome of a write. Only `stored` and `unknown` may have changed anything. */
export type Sent =
  | { readonly sent: 'stored'; readonly response: ApiResponse }
  /** Another write came first: the version is outdated. `exists`: the object to be created is already there. */
  | { readonly sent: 'conflict'; readonly exists: boolean; readonly message: string }
  /** Nothing exists at this path. */
  | { readonly sent: 'missing'; readonly message: string }
  /** The API server refused the write, and will refuse it again. `about`: the object that its answer names. */
  | { readonly sent: 'refused'; readonly message: string; readonly status: number; readonly about: string | undefined }
  /** The API server has not processed the write. Sending it again is safe. */
  | { readonly sent: 'not sent'; readonly message: string; readonly retryAfterMs?: number | undefined }
  /** It is unknown whether the write was stored. */
  | { readonly sent: 'unknown'; readonly message: string }

/**
 * Charges a hook's budget with the bytes that a write stores. For built-in kinds the bytes are
 * counted as JSON, although the API server stores these kinds in a shorter form.
 */
export type Charge = (bytes: number) => void

/**
 * Returns a {@link Charge} that has an effect only the first time. A write may be sent several
 * times, but is stored at most once.
 */
export const chargedOnce = (charge: Charge): Charge => {
  let isCharged = false
  return bytes => {
    if (!isCharged) charge(bytes)
    isCharged = true
  }
}

export const bytesOf = (text = ''): number => Buffer.byteLength(text)

/**
 * Sends a write. Returns its outcome according to the answer. `doing` names the write in messages,
 * such as `scaling`.
 */
export const sendWrite = async (api: ApiConnection, request: ApiRequest, doing: string): Promise<Sent> => {
  try {
    const response = await api.request(request)
    const isStored = response.status === 200 || response.status === 201
    return isStored ? { sent: 'stored', response } : refusedBy(response, doing)
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error
    return { sent: error.mayHaveArrived ? 'unknown' : 'not sent', message: error.message }
  }
}

/** Returns the outcome of a write whose answer does not say that it is stored. */
const refusedBy = (response: ApiResponse, doing: string): Sent => {
  const error = new ApiError(response, doing)
  const { about, message, reason, retryAfterMs, status } = error
  // A webhook may refuse with any status, also with one that otherwise leaves the result open.
  if (isRefusal(error)) return { sent: 'refused', message, status, about }
  if (status === 409) return { sent: 'conflict', exists: reason === 'AlreadyExists', message }
  if (status === 404) return { sent: 'missing', message }
  // With a 5xx, the write may be stored although its confirmation was lost. So it may if a proxy says 202.
  if (status >= 500 || status < 300) return { sent: 'unknown', message }
  // The token is being renewed, or a server or a proxy is busy: the write was not processed.
  return { sent: 'not sent', message, retryAfterMs }
}
