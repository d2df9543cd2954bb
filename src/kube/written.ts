import type { ApiConnection, ApiRequest, ApiResponse } from '../environment/environment.ts'
import { Unreachable } from '../environment/unreachable.ts'
import { ApiError } from './errors.ts'

/**
 * How often a request that is forbidden is sent again: an API server that has just started refuses everyone until it has
 * read its roles.
 */
export const forbiddenTries = 5

/** What became of a write. Only `stored` and `unknown` may have changed anything. */
export type Sent =
  | { readonly sent: 'stored'; readonly response: ApiResponse }
  /** Another write came first: the version that it names is not the newest. */
  | { readonly sent: 'conflict' }
  /** There is nothing at this path now. */
  | { readonly sent: 'missing'; readonly message: string }
  /** The API server will not have it, now or later. */
  | { readonly sent: 'refused'; readonly message: string; readonly forbidden: boolean }
  /** The API server did not look at it. It may be sent again. */
  | { readonly sent: 'not sent'; readonly message: string; readonly retryAfterMs?: number }
  /** It may or may not have been stored. */
  | { readonly sent: 'unknown'; readonly message: string }

/** Is called with how many bytes a write has made the API server store. The API server stores its own kinds in a shorter form. */
export type Charge = (bytes: number) => void

/** Charges a write once, however often the same is sent: it is stored once at most. */
export const chargedOnce = (charge: Charge): Charge => {
  let isCharged = false
  return bytes => {
    if (!isCharged) charge(bytes)
    isCharged = true
  }
}

/** How many bytes a text has in UTF-8. */
export const bytesOf = (text = ''): number => Buffer.byteLength(text)

/** Sends a write, and tells by its answer what became of it. `doing` names it in messages, as in `scaling`. */
export const sendWrite = async (api: ApiConnection, request: ApiRequest, doing: string): Promise<Sent> => {
  try {
    return sentBy(await api.request(request), doing)
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error
    return { sent: error.mayHaveArrived ? 'unknown' : 'not sent', message: error.message }
  }
}

const sentBy = (response: ApiResponse, doing: string): Sent => {
  if (response.status === 200 || response.status === 201) return { sent: 'stored', response }
  const { message, retryAfterMs, status } = new ApiError(response, doing)
  switch (status) {
    case 409:
      return { sent: 'conflict' }
    case 404:
      return { sent: 'missing', message }
    case 403:
      return { sent: 'refused', message, forbidden: true }
    // A token that is being renewed, a server that is busy: it was not looked at.
    case 401:
    case 408:
    case 429:
      return { sent: 'not sent', message, ...(retryAfterMs !== undefined && { retryAfterMs }) }
    default:
      // A 5xx can follow a commit whose confirmation the server lost; every other 4xx precedes it.
      if (status < 400) return { sent: 'not sent', message }
      return status >= 500 ? { sent: 'unknown', message } : { sent: 'refused', message, forbidden: false }
  }
}
