import type { IncomingHttpHeaders } from 'node:http'
import { stringify } from 'node:querystring'
import type { Dispatcher } from 'undici'
import type { ApiRequest, ApiResponse } from './environment.ts'
import { Unreachable } from './unreachable.ts'

/** A way to the API server. */
export interface Way {
  readonly dispatcher: Dispatcher
  /** The path that the API server stands behind; mostly empty. */
  readonly prefix: string
  readonly authorization: () => Promise<string | undefined>
  /** Is told when a request that had been sent got no answer in time. */
  readonly unanswered?: () => void
}

/** What undici is given of a request. */
export const optionsOf = (
  { prefix }: Way,
  request: ApiRequest,
  authorization: string | undefined,
): Dispatcher.DispatchOptions => ({
  method: request.method,
  path: prefix + request.path + queryOf(request),
  headers: headersOf(request, authorization),
  body: request.body ?? null,
})

/** Each write of a step has a query. URLSearchParams takes three times as long to encode it. */
const queryOf = ({ query }: ApiRequest): string => (query === undefined ? '' : `?${stringify(query)}`)

/** https://kubernetes.io/docs/reference/using-api/api-concepts/#metadata-only-fetches */
const metadataAlone = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json'

const headersOf = (request: ApiRequest, authorization: string | undefined): Record<string, string> => ({
  accept: request.as === 'metadata' ? metadataAlone : 'application/json',
  'user-agent': 'receiver-hooks',
  ...(request.body === undefined ? {} : { 'content-type': request.contentType ?? 'application/json' }),
  ...(authorization === undefined ? {} : { authorization }),
})

/**
 * One request and its whole answer. undici calls onRequestStart right before the first byte is written to a socket that
 * is connected: until then the server cannot have seen anything, whatever goes wrong.
 */
export const exchange = (way: Way, request: ApiRequest): Promise<ApiResponse> =>
  new Promise((resolve, reject) => {
    let socket: Dispatcher.DispatchController | undefined
    let settled = false
    let status = 0
    let headers: IncomingHttpHeaders = {}
    const body: Buffer[] = []

    const fail = (why: string, cause?: unknown): void => {
      if (settled) return
      settled = true
      clearTimeout(timer)
      reject(new Unreachable(`${request.method} ${request.path}: ${why}`, socket !== undefined, cause))
    }
    const timer = setTimeout(() => {
      if (!settled && socket !== undefined) way.unanswered?.()
      fail(`no answer within ${request.timeoutMs} ms`)
      socket?.abort(new Error('timed out'))
    }, request.timeoutMs)

    const handler: Dispatcher.DispatchHandler = {
      onRequestStart: controller => {
        // It waited for a socket until its time was over. To abort it here keeps it from being written.
        if (settled) return controller.abort(new Error('timed out'))
        socket = controller
      },
      onResponseStart: (_controller, statusCode, received) => {
        status = statusCode
        headers = received
      },
      onResponseData: (_controller, chunk) => void body.push(chunk),
      onResponseEnd: () => {
        if (settled) return
        settled = true
        clearTimeout(timer)
        resolve({ status, headers, body: textOf(body) })
      },
      onResponseError: (_controller, error) => fail(reasonOf(error), error),
    }
    const dispatch = (authorization: string | undefined): void => {
      if (!settled) way.dispatcher.dispatch(optionsOf(way, request, authorization), handler)
    }
    way
      .authorization()
      .then(dispatch)
      .catch((error: unknown) => fail(reasonOf(error), error))
  })

const textOf = (chunks: readonly Buffer[]): string => {
  const [only] = chunks
  return chunks.length === 1 && only !== undefined ? only.toString('utf8') : Buffer.concat(chunks).toString('utf8')
}

/** What a person needs to know of an error. Where every address of a host failed, the error itself says nothing. */
export const reasonOf = (error: unknown): string => {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join(', ')
  return error instanceof Error && error.message !== '' ? error.message : String(error)
}
