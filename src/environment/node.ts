/** The one file that provides the environment for real: Node's clock, its randomness, and sockets. */
import { randomBytes } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { Pool, type Dispatcher } from 'undici'
import { unlessAborted } from './abort.ts'
import type { Access, Tls } from './access.ts'
import type { ApiConnection, ApiRequest, ApiResponse, Clock, Lane, Random } from './environment.ts'
import { Unreachable, WatchRefused } from './unreachable.ts'

/** The longest delay that setTimeout takes; it runs longer ones at once. */
const longestTimeoutMs = 2 ** 31 - 1

export const nodeClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (ms, run) => {
    let timer: NodeJS.Timeout
    const arm = (left: number): void => {
      timer =
        left > longestTimeoutMs
          ? setTimeout(() => arm(left - longestTimeoutMs), longestTimeoutMs)
          : setTimeout(run, left)
    }
    arm(ms)
    return () => clearTimeout(timer)
  },
}

export const nodeRandom: Random = { bytes: n => randomBytes(n) }

/** A connection that can be closed: what is still under way then fails with Unreachable. */
export interface NodeConnection extends ApiConnection {
  close(): Promise<void>
}

/** The most sockets of each lane; null is no limit, since every watch holds one. Beyond it requests wait, unsent. */
const socketsOfLane: Readonly<Record<Lane, number | null>> = { step: 64, bulk: 16, watch: null, lease: 2 }

/** How long a socket may take to connect, TLS included, in milliseconds. */
const connectTimeoutMs = 5_000

/** How long an unused socket is kept: below the 90 s of the API server and the 60 s of load balancers. */
const keepAliveTimeoutMs = 30_000

/** How often the kernel probes a silent socket, so that a dead peer is noticed, in milliseconds. */
const keepAliveProbeMs = 30_000

/** One lane's way to the server. */
interface Route {
  readonly pool: Pool
  /** The path that the API server stands behind; mostly empty. */
  readonly prefix: string
  readonly authorization: () => Promise<string | undefined>
}

/** Connects to an API server over HTTP/1.1. Sockets are opened when they are needed, so this cannot fail. */
export const connect = (access: Access): NodeConnection => {
  const server = new URL(access.server)
  const route = (lane: Lane): Route => ({
    pool: new Pool(server.origin, {
      connections: socketsOfLane[lane],
      allowH2: false,
      connectTimeout: connectTimeoutMs,
      keepAliveTimeout: keepAliveTimeoutMs,
      // The caller's time-out covers the whole request; undici's own would only cut watches that are in order.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: { ...tlsOptions(access.tls ?? {}), keepAliveInitialDelay: keepAliveProbeMs },
    }),
    prefix: server.pathname.replace(/\/+$/, ''),
    authorization: async () => await access.authorization?.(),
  })
  const routes: Readonly<Record<Lane, Route>> = {
    step: route('step'),
    bulk: route('bulk'),
    watch: route('watch'),
    lease: route('lease'),
  }
  return {
    request: request => exchange(routes[request.lane], request),
    watch: (request, stop) => watchLines(routes[request.lane], request, stop),
    close: async () => {
      await Promise.all(Object.values(routes).map(({ pool }) => pool.destroy()))
    },
  }
}

const optionsOf = (
  { prefix }: Route,
  request: ApiRequest,
  authorization: string | undefined,
): Dispatcher.DispatchOptions => ({
  method: request.method,
  path: prefix + request.path + queryOf(request),
  headers: headersOf(request, authorization),
  body: request.body ?? null,
})

const tlsOptions = ({ insecure, ...tls }: Tls): Omit<Tls, 'insecure'> & { readonly rejectUnauthorized?: boolean } =>
  insecure === true ? { ...tls, rejectUnauthorized: false } : tls

const queryOf = ({ query }: ApiRequest): string =>
  query === undefined ? '' : `?${new URLSearchParams(query).toString()}`

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
const exchange = (route: Route, request: ApiRequest): Promise<ApiResponse> =>
  new Promise((resolve, reject) => {
    let socket: Dispatcher.DispatchController | undefined
    let settled = false
    let status = 0
    let headers: ApiResponse['headers'] = {}
    const body: Buffer[] = []

    const fail = (why: string, cause?: unknown): void => {
      if (settled) return
      settled = true
      clearTimeout(timer)
      reject(new Unreachable(`${request.method} ${request.path}: ${why}`, socket !== undefined, cause))
    }
    const timer = setTimeout(() => {
      fail(`no answer within ${request.timeoutMs} ms`)
      socket?.abort(new Error('timed out'))
    }, request.timeoutMs)

    const handler: Dispatcher.DispatchHandler = {
      onRequestStart: controller => {
        // It waited for a socket until its time was over. To abort it here keeps it from being written.
        if (settled) return controller.abort(new Error('timed out'))
        socket = controller
      },
      onResponseStart: (_controller, statusCode, incoming) => {
        status = statusCode
        headers = flat(incoming)
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
      if (!settled) route.pool.dispatch(optionsOf(route, request, authorization), handler)
    }
    route
      .authorization()
      .then(dispatch)
      .catch((error: unknown) => fail(reasonOf(error), error))
  })

const textOf = (chunks: readonly Buffer[]): string => {
  const [only] = chunks
  return chunks.length === 1 && only !== undefined ? only.toString('utf8') : Buffer.concat(chunks).toString('utf8')
}

const flat = (headers: IncomingHttpHeaders): Record<string, string> => {
  const flattened: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flattened[name] = typeof value === 'string' ? value : value.join(', ')
  }
  return flattened
}

/** What a person needs to know of an error. Where every address of a host failed, the error itself says nothing. */
const reasonOf = (error: unknown): string => {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join(', ')
  return error instanceof Error && error.message !== '' ? error.message : String(error)
}

/** How much of an answer that refuses a watch is looked at, in characters. */
const refusalLength = 500

async function* watchLines(
  route: Route,
  request: ApiRequest,
  stop: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  if (stop.aborted) return
  const abort = new AbortController()
  const stopped = (): void => abort.abort(new Error('stopped'))
  stop.addEventListener('abort', stopped)
  const late = (): void => abort.abort(new Error(`no answer within ${request.timeoutMs} ms`))
  const timer = setTimeout(late, request.timeoutMs)
  try {
    const authorization = await unlessAborted(route.authorization(), abort.signal)
    const options = optionsOf(route, request, authorization)
    const response = await route.pool.request({ ...options, signal: abort.signal })
    if (response.statusCode !== 200) throw await refusalOf(request, response)
    clearTimeout(timer)
    yield* linesOf(response.body)
  } catch (error) {
    if (stop.aborted) return
    if (error instanceof WatchRefused) throw error
    // A watch changes nothing, so whether the server has seen it makes no difference.
    throw new Unreachable(`watch of ${request.path}: ${reasonOf(error)}`, true, error)
  } finally {
    clearTimeout(timer)
    stop.removeEventListener('abort', stopped)
    abort.abort()
  }
}

const refusalOf = async (request: ApiRequest, response: Dispatcher.ResponseData): Promise<WatchRefused> => {
  const said = (await response.body.text()).slice(0, refusalLength)
  return new WatchRefused(
    response.statusCode,
    `watch of ${request.path}: the API server answered ${response.statusCode}: ${said}`,
  )
}

/** Splits a stream at its line feeds. A last line without one was cut off, and is dropped. */
async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of chunks) {
    const parts = decoder.decode(chunk, { stream: true }).split('\n')
    parts[0] = rest + parts[0]
    rest = parts.pop() ?? ''
    yield* parts
  }
}
