import { at, isObject, stringAt, tryParseJson, type JsonObject } from '../../src/api/json.ts'
import { isStoredObject, type StoredObject } from '../../src/api/object.ts'
import type { ApiConnection, ApiRequest, ApiResponse } from '../../src/environment/environment.ts'
import { redacted } from '../../src/environment/redact.ts'
import { Unreachable } from '../../src/environment/unreachable.ts'
import { ApiError } from '../../src/kube/errors.ts'
import { pagesOf, type Listing } from '../../src/kube/pager.ts'
import { collectionPath, type ResourceType } from '../../src/kube/paths.ts'
import { readServerTime } from '../../cli/cluster/server-time.ts'
import { apiWithinMs } from './limits.ts'
import { RefusedError } from './refused.ts'

/** The API server refused a request of the user. The answer to the page says why. */
export class ApiRefused extends RefusedError {
  override readonly name = 'ApiRefused'
}

export type Asking = Omit<ApiRequest, 'lane' | 'timeoutMs'>

/** Sends a request as the user. Resolves with the body. Throws {@link ApiRefused}. */
export const ask = async (api: ApiConnection, asking: Asking): Promise<JsonObject> => {
  const response = await answerOf(api, asking)
  if (response.tooLarge) throw tooLarge
  const body = tryParseJson(response.body)
  if (response.status >= 200 && response.status <= 299 && isObject(body)) return body
  throw refusedBy(response, body)
}

const tooLarge = new ApiRefused(
  502,
  'TooLarge',
  'the object is too large to read: remove large parts of it, such as annotations',
)

/** Sends a request like {@link ask}, but also throws if the body is not an object with metadata. */
export const askObject = async (api: ApiConnection, asking: Asking): Promise<StoredObject> => {
  const body = await ask(api, asking)
  if (isStoredObject(body)) return body
  throw new ApiRefused(502, 'NoObject', 'the API server answered with something other than an object')
}

/** The options of a list. */
type ListAsked = Pick<Listing, 'as' | 'query' | 'pick'>

/**
 * Lists objects as the user, with one page in memory at a time. Of an object that is too large, it
 * yields only metadata and picked values. Throws {@link ApiRefused}.
 */
export async function* askList(
  api: ApiConnection,
  type: ResourceType,
  namespace: string | undefined,
  asked: ListAsked = {},
): AsyncGenerator<StoredObject, void, undefined> {
  const listing = { resource: type.resource, path: collectionPath(type, namespace), lane: 'bulk', ...asked } as const
  try {
    for await (const page of pagesOf(api, { ...listing, timeoutMs: apiWithinMs })) {
      yield* page.objects
      if (page.large) yield page.large
    }
  } catch (error) {
    throw error instanceof Unreachable || error instanceof ApiError ? apiRefusal(error) : error
  }
}

/** Returns the refusal of the page's request for an error of a request to the API server. */
export const apiRefusal = (error: Unreachable | ApiError): ApiRefused => {
  if (error instanceof Unreachable) return unreachable(error)
  return new ApiRefused(error.status >= 400 ? error.status : 502, error.reason || 'Refused', whyOf(error))
}

/**
 * Resolves like a request of the user. If the API server refuses it with one of these statuses, resolves
 * with something instead, such as an empty list.
 */
export const unlessRefused = async <T>(
  asked: Promise<T>,
  statuses: readonly number[],
  instead: (refused: ApiRefused) => T,
): Promise<T> => {
  try {
    return await asked
  } catch (error) {
    if (error instanceof ApiRefused && statuses.includes(error.status)) return instead(error)
    throw error
  }
}

const answerOf = async (api: ApiConnection, asking: Asking): Promise<ApiResponse> => {
  try {
    return await api.request({ ...asking, lane: 'bulk', timeoutMs: apiWithinMs })
  } catch (error) {
    throw error instanceof Unreachable ? unreachable(error) : error
  }
}

/** Reads the time of the API server. Returns undefined if it does not say its time. Throws {@link ApiRefused}. */
export const askTime = (api: ApiConnection): Promise<number | undefined> =>
  readServerTime({ request: asking => answerOf(api, asking) }, apiWithinMs)

/** Returns the text of an error, for the page. */
export const whyOf = (error: unknown): string => redacted(error instanceof Error ? error.message : String(error))

const unreachable = (error: Unreachable): ApiRefused => {
  const message = `can't reach the API server: ${whyOf(error)}`
  return new ApiRefused(503, 'ApiServerUnreachable', message, { headers: { 'retry-after': '2' } })
}

const refusedBy = (response: ApiResponse, body: unknown): ApiRefused => {
  const { status } = response
  const said = stringAt(body, 'message') ?? response.body.slice(0, 300)
  // What a policy says is a sentence of its own. Before that the API server names the policy.
  const message = redacted(said.replace(/^.* denied request: /, ''))
  const reason = stringAt(body, 'reason') ?? 'Refused'
  const retryAfter = response.headers['retry-after']
  return new ApiRefused(status >= 400 ? status : 502, reason, message, {
    fields: fieldsOf(body),
    headers: typeof retryAfter === 'string' ? { 'retry-after': retryAfter } : {},
  })
}

/** Returns messages by field, from `details.causes` of a Status. */
const fieldsOf = (body: unknown): Readonly<Record<string, string>> | undefined => {
  const causes = at(body, 'details', 'causes')
  if (!Array.isArray(causes)) return undefined
  const fields: Record<string, string> = {}
  for (const cause of causes) {
    const field = stringAt(cause, 'field')
    if (field === undefined || field === '' || field === '<nil>') continue
    // Removes the beginning `Invalid value: "object": ` of a message, because it says nothing.
    fields[field] ??= redacted((stringAt(cause, 'message') ?? '').replace(/^Invalid value: "object": /, ''))
  }
  return Object.keys(fields).length === 0 ? undefined : fields
}
