import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http'
import { boundConnections, sourceOf } from '../environment/connections.ts'
import { listen, type ListenAddress } from '../environment/listen.ts'
import { wait } from '../environment/wait.ts'
import { routesOf, webApp, type Routes } from '../environment/web-app.ts'
import type { Clock, Log } from '../environment/environment.ts'
import { refusal, type TriggerAnswer } from './answer.ts'
import type { Endpoint } from './endpoint.ts'
import { heldBodies, type Bodies } from './http/held-bodies.ts'
import {
  discardedBytes,
  drainWithinMs,
  headWithinMs,
  idleConnectionMs,
  limitedHeldMs,
  limitsIn,
  mostHeadBytes,
  mostUnreadBytes,
  requestWithinMs,
  slowClientCheckMs,
} from './limits.ts'
import { lingering } from './http/lingering.ts'
import type { Preflight } from './preflight.ts'
import { endpointPath } from '../token/published.ts'
import { mayBeLong } from './reading/message.ts'
import type { TriggerRequest } from './request.ts'
import { front, isOpened, looks, opened } from './http/words.ts'

export interface TriggerServer {
  readonly port: number
  /** From now on every answer says that its connection closes, so that clients go elsewhere. */
  closing(): void
  /** Takes no new connection, finishes what was accepted, and resolves when all is answered or its time has ended. */
  drain(): Promise<void>
}

export interface Served {
  readonly endpoint: Endpoint
  readonly preflight: Preflight
  readonly clock: Clock
  readonly log: Log
  /** What this process may use: connections and bodies are bounded by it. */
  readonly memoryBytes?: number | undefined
}

/** Serves an endpoint on a port (0: any free one) until drained. */
export const serveTrigger = async (served: Served, address: ListenAddress): Promise<TriggerServer> => {
  const { clock, memoryBytes } = served
  const limits = limitsIn(memoryBytes)
  let isClosing = false
  const server = createServer({
    headersTimeout: headWithinMs,
    requestTimeout: requestWithinMs,
    connectionsCheckingInterval: slowClientCheckMs,
    keepAliveTimeout: idleConnectionMs,
    maxHeaderSize: mostHeadBytes,
    highWaterMark: mostUnreadBytes,
    joinDuplicateHeaders: true,
  })
  boundConnections(server, clock, limits.connections)
  const send = sender(clock, () => !isClosing)
  const listener = posts(served, heldBodies(limits.mostHeldBytes), send)
  // Whoever asks before sending a body is told to go on when it is first read.
  server.on('request', listener).on('checkContinue', listener)
  return {
    port: await listen(server, address),
    closing: () => void (isClosing = true),
    drain: async () => {
      isClosing = true
      const closed = new Promise<void>(resolve => server.close(() => resolve()))
      server.closeIdleConnections()
      await Promise.race([closed, wait(clock, drainWithinMs)])
      server.closeAllConnections()
    },
  }
}

/** The token stands in the path or, where that ends before it, in the header: then no URL that anybody logs has it. */
const triggerPath = /^\/v1\/trigger(?:\/([A-Za-z0-9_.-]+))?(?:\?[^#]*)?$/
const bearer = /^Bearer +([A-Za-z0-9_.-]+) *$/i

/** Where a request is addressed to. Of two headers Node makes one that no token matches. */
const addressed = ({ headers, url }: IncomingMessage): { readonly token: string | undefined; isInHeader: boolean } => {
  const found = triggerPath.exec(url ?? '')
  const isInHeader = found !== null && found[1] === undefined
  return { token: isInHeader ? bearer.exec(headers.authorization ?? '')?.[1] : found?.[1], isInHeader }
}

/** Says by HTTP's own terms that no good token is in the header (RFC 6750, section 3). */
const challenged = (answer: TriggerAnswer): TriggerAnswer =>
  answer !== 'no answer' && answer.status === 404
    ? { ...answer, status: 401, headers: { ...answer.headers, 'www-authenticate': 'Bearer' } }
    : answer

/**
 * Answers what the head alone decides, before anything else is done: a flood costs least here. The rest goes to express, which so has
 * only posts to the path of a trigger, with a token in it or in the header.
 */
const posts = (served: Served, bodies: Bodies, send: Send): RequestListener => {
  const { log, preflight } = served
  const routes = triggerRoutes(served, bodies, send)
  return (request, response) => {
    if (request.url === '/' && looks(request)) {
      send(request, response, { status: 200, headers: {}, words: front })
      return
    }
    const { isInHeader, token } = addressed(request)
    const [method, source] = [request.method ?? '', sourceOf(request.socket.remoteAddress)]
    const mayBeDry = request.url?.includes('?') === true
    const answer = preflight({ method, token, source, mayBeDry, isLong: () => mayBeLong(request.headers) })
    if (answer && isRefusedMethod(answer) && isOpened(request)) send(request, response, { ...answer, words: opened })
    else if (answer) send(request, response, isInHeader ? challenged(answer) : answer)
    else if (token === undefined) send(request, response, refusal(404, 'UnknownToken'))
    else {
      routes.handle(request, response, error => {
        // The URL holds a token, so it is neither logged nor echoed.
        log.error({ error }, 'a post failed in a way it never should')
        // The step may have been written: closing is the only answer that cannot be untrue.
        request.socket.destroy()
      })
    }
  }
}

const isRefusedMethod = (answer: TriggerAnswer): answer is Exclude<TriggerAnswer, string> =>
  answer !== 'no answer' && answer.status === 405

const triggerRoutes = ({ endpoint }: Served, bodies: Bodies, send: Send): Routes => {
  const app = webApp()
  // Each returns its promise, so that express has what it rejects with.
  app.post(`${endpointPath}/:token`, (request, response) => {
    const said = { token: request.params.token, isInHeader: false, headers: joined(request) }
    return deliver(endpoint, bodies, send, request, response, said)
  })
  app.post(endpointPath, (request, response) => {
    const said = { token: addressed(request).token ?? '', isInHeader: true, headers: withoutToken(joined(request)) }
    return deliver(endpoint, bodies, send, request, response, said)
  })
  return routesOf(app)
}

/** Of most posts. */
const noQuery = new URLSearchParams()

const deliver = async (
  endpoint: Endpoint,
  bodies: Bodies,
  send: Send,
  request: IncomingMessage,
  response: ServerResponse,
  { headers, isInHeader, token }: Pick<TriggerRequest, 'token' | 'headers'> & { readonly isInHeader: boolean },
): Promise<void> => {
  const begin = (): void => {
    if (request.headers.expect !== undefined) response.writeContinue()
  }
  const body = isBodiless(request) ? undefined : bodies.of(request, begin)
  const posted = {
    method: request.method ?? '',
    token,
    headers,
    source: sourceOf(request.socket.remoteAddress),
    query: request.url?.includes('?') ? new URLSearchParams(request.url.split('?')[1]) : noQuery,
    ...(body && { body: body.read, release: body.release }),
    onGone: (gone: () => void) => onClose(response, gone),
  }
  const answered = (answer: TriggerAnswer): void => {
    body?.release()
    send(request, response, isInHeader ? challenged(answer) : answer)
  }
  try {
    await endpoint(posted, answered)
  } finally {
    body?.release()
  }
}

/** Calls back when a response cannot be sent any more. */
const onClose = (response: ServerResponse, gone: () => void): (() => void) => {
  if (response.destroyed || response.closed) gone()
  response.once('close', gone)
  return () => void response.off('close', gone)
}

/** An answer for a person, in words. */
interface InWords {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly words: string
}

type Send = (request: IncomingMessage, response: ServerResponse, answer: TriggerAnswer | InWords) => void

const sender = (clock: Clock, keepsAlive: () => boolean): Send => {
  const linger = lingering(clock)
  const send: Send = (request, response, answer) => {
    if (answer === 'no answer') {
      // The request's socket: a pipelined response has none of its own yet.
      request.socket.destroy()
      return
    }
    const isInWords = 'words' in answer
    const text = isInWords ? answer.words : `${JSON.stringify(answer.body)}\n`
    const isWhole = isDone(request)
    // What is left of a long body is not worth the connection; and while closing there is no next request.
    if (!isWhole || !keepsAlive()) response.setHeader('connection', 'close')
    response.writeHead(answer.status, {
      'content-type': `${isInWords ? 'text/plain' : 'application/json'}; charset=utf-8`,
      'content-length': Buffer.byteLength(text),
      'cache-control': 'no-store',
      ...answer.headers,
    })
    if (isWhole) {
      response.end(text)
      return
    }
    response.write(text)
    linger(request, response)
  }
  return (request, response, answer) => {
    const reason = answer !== 'no answer' && 'body' in answer ? answer.body.reason : undefined
    const isBeyondLimit = reason === 'RateLimited' || reason === 'WritesLimited'
    if (isBeyondLimit) clock.after(limitedHeldMs, () => send(request, response, answer))
    else send(request, response, answer)
  }
}

/** True if a request has arrived, or what is left of it is so short that Node may throw it away by itself. */
const isDone = (request: IncomingMessage): boolean => {
  if (request.complete || isBodiless(request)) return true
  return request.headers.expect === undefined && Number(request.headers['content-length'] ?? Infinity) <= discardedBytes
}

/** RFC 9112, section 6.3: a request has a body only where one of these headers says so. */
const isBodiless = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] === undefined && (headers['content-length'] ?? '0') === '0'

/** All values of each header, as Node joins them. `set-cookie` stays a list even so; no request should have it. */
const joined = ({ headers }: IncomingMessage): Readonly<Record<string, string>> =>
  isJoined(headers)
    ? headers
    : Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value].flat().join(', ')]))

/** What an expression or `auth` reads of a post's headers has no token of ours in it. */
const withoutToken = (headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'authorization'))

const isJoined = (headers: IncomingHttpHeaders): headers is Record<string, string> =>
  headers['set-cookie'] === undefined
