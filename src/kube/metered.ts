import { keyOf } from '../api/hash.ts'
import { boundedMap, type BoundedMap } from '../environment/bounded-map.ts'
import type { ApiConnection, ApiRequest, ApiResponse } from '../environment/environment.ts'
import { maxAnswerBytes } from '../environment/large-answers.ts'
import { Unreachable } from '../environment/unreachable.ts'

/** Is told how many bytes a write has made the API server store. */
export type Wrote = (bytes: number) => void

/** What an object is taken for whose size is not known, in bytes. */
const supposedBytes = 4096

/** A write by way of this subresource stores all of the object, and is answered with a few fields of it. An object may be named so. */
const subresource = '/scale'

/** Of how many paths it is known how large objects are there, and what was last tried in vain. */
const mostPaths = 100

/**
 * A connection that tells of each write how many bytes it made the API server store. That is the answer's size; with the
 * request's where only metadata are answered, and for /scale the size of the object as it was last read over this connection.
 * Where nobody knows whether a write was stored, it is the object's size as well, once however often the same is sent: what is
 * sent again here is stored once at most. The API server stores its own kinds in a shorter form than they are answered in.
 */
export const metered = (api: ApiConnection, wrote: Wrote): ApiConnection => {
  /** Made when there is something in it: each post has such a connection, and few read or fail. */
  let sizes: BoundedMap<string, number> | undefined
  /** The hash of the body that was last sent to a path without a clear answer. */
  let unsure: BoundedMap<string, string> | undefined

  /** The path of the last write, and that of its object: nearly all writes go to one. */
  let last: { readonly path: string; readonly object: string } | undefined
  const objectOf = (path: string): string => {
    if (last?.path !== path) last = { path, object: objectAt(path) }
    return last.object
  }

  const sizeAt = (object: string): number =>
    sizes?.get(object) ?? sizes?.get(object.slice(0, object.lastIndexOf('/'))) ?? supposedBytes

  const tried = ({ body = '', path }: ApiRequest): void => {
    const hash = keyOf(body)
    unsure ??= boundedMap(mostPaths)
    if (unsure.get(path) === hash) return
    unsure.set(path, hash)
    wrote(Math.max(sizeOf(body), sizeAt(objectOf(path))))
  }

  const storedBy = (request: ApiRequest, response: ApiResponse): number => {
    if (response.status >= 400) return 0
    const object = objectOf(request.path)
    if (object !== request.path) return sizeAt(object)
    if (request.as === 'metadata') return sizeOf(request.body) + sizeOfAnswer(response)
    return Math.max(sizeOf(request.body), sizeOfAnswer(response))
  }

  return {
    watch: (request, stop) => api.watch(request, stop),
    // The promise is handed on as it is: whoever waits for it is not held up, not even by a turn of the event loop.
    request: request => {
      const answered = api.request(request)
      if (request.query?.['dryRun'] !== undefined) return answered
      if (request.method === 'GET') {
        answered.then(response => {
          if (response.status !== 200 || request.as === 'metadata') return
          sizes ??= boundedMap(mostPaths)
          sizes.set(request.path, sizeOfAnswer(response) / objectsIn(request, response.body))
        }, ignored)
      } else {
        answered.then(
          response => {
            if (response.status >= 500) return tried(request)
            const bytes = storedBy(request, response)
            if (bytes > 0) wrote(bytes)
          },
          (error: unknown) => {
            if (error instanceof Unreachable && error.mayHaveArrived) tried(request)
          },
        )
      }
      return answered
    },
  }
}

/** The path of the object that a path leads to, for /scale without that. */
const objectAt = (path: string): string => {
  if (!path.endsWith(subresource)) return path
  const object = path.slice(0, -subresource.length)
  const start = object.indexOf(namespaces)
  const resource = start < 0 ? start : object.indexOf('/', start + namespaces.length)
  return resource > 0 && object.indexOf('/', resource + 1) > 0 ? object : path
}

const namespaces = '/namespaces/'

const sizeOf = (text: string | undefined): number => (text === undefined ? 0 : Buffer.byteLength(text))

/** Of an answer that is too large to be read it is known that it has no less. */
const sizeOfAnswer = ({ body, tooLarge }: ApiResponse): number => (tooLarge ? maxAnswerBytes : sizeOf(body))

/** How many objects an answer holds: each has a version, and so has a list of them. */
const objectsIn = ({ query }: ApiRequest, body: string): number =>
  query === undefined ? 1 : Math.max(1, body.split('"resourceVersion":').length - 2)

/** Whoever asked is told of a failure. */
const ignored = (): void => {}
