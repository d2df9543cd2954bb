import { isStoredObject, type KubeObject, type StoredObject } from '../api/object.ts'
import { tryParseJson } from '../api/json.ts'
import type { ApiConnection, ApiRequest, Lane } from '../environment/environment.ts'
import { Unreachable } from '../environment/unreachable.ts'
import { ApiError, ObjectTooLarge, UnknownKind } from './errors.ts'
import { collectionPath, isServedAlways, objectPath, type ResourceType } from './paths.ts'
import { bytesOf } from './written.ts'

/** The default time limit of a request, in milliseconds. It suits a request for which no delivery waits. */
const requestTimeoutMs = 10_000

type Request = Omit<ApiRequest, 'lane' | 'timeoutMs'> & { readonly lane?: Lane; readonly timeoutMs?: number }

const sendFor = async <T>(
  api: ApiConnection,
  request: Request,
  made: (object: StoredObject, text: string) => T,
): Promise<T> => {
  const response = await api.request({ lane: 'bulk', timeoutMs: requestTimeoutMs, ...request })
  const what = `${request.method} ${request.path}`
  if (response.status < 200 || response.status > 299) throw new ApiError(response, what)
  if (response.tooLarge) throw new ObjectTooLarge(response, what)
  const object = tryParseJson(response.body)
  if (!isStoredObject(object)) throw new ApiError({ ...response, body: 'not an object' }, what)
  return made(object, response.body)
}

/**
 * Sends a request whose answer is one object, and resolves with the object. Throws ApiError,
 * ObjectTooLarge if the object is too large, or Unreachable.
 */
export const send = (api: ApiConnection, request: Request): Promise<StoredObject> =>
  sendFor(api, request, object => object)

type ReadOptions = Pick<ApiRequest, 'as' | 'maxBytes' | 'query'> & { readonly lane?: Lane; readonly timeoutMs?: number }

/** An object, and the length of the answer that contained it, in bytes. */
export interface SizedObject {
  readonly object: StoredObject
  readonly bytes: number
}

/**
 * Reads one object with its size. Resolves with undefined if it does not exist. Throws {@link
 * UnknownKind} if its kind does not exist, ObjectTooLarge if it is too large, and Unreachable for a 404
 * that cannot be the API server's.
 */
export const readSized = (
  api: ApiConnection,
  type: ResourceType,
  namespace: string,
  name: string,
  options: ReadOptions = {},
): Promise<SizedObject | undefined> => {
  const path = objectPath(type, namespace, name)
  const sized = (object: StoredObject, text: string): SizedObject => ({ object, bytes: bytesOf(text) })
  return sendFor(api, { method: 'GET', path, ...options }, sized).catch(absentFrom(type, path))
}

/** Reads one object without its size. Otherwise it does the same as {@link readSized}. */
export const readOfAnyKind = (
  api: ApiConnection,
  type: ResourceType,
  namespace: string,
  name: string,
  options: ReadOptions = {},
): Promise<StoredObject | undefined> => {
  const path = objectPath(type, namespace, name)
  return send(api, { method: 'GET', path, ...options }).catch(absentFrom(type, path))
}

/** Returns undefined for the error of an object that does not exist. Throws other errors. */
const absentFrom =
  (type: ResourceType, path: string) =>
  (error: unknown): undefined => {
    if (!(error instanceof ApiError) || error.status !== 404) throw error
    if (error.about !== undefined) return undefined
    if (!isServedAlways(type)) throw new UnknownKind(type)
    throw new Unreachable(`GET ${path}: the answer is 404 without the object's name, as of a proxy`, true, error)
  }

/** Reads one object. Resolves with undefined if the object or its kind does not exist. */
export const read: typeof readOfAnyKind = async (...asked) => {
  try {
    return await readOfAnyKind(...asked)
  } catch (error) {
    if (error instanceof UnknownKind) return undefined
    throw error
  }
}

/** Changes an object, or a subresource of it, by a merge patch (RFC 7386). Resolves with the stored object. */
export const sendMergePatch = (
  api: ApiConnection,
  path: string,
  patch: object,
  options: Pick<Request, 'query' | 'timeoutMs'> = {},
): Promise<StoredObject> =>
  send(api, {
    method: 'PATCH',
    path,
    contentType: 'application/merge-patch+json',
    body: JSON.stringify(patch),
    ...options,
  })

/** Creates an object. Throws ApiError with the reason AlreadyExists if the name is in use. */
export const create = (
  api: ApiConnection,
  type: ResourceType,
  namespace: string,
  object: KubeObject,
): Promise<StoredObject> =>
  send(api, { method: 'POST', path: collectionPath(type, namespace), body: JSON.stringify(object) })

/**
 * Replaces an object. If its metadata has a resourceVersion, only this version is replaced: for
 * another one, the API server answers 409 Conflict.
 */
export const replace = (
  api: ApiConnection,
  type: ResourceType,
  namespace: string,
  object: KubeObject,
): Promise<StoredObject> =>
  send(api, {
    method: 'PUT',
    path: objectPath(type, namespace, object.metadata.name),
    body: JSON.stringify(object),
  })
