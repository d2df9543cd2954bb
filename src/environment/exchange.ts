import type { IncomingHttpHeaders } from 'node:http'
import { stringify } from 'node:querystring'
import type { Dispatcher } from 'undici'
import type { ApiRequest, ApiResponse } from './environment.ts'
import { JsonPicker } from './json-picker.ts'
import { largeFromBytes, maxAnswerBytes, type LargeAnswers } from './large-answers.ts'
import { Unreachable } from './unreachable.ts'

/** How requests reach the API server: sockets, path prefix and authorization. */
export interface Upstream {
  readonly dispatcher: Dispatcher
  /** The path under which the API server is served. Usually empty. */
  readonly prefix: string
  readonly authorization: () => Promise<string | undefined>
  /** The shared memory budget for large answers. */
  readonly large: LargeAnswers
  /** Called when a sent request got no answer in time. */
  readonly unanswered?: () => void
}

/** Returns a request in the form that undici takes. */
export const optionsOf = (
  { prefix }: Upstream,
  request: ApiRequest,
  authorization: string | undefined,
): Dispatcher.DispatchOptions => ({
  method: request.method,
  path: prefix + request.path + queryOf(request),
  headers: headersOf(request, authorization),
  body: request.body ?? null,
})

/**
 * Returns the query with its question mark. Each write of a step has one, and URLSearchParams takes
 * three times as long.
 */
const queryOf = ({ query }: ApiRequest): string => (query === undefined ? '' : `?${stringify(query)}`)

/**
 * Returns the header Accept
 * (https://kubernetes.io/docs/reference/using-api/api-concepts/#metadata-only-fetches).
 */
const acceptOf = ({ as }: ApiRequest): string => {
  if (as === undefined) return 'application/json'
  if (as === 'key set') return 'application/jwk-set+json'
  const kind = as === 'metadata' ? 'PartialObjectMetadata' : 'PartialObjectMetadataList'
  return `application/json;as=${kind};g=meta.k8s.io;v=v1,application/json`
}

const headersOf = (request: ApiRequest, authorization: string | undefined): Record<string, string> => ({
  accept: acceptOf(request),
  'user-agent': 'receiver-hooks',
  ...(request.body === undefined ? {} : { 'content-type': request.contentType ?? 'application/json' }),
  ...(authorization === undefined ? {} : { authorization }),
  ...(request.user === undefined ? {} : { 'impersonate-user': request.user }),
  ...(request.traceparent === undefined ? {} : { traceparent: request.traceparent }),
})

/**
 * Sends one request and reads its whole answer. undici calls onRequestStart right before it writes
 * the first byte to the socket. If the request fails earlier, the server has not seen it.
 */
export const exchange = (upstream: Upstream, request: ApiRequest): Promise<ApiResponse> =>
  new Promise((resolve, reject) => {
    let socket: Dispatcher.DispatchController | undefined
    let settled = false
    let status = 0
    let headers: IncomingHttpHeaders = {}
    const body = new AnswerBody(upstream.large, request)

    const settle = (): void => {
      settled = true
      clearTimeout(timer)
    }
    const fail = (why: string, cause?: unknown): void => {
      if (settled) return
      settle()
      body.release()
      reject(new Unreachable(`${request.method} ${request.path}: ${why}`, socket !== undefined, cause))
    }
    const answer = (): void => {
      if (settled) return
      settle()
      resolve({ status, headers, ...body.read() })
      // The place is kept until the caller has parsed the body.
      setImmediate(() => body.release())
    }
    const timer = setTimeout(() => {
      if (!settled && socket !== undefined && status === 0) upstream.unanswered?.()
      fail(`no answer within ${request.timeoutMs} ms`)
      socket?.abort(new Error('timed out'))
    }, request.timeoutMs)

    const handler: Dispatcher.DispatchHandler = {
      onRequestStart: controller => {
        // The request waited for a socket until its time was over. Aborting it here prevents that
        // it is sent.
        if (settled) return controller.abort(new Error('timed out'))
        socket = controller
      },
      onResponseStart: (_controller, statusCode, received) => {
        status = statusCode
        headers = received
      },
      onResponseData: (controller, chunk) => {
        if (body.add(chunk, controller) === 'enough') {
          answer()
          controller.abort(new Error('too large'))
        }
      },
      onResponseEnd: answer,
      onResponseError: (_controller, error) => fail(reasonOf(error), error),
    }
    const dispatch = (authorization: string | undefined): void => {
      if (!settled) upstream.dispatcher.dispatch(optionsOf(upstream, request, authorization), handler)
    }
    upstream
      .authorization()
      .then(dispatch)
      .catch((error: unknown) => fail(reasonOf(error), error))
  })

/**
 * The body of an answer as it arrives. A large one waits for a place, and one that is too long is
 * not kept.
 */
class AnswerBody {
  readonly #large: LargeAnswers
  readonly #maxBytes: number
  readonly #pick: readonly string[] | undefined
  #chunks: Buffer[] = []
  #bytes = 0
  #picker: JsonPicker | undefined
  #place: 'none' | 'awaited' | 'held' = 'none'
  #giveBack = (): void => {}
  #isOver = false

  constructor(large: LargeAnswers, { maxBytes = maxAnswerBytes, pick }: ApiRequest) {
    this.#large = large
    this.#maxBytes = maxBytes
    this.#pick = pick
  }

  /** Takes the next part. Returns 'enough' if no more is needed. */
  add(chunk: Buffer, socket: Pick<Dispatcher.DispatchController, 'pause' | 'resume'>): 'enough' | undefined {
    this.#bytes += chunk.length
    if (this.#picker) {
      this.#picker.write(chunk)
      return undefined
    }
    this.#chunks.push(chunk)
    if (this.#bytes > this.#maxBytes) return this.#drop()
    if (this.#bytes > largeFromBytes && this.#place === 'none') this.#await(socket)
    return undefined
  }

  read(): Pick<ApiResponse, 'body' | 'tooLarge'> {
    return this.#picker ? { body: '', tooLarge: this.#picker.picked } : { body: textOf(this.#chunks) }
  }

  /** Frees the place of a large answer, if it has one. */
  release(): void {
    this.#isOver = true
    this.#giveBack()
  }

  #drop(): 'enough' | undefined {
    this.#picker = new JsonPicker(this.#pick ?? [])
    if (this.#pick) for (const chunk of this.#chunks) this.#picker.write(chunk)
    this.#chunks = []
    this.#giveBack()
    return this.#pick ? undefined : 'enough'
  }

  #await(socket: Pick<Dispatcher.DispatchController, 'pause' | 'resume'>): void {
    this.#place = 'awaited'
    let isPaused = false
    void this.#large.take(this.#maxBytes).then(giveBack => {
      this.#place = 'held'
      this.#giveBack = giveBack
      if (this.#isOver || this.#picker) giveBack()
      if (isPaused) socket.resume()
    })
    isPaused = true
    socket.pause()
  }
}

const textOf = (chunks: readonly Buffer[]): string => {
  const [only] = chunks
  return chunks.length === 1 && only !== undefined ? only.toString('utf8') : Buffer.concat(chunks).toString('utf8')
}

/**
 * Returns what a person needs to know of an error. If all addresses of a host failed, the error
 * itself has no message.
 */
export const reasonOf = (error: unknown): string => {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join(', ')
  return error instanceof Error && error.message !== '' ? error.message : String(error)
}
