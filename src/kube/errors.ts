import type { ApiResponse } from '../environment/environment.ts'
import { Unreachable, WatchRefused } from '../environment/unreachable.ts'
import { maxAnswerBytes } from '../environment/large-answers.ts'
import { isObject, stringAt, tryParseJson } from '../api/json.ts'
import { apiVersionOf, type ResourceType } from './paths.ts'
import { group } from '../api/names.ts'

/** The product that installs the CRDs of an API group, by the group. */
const bringers: Readonly<Record<string, string>> = {
  // This is the first version that serves `v1beta2`, which the product uses.
  'cluster.x-k8s.io': 'Cluster API 1.11 or later',
  'keda.sh': 'KEDA',
  'provisioning.cattle.io': 'Rancher',
}

/** The API server does not serve this kind. The message says what to check and to install. */
export class UnknownKind extends Error {
  override readonly name = 'UnknownKind'

  constructor(type: ResourceType) {
    const kind = `${type.kind} (${type.resource}.${apiVersionOf(type)})`
    const bringer = bringers[type.group] ?? 'what brings this kind'
    super(
      `this cluster does not know the kind ${kind}: check how apiVersion and kind are spelled, and that ${bringer} is installed`,
    )
  }
}

/** An error answer of the API server: a `Status` object, or the text of a proxy. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: number
  /** The machine-readable `Status.reason`, such as `Conflict` or `AlreadyExists`. Empty if there is none. */
  readonly reason: string
  /** How long the server asks to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined
  /**
   * The name of the object in the answer's details. Undefined if there is none, as for a path that
   * the server does not serve.
   */
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

/** An object is too large to be read: the answer is longer than the limit. */
export class ObjectTooLarge extends ApiError {
  constructor({ status }: Pick<ApiResponse, 'status'>, what: string) {
    super({ status, headers: {}, body: `with more than ${maxAnswerBytes / 1024 / 1024} MiB, too much to read` }, what)
  }
}

/**
 * Returns whether the API server will refuse the same write again until the object changes. The
 * write violates a rule (422), or makes the object too large for the API server (413) or for etcd,
 * which has no status of its own.
 */
export const isHopeless = (error: unknown): boolean =>
  error instanceof ApiError &&
  (error.status === 413 || error.status === 422 || /request is too large|larger than max/.test(error.message))

/** The statuses from 400 to 499 that may pass by themselves: the next request may be answered otherwise. */
const passing: readonly number[] = [401, 404, 408, 409, 410, 425, 429]

/**
 * Returns whether an admission policy or a webhook has refused a request. A webhook may choose any status, so the
 * message counts.
 */
export const isDenied = (error: unknown): boolean =>
  error instanceof ApiError && / denied (?:the )?request/.test(error.message)

/**
 * Returns whether the API server refuses a request until somebody changes something: the object, a
 * policy or a webhook.
 */
export const isRefusal = (error: unknown): error is ApiError =>
  error instanceof ApiError &&
  (isHopeless(error) ||
    (error.status >= 400 && error.status < 500 && !passing.includes(error.status)) ||
    isDenied(error))

/**
 * Returns whether an error is an answer of the API server with one of these statuses, to a request
 * or a watch.
 */
export const isStatus = (error: unknown, ...statuses: readonly number[]): boolean =>
  (error instanceof ApiError || error instanceof WatchRefused) && statuses.includes(error.status)

export interface ReadFailure {
  /**
   * `forbidden` and `too large` last until somebody changes something. `unreachable` may end by
   * itself: there was no answer, or another error.
   */
  readonly failure: 'forbidden' | 'too large' | 'unreachable'
  readonly message: string
  /** How long the API server asks to wait, in milliseconds. */
  readonly retryAfterMs?: number | undefined
}

/**
 * Returns why a read has thrown `error`, if that is an ApiError, Unreachable or UnknownKind. Rethrows any
 * other error. An API server that does not know a kind, or a proxy, says nothing of the object.
 */
export const readFailureOf = (error: unknown): ReadFailure => {
  if (error instanceof Unreachable || error instanceof UnknownKind)
    return { failure: 'unreachable', message: error.message }
  if (!(error instanceof ApiError)) throw error
  const { message, retryAfterMs, status } = error
  if (error instanceof ObjectTooLarge) return { failure: 'too large', message }
  if (status === 403) return { failure: 'forbidden', message }
  return { failure: 'unreachable', message, retryAfterMs }
}

/**
 * Returns one sentence that says what a person must do so that objects of a type can be listed and
 * watched. Returns undefined if the error may resolve by itself.
 */
export const remedyOf = (error: unknown, type: ResourceType, namespace?: string): string | undefined => {
  if (!(error instanceof ApiError)) return undefined
  const where = namespace === undefined ? 'in all namespaces' : `in namespace ${namespace}`
  switch (error.status) {
    case 404:
      return type.group === group
        ? `the API server does not know ${type.resource}.${type.group}: install the CustomResourceDefinitions and the admission policies with kubectl apply -k deploy/kustomize/cluster`
        : `the API server does not know ${type.resource}.${type.group}/${type.version}: it has to serve that version`
    case 403:
      return `this process may not list ${type.resource} ${where}: give its account the installation's roles (${error.message})`
    case 401:
      return `the API server does not accept this process's credentials: renew the kubeconfig, or the account's token`
    default:
      return undefined
  }
}
