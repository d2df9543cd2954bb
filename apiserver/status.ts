import type { JsonObject } from '../src/api/json.ts'
import type { ResourceType } from '../src/kube/paths.ts'

/** One error in an object, as in `Status.details.causes`. */
export interface Cause {
  readonly reason: CauseReason
  /** The message begins with the reason in words, such as `Invalid value: 0: must be …`. */
  readonly message: string
  /** The path of the member, written as `spec.scale.max`. */
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

/** A refused request. `body` is the `Status` object for the client. */
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

/** Returns a resource's name for messages: `configmaps` or `deployments.apps`. */
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

/** Makes the 404 for an unknown resource type. */
export const noSuchResource = (): StatusError =>
  new StatusError(404, 'NotFound', 'the server could not find the requested resource', {})

export const alreadyExists = (type: ResourceType, name: string): StatusError =>
  new StatusError(
    409,
    'AlreadyExists',
    `${qualified(type.resource, type.group)} "${name}" already exists`,
    about(type, type.resource, name),
  )

/**
 * Makes the 409 for a precondition that fails. `resource` is the name in the message, which for a
 * subresource differs from the type's.
 */
export const conflict = (type: ResourceType, name: string, why: string, resource = type.resource): StatusError =>
  new StatusError(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${qualified(resource, type.group)} "${name}": ${why}`,
    about(type, resource, name),
  )

/** Makes the 409 for a write whose version is no longer the stored one. */
export const staleVersion = (type: ResourceType, name: string): StatusError =>
  conflict(type, name, 'the object has been modified; please apply your changes to the latest version and try again')

/**
 * Makes the 422 for an object that violates its type's rules. Equal messages are listed once, as on
 * the real server.
 */
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

/** Makes the 422 for options that contradict each other. */
export const invalidOptions = (kind: 'ListOptions' | 'PatchOptions', cause: Cause): StatusError =>
  invalid({ group: 'meta.k8s.io', kind }, '', [cause])

/** Makes the 422 for a JSON Patch whose `test` or path fails. It is the only 422 without causes. */
export const patchFailed = (): StatusError =>
  new StatusError(422, 'Invalid', 'the server rejected our request due to an error in our request', {})

export const badRequest = (message: string): StatusError => new StatusError(400, 'BadRequest', message)

export const methodNotAllowed = (): StatusError =>
  new StatusError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {})

/** Makes the 406 for a list that was requested in the form of one object. */
export const notAcceptable = (): StatusError =>
  new StatusError(406, 'NotAcceptable', 'you requested PartialObjectMetadata, but the requested object is a list')

export const unsupportedMediaType = (accepted: readonly string[]): StatusError =>
  new StatusError(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  )

/** Makes the 410 for a version that is no longer in the history. */
export const expired = (message: string): StatusError => new StatusError(410, 'Expired', message)

/** Makes the 504 for a version that does not exist yet. */
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
