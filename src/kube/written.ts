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
  /** Another write came first, so the version is outdated. */
  | { readonly sent: 'conflict' }
  /** Nothing exists at this path. */
  | { readonly sent: 'missing'; readonly message: string }
  /** The API server refused the write, and will refuse it again. */
  | { readonly sent: 'refused'; readonly message: string; readonly forbidden: boolean }
  /** The API server has not processed the write. Sending it again is safe. */
  | { readonly sent: 'not sent'; readonly message: string; readonly retryAfterMs?: number }
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

/** Returns the length of a text in UTF-8, in bytes. */
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
  const { message, retryAfterMs, status } = error
  // A webhook may refuse with any status, also with one that otherwise leaves the result open.
  if (isRefusal(error)) return { sent: 'refused', message, forbidden: status === 403 }
  switch (status) {
    case 409:
      return { sent: 'conflict' }
    case 404:
      return { sent: 'missing', message }
    // The token is being renewed or the server is busy: the write was not processed.
    case 401:
    case 408:
    case 429:
      return { sent: 'not sent', message, ...(retryAfterMs !== undefined && { retryAfterMs }) }
    default:
      // With a 5xx, the write may be stored although its confirmation was lost. With any other 4xx,
      // it is not stored.
      if (status < 400) return { sent: 'not sent', message }
      return status >= 500 ? { sent: 'unknown', message } : { sent: 'refused', message, forbidden: false }
  }
}
