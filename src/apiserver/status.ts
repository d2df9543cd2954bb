import type { JsonObject } from '../api/json.ts'
import type { ResourceType } from '../kube/paths.ts'

/** One thing that is wrong with an object, as in `Status.details.causes`. */
export interface Cause {
  readonly reason: CauseReason
  /** Begins with the reason in words: `Invalid value: 0: must be …`. */
  readonly message: string
  /** As in a manifest: `spec.scale.max`. */
  readonly field: string
}

export type CauseReason =
  | 'FieldValueDuplicate'
  | 'FieldValueForbidden'
  | 'FieldValueInvalid'
  | 'FieldValueNotSupported'
  | 'FieldValueRequired'
  | 'FieldValueTooLong'
  | 'FieldValueTooMany'
  | 'FieldValueTypeInvalid'
  | 'FieldManagerConflict'
  | 'ResourceVersionTooLarge'

/** The server's refusal of a request; `body` is the `Status` object that the client gets. */
export class StatusError extends Error {
  override readonly name = 'StatusError'
  readonly code: number
  readonly body: JsonObject

  constructor(code: number, reason: string, message: string, details?: JsonObject) {
    super(message)
    this.code = code
    this.body = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      ...(reason === '' ? {} : { reason }),
      ...(details === undefined ? {} : { details }),
      code,
    }
  }
}

/** `configmaps` or `deployments.apps`: how messages name a resource. */
const qualified = (name: string, group: string): string => (group === '' ? name : `${name}.${group}`)

const about = (type: ResourceType, kind: string, name: string): JsonObject => ({
  ...(name === '' ? {} : { name }),
  ...(type.group === '' ? {} : { group: type.group }),
  kind,
})

export const notFound = (type: ResourceType, name: string): StatusError =>
  new StatusError(
    404,
    'NotFound',
    `${qualified(type.resource, type.group)} "${name}" not found`,
    about(type, type.resource, name),
  )

/** There is no such resource type, or not there. */
export const noSuchResource = (): StatusError =>
  new StatusError(404, 'NotFound', 'the server could not find the requested resource', {})

export const alreadyExists = (type: ResourceType, name: string): StatusError =>
  new StatusError(
    409,
    'AlreadyExists',
    `${qualified(type.resource, type.group)} "${name}" already exists`,
    about(type, type.resource, name),
  )

/** A precondition does not hold; `resource` differs from the type's own for subresources. */
export const conflict = (type: ResourceType, name: string, why: string, resource = type.resource): StatusError =>
  new StatusError(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${qualified(resource, type.group)} "${name}": ${why}`,
    about(type, resource, name),
  )

/** The version that a write was computed from is no longer the stored one. */
export const staleVersion = (type: ResourceType, name: string): StatusError =>
  conflict(type, name, 'the object has been modified; please apply your changes to the latest version and try again')

/** Makes the 422 for an object that breaks the rules of its type. Lists equal messages once, as the real server does. */
export const invalid = (
  type: Pick<ResourceType, 'group' | 'kind'>,
  name: string,
  causes: readonly Cause[],
): StatusError => {
  const found = [...new Set(causes.map(cause => `${cause.field}: ${cause.message}`))]
  const what = found.length === 1 ? found[0] : `[${found.join(', ')}]`
  return new StatusError(422, 'Invalid', `${qualified(type.kind, type.group)} "${name}" is invalid: ${what}`, {
    ...(name === '' ? {} : { name }),
    ...(type.group === '' ? {} : { group: type.group }),
    kind: type.kind,
    causes,
  })
}

/** The options of a request contradict each other. */
export const invalidOptions = (kind: 'ListOptions' | 'PatchOptions', cause: Cause): StatusError =>
  invalid({ group: 'meta.k8s.io', kind }, '', [cause])

/** A JSON Patch whose `test` or path does not hold: the one 422 without causes. */
export const patchFailed = (): StatusError =>
  new StatusError(422, 'Invalid', 'the server rejected our request due to an error in our request', {})

export const badRequest = (message: string): StatusError => new StatusError(400, 'BadRequest', message)

export const methodNotAllowed = (): StatusError =>
  new StatusError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {})

/** A list was asked for as one object. */
export const notAcceptable = (): StatusError =>
  new StatusError(406, 'NotAcceptable', 'you requested PartialObjectMetadata, but the requested object is a list')

export const unsupportedMediaType = (accepted: readonly string[]): StatusError =>
  new StatusError(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  )

/** The version that was asked for is no longer in the history. */
export const expired = (message: string): StatusError => new StatusError(410, 'Expired', message)

/** The version that was asked for does not exist yet. */
export const versionTooLarge = (asked: number, current: number): StatusError =>
  new StatusError(504, 'Timeout', `Timeout: Too large resource version: ${asked}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  })

export const internalError = (message: string): StatusError => new StatusError(500, '', message)

export const invalidValue = (field: string, value: unknown, detail: string): Cause => ({
  reason: 'FieldValueInvalid',
  message: `Invalid value: ${JSON.stringify(value)}: ${detail}`,
  field,
})

export const typeInvalid = (field: string, found: string, detail: string): Cause => ({
  reason: 'FieldValueTypeInvalid',
  message: `Invalid value: ${JSON.stringify(found)}: ${detail}`,
  field,
})

export const requiredValue = (field: string, detail = ''): Cause => ({
  reason: 'FieldValueRequired',
  message: `Required value${detail === '' ? '' : `: ${detail}`}`,
  field,
})

export const forbiddenValue = (field: string, detail: string): Cause => ({
  reason: 'FieldValueForbidden',
  message: `Forbidden: ${detail}`,
  field,
})

export const duplicateValue = (field: string, value: unknown): Cause => ({
  reason: 'FieldValueDuplicate',
  message: `Duplicate value: ${JSON.stringify(value)}`,
  field,
})
