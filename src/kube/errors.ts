import type { ApiResponse } from '../environment/environment.ts'
import { Unreachable, WatchRefused } from '../environment/unreachable.ts'
import { maxAnswerBytes } from '../environment/large-answers.ts'
import { isObject, stringAt, tryParseJson } from '../api/json.ts'

/** The API server answered with an error: a `Status` object, or whatever stands in front of it said. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: number
  /** The machine-readable `Status.reason`, as in `Conflict` or `AlreadyExists`; empty when the answer had none. */
  readonly reason: string
  /** How long the server asks to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined
  /** The object that the answer is about; undefined when that is none, as where the server serves nothing at the path. */
  readonly about: string | undefined

  constructor(response: ApiResponse, what: string) {
    const body = tryParseJson(response.body)
    const said = stringAt(body, 'message') ?? (isObject(body) ? undefined : response.body.slice(0, 200))
    super(`${what}: the API server answered ${response.status}${said ? `: ${said}` : ''}`)
    this.status = response.status
    this.reason = stringAt(body, 'reason') ?? ''
    this.about = stringAt(body, 'details', 'name')
    const seconds = Number(response.headers['retry-after'])
    this.retryAfterMs = Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : undefined
  }
}

/** The API server answered with more than is read: the object is too large. */
export class TooLarge extends ApiError {
  constructor({ status }: Pick<ApiResponse, 'status'>, what: string) {
    super({ status, headers: {}, body: `with more than ${maxAnswerBytes / 1024 / 1024} MiB, which is not read` }, what)
  }
}

/**
 * Whether the API server will answer the same until the object is another: a write breaks a rule (422), or makes the object larger
 * than the API server (413) or etcd takes, for which there is no status of its own.
 */
export const isHopeless = (error: unknown): boolean =>
  error instanceof ApiError &&
  (error.status === 413 || error.status === 422 || /request is too large|larger than max/.test(error.message))

/** Whether an error is the API server's answer with one of these statuses, to a request or to a watch. */
export const isStatus = (error: unknown, ...statuses: readonly number[]): boolean =>
  (error instanceof ApiError || error instanceof WatchRefused) && statuses.includes(error.status)

/** Why something could not be read. */
export interface ReadFailure {
  /** forbidden, too large: it stays so until somebody changes it. unreachable: it may pass by itself. */
  readonly failure: 'forbidden' | 'too large' | 'unreachable'
  readonly message: string
  /** How long the API server asks to wait, in milliseconds. */
  readonly retryAfterMs?: number
}

/** Why a read has thrown `error`. Throws what is neither an answer of the API server nor the lack of one. */
export const readFailureOf = (error: unknown): ReadFailure => {
  if (error instanceof Unreachable) return { failure: 'unreachable', message: error.message }
  if (!(error instanceof ApiError)) throw error
  const { message, retryAfterMs, status } = error
  if (error instanceof TooLarge) return { failure: 'too large', message }
  if (status === 403) return { failure: 'forbidden', message }
  return { failure: 'unreachable', message, ...(retryAfterMs !== undefined && { retryAfterMs }) }
}
