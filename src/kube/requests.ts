import { isStoredObject, type KubeObject, type StoredObject } from '../api/object.ts'
import { tryParseJson } from '../api/json.ts'
import type { ApiConnection, ApiRequest, Lane } from '../environment/environment.ts'
import { ApiError, TooLarge } from './errors.ts'
import { collectionPath, objectPath, type ResourceType } from './paths.ts'
import { UnknownKind } from './unknown-kind.ts'
import { bytesOf } from './written.ts'

/** How long a request that no delivery waits for may take, in milliseconds. */
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
  if (response.tooLarge) throw new TooLarge(response, what)
  const object = tryParseJson(response.body)
  if (!isStoredObject(object)) throw new ApiError({ ...response, body: 'not an object' }, what)
  return made(object, response.body)
}

/** Sends one request whose answer is one object. Throws ApiError, TooLarge where the object is not read, or Unreachable. */
export const send = (api: ApiConnection, request: Request): Promise<StoredObject> =>
  sendFor(api, request, object => object)

type ReadOptions = Pick<ApiRequest, 'as' | 'maxBytes' | 'query'> & { readonly lane?: Lane; readonly timeoutMs?: number }

/** An object, and how many bytes it has as it was answered. */
export interface SizedObject {
  readonly object: StoredObject
  readonly bytes: number
}

/**
 * One object with its size, or undefined when there is none of that name. Throws {@link UnknownKind} where there can be none, and
 * TooLarge where it is not read.
 */
export const readSized = (
  api: ApiConnection,
  type: ResourceType,
  namespace: string,
  name: string,
  options: ReadOptions = {},
): Promise<SizedObject | undefined> =>
  readFor(api, type, namespace, name, options, (object, text) => ({ object, bytes: bytesOf(text) }))

/** The same without its size. */
export const readOfAnyKind = (
  api: ApiConnection,
  type: ResourceType,
  namespace: string,
  name: string,
  options: ReadOptions = {},
): Promise<StoredObject | undefined> => readFor(api, type, namespace, name, options, object => object)

const readFor = async <T>(
  api: ApiConnection,
  type: ResourceType,
  namespace: string,
  name: string,
  options: ReadOptions,
  made: (object: StoredObject, text: string) => T,
): Promise<T | undefined> => {
  try {
    return await sendFor(api, { method: 'GET', path: objectPath(type, namespace, name), ...options }, made)
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error
    if (error.about === undefined) throw new UnknownKind(type)
    return undefined
  }
}

/** One object, or undefined when there is none of that name, whatever the reason. */
export const read: typeof readOfAnyKind = async (...asked) => {
  try {
    return await readOfAnyKind(...asked)
  } catch (error) {
    if (error instanceof UnknownKind) return undefined
    throw error
  }
}

/** Stores a new object. Throws ApiError with reason AlreadyExists when the name is taken. */
export const create = (
  api: ApiConnection,
  type: ResourceType,
  namespace: string,
  object: KubeObject,
): Promise<StoredObject> =>
  send(api, { method: 'POST', path: collectionPath(type, namespace), body: JSON.stringify(object) })

/** Replaces an object; with a resourceVersion in its metadata, only that version of it (else 409 Conflict). */
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
