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
import type { Endpoint } from './answer.ts'
import { postedAddress, withChallenge, originForm, withoutToken, type Address } from './http/address.ts'
import { heldBodies, isLonger, type Bodies } from './http/held-bodies.ts'
import {
  discardedBytes,
  drainWithinMs,
  headWithinMs,
  idleConnectionMs,
  limitedHeldMs,
  limitsIn,
  maxHeadBytes,
  maxReadAheadBytes,
  requestWithinMs,
  slowClientCheckMs,
} from './limits.ts'
import { lingering } from './http/lingering.ts'
import type { Preflight } from './preflight.ts'
import { endpointPath, hooksPath } from '../token/published.ts'
import { mayBeLong } from './reading/message.ts'

/** The text for a person who opens the trigger's address. */
const front = "Receiver Hooks: a hook's URL takes a POST here, and there is nothing to see.\n"

/**
 * The text for a person who opens the URL of a hook. It is the same for every token, so it does not
 * reveal which hooks exist. It does not repeat the token, because people copy and photograph such
 * pages.
 */
const opened = `Opening a hook's URL runs nothing. A POST to it does:

    curl -X POST 'URL'

URL is the address that you have opened.
`

const onlyReads = ({ method }: Pick<IncomingMessage, 'method'>): boolean => method === 'GET' || method === 'HEAD'

/**
 * Returns whether a person may have opened the URL in a browser: the request only reads, and it
 * accepts HTML.
 */
const isOpened = (request: Pick<IncomingMessage, 'headers' | 'method'>): boolean =>
  onlyReads(request) && request.headers.accept?.includes('text/html') === true

export interface TriggerServer {
  readonly port: number
  /** Closes the connection after each answer from now on, so that clients use other replicas. */
  closing(): void
  /**
   * Accepts no new connection, and finishes accepted posts. Resolves when all are answered, or
   * after `drainWithinMs`.
   */
  drain(): Promise<void>
}

export interface Served {
  readonly endpoint: Endpoint
  readonly preflight: Preflight
  readonly clock: Clock
  readonly log: Log
  /** The memory of this process, in bytes. The limits of connections and bodies depend on it. */
  readonly memoryBytes?: number | undefined
}

/** Serves an endpoint until it is drained. Port 0 means any free port. */
export const serveTrigger = async (served: Served, address: ListenAddress): Promise<TriggerServer> => {
  const { clock, memoryBytes } = served
  const limits = limitsIn(memoryBytes)
  const serving = { isClosing: false }
  const server = createServer({
    headersTimeout: headWithinMs,
    requestTimeout: requestWithinMs,
    connectionsCheckingInterval: slowClientCheckMs,
    keepAliveTimeout: idleConnectionMs,
    maxHeaderSize: maxHeadBytes,
    highWaterMark: maxReadAheadBytes,
    joinDuplicateHeaders: true,
  })
  boundConnections(server, clock, limits.connections)
  const send = sender(clock, serving)
  const listener = postListener(served, heldBodies(limits.maxHeldBytes), send)
  // A client that waits for 100 Continue gets it when its body is read.
  server.on('request', listener).on('checkContinue', listener)
  return {
    port: await listen(server, address),
    closing: () => void (serving.isClosing = true),
    drain: async () => {
      serving.isClosing = true
      const closed = new Promise<void>(resolve => server.close(() => resolve()))
      server.closeIdleConnections()
      await Promise.race([closed, wait(clock, drainWithinMs)])
      server.closeAllConnections()
    },
  }
}

/**
 * Returns a listener. It first answers requests that the head alone decides, because a flood costs
 * least there. Other requests go to express: posts to a token or to a name.
 */
const postListener = (served: Served, bodies: Bodies, send: Send): RequestListener => {
  const { log, preflight } = served
  const routes = triggerRoutes(served, bodies, send)
  return (request, response) => {
    const { url: target = '' } = request
    const url = target.startsWith('/') ? target : originForm(target)
    request.url = url
    if (url === '/' && onlyReads(request)) {
      send(request, response, { status: 200, headers: {}, words: front })
      return
    }
    const address = postedAddress(request)
    const [method, source] = [request.method ?? '', sourceOf(request.socket.remoteAddress)]
    const mayBeDry = url.includes('?')
    const answer = preflight({ method, ...address, source, mayBeDry, isLong: () => mayBeLong(request.headers) })
    if (answer && isRefusedMethod(answer) && isOpened(request)) send(request, response, { ...answer, words: opened })
    else if (answer) send(request, response, address.isInHeader ? withChallenge(answer) : answer)
    else if (address.token === undefined && !address.named) send(request, response, refusal(404, 'UnknownToken'))
    else {
      routes.handle(request, response, error => {
        // The URL contains a token, so it is neither logged nor echoed.
        log.error({ error }, 'a post failed unexpectedly')
        // The step may be stored. Closing the connection is the only answer that cannot be wrong.
        request.socket.destroy()
      })
    }
  }
}

const isRefusedMethod = (answer: TriggerAnswer): answer is Exclude<TriggerAnswer, string> =>
  answer !== 'no answer' && answer.status === 405

const triggerRoutes = ({ endpoint }: Served, bodies: Bodies, send: Send): Routes => {
  const app = webApp()
  const receive = receiver(endpoint, bodies, send)
  // Each handler returns its promise, so that express gets its errors.
  app.post(`${endpointPath}/:token`, receive)
  app.post(endpointPath, receive)
  app.post(`${hooksPath}:namespace/:name{/:secret}`, receive)
  return routesOf(app)
}

const noQuery = new URLSearchParams()

/** Returns the query of a request that has one: all that follows the first question mark (RFC 3986, section 3.4). */
const queryIn = (url: string): URLSearchParams => new URLSearchParams(url.slice(url.indexOf('?')))

/** Returns a handler that passes a post to the endpoint, and sends the answer. */
const receiver =
  (endpoint: Endpoint, bodies: Bodies, send: Send) =>
  async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { isInHeader, named, token }: Address = postedAddress(request)
    let isExpected = request.headers.expect !== undefined
    const begin = (): void => {
      if (isExpected) response.writeContinue()
      isExpected = false
    }
    const { headers, url = '' } = request
    const sent = isJoined(headers) ? headers : joinedHeaders(headers)
    const body = isBodiless(request) ? undefined : bodies.of(request, begin)
    // Otherwise the moment at which the body is wanted would reveal whether a hook has this name.
    if (named && !isLonger(request)) begin()
    const posted = {
      method: request.method ?? '',
      token,
      named,
      headers: isInHeader ? withoutToken(sent) : sent,
      source: sourceOf(request.socket.remoteAddress),
      query: url.includes('?') ? queryIn(url) : noQuery,
      ...(body && {
        body: body.read,
        discard: body.discard,
        hold: body.hold,
        keep: body.keep,
        release: body.release,
      }),
      onGone: (gone: () => void) => onClose(response, gone),
    }
    const answered = (answer: TriggerAnswer): void => {
      body?.release()
      send(request, response, isInHeader ? withChallenge(answer) : answer)
    }
    try {
      await endpoint(posted, answered)
    } finally {
      body?.release()
    }
  }

/**
 * Calls `gone` when a response can no longer be sent. Returns a function after which `gone` is not
 * called.
 */
const onClose = (response: ServerResponse, gone: () => void): (() => void) => {
  if (response.destroyed || response.closed) gone()
  response.once('close', gone)
  return () => void response.off('close', gone)
}

/** An answer as plain text, for a person with a browser. */
interface InWords {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly words: string
}

type Sendable = TriggerAnswer | InWords

type Send = (request: IncomingMessage, response: ServerResponse, answer: Sendable) => void

/** Returns a function that sends answers. An answer that says that a limit is reached is sent later. */
const sender = (clock: Clock, serving: { readonly isClosing: boolean }): Send => {
  const linger = lingering(clock)
  const send = (request: IncomingMessage, response: ServerResponse, answer: Sendable, isDue = false): void => {
    if (answer === 'no answer') {
      // The response of a pipelined request may have no socket yet, so the request's is used.
      request.socket.destroy()
      return
    }
    const isInWords = 'words' in answer
    const reason = isInWords ? undefined : answer.body.reason
    if (!isDue && (reason === 'RateLimited' || reason === 'WritesLimited')) {
      clock.after(limitedHeldMs, () => send(request, response, answer, true))
      return
    }
    const text = isInWords ? answer.words : isBare(request, answer.status) ? '' : `${JSON.stringify(answer.body)}\n`
    const isWhole = request.complete || isShort(request)
    // The connection cannot be used again if the rest of a long body is not read. It must not be
    // used again while the server is closing.
    if (!isWhole || serving.isClosing) response.setHeader('connection', 'close')
    response.writeHead(answer.status, {
      ...(text !== '' && { 'content-type': `${isInWords ? 'text/plain' : 'application/json'}; charset=utf-8` }),
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
  return send
}

/**
 * Returns whether an answer has no body: a success of a CloudEvent. Its source may take any body for
 * an event in reply, and Knative counts a body that is none as a failure. A request that asks to
 * wait or for a dry run wants the body.
 */
const isBare = ({ headers, url = '' }: IncomingMessage, status: number): boolean => {
  const { 'ce-specversion': version, 'content-type': type = '' } = headers
  if (status >= 300 || (version === undefined && !/^application\/cloudevents/i.test(type))) return false
  const query = url.includes('?') ? queryIn(url) : noQuery
  return !query.has('wait') && !query.has('dryRun')
}

/** Returns whether a request has no body, or one so short that Node discards the rest of it. */
const isShort = (request: IncomingMessage): boolean => {
  if (isBodiless(request)) return true
  return request.headers.expect === undefined && Number(request.headers['content-length'] ?? Infinity) <= discardedBytes
}

/**
 * Returns whether a request has no body. A request has a body only if it has one of these two
 * headers (RFC 9112, section 6.3).
 */
const isBodiless = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] === undefined && (headers['content-length'] ?? '0') === '0'

/** Returns whether Node has joined the values of each header. It leaves `set-cookie` a list. */
const isJoined = (headers: IncomingHttpHeaders): headers is Record<string, string> =>
  headers['set-cookie'] === undefined

/** Joins the values of each header as Node does, also those of `set-cookie`, which no request should have. */
const joinedHeaders = (headers: IncomingHttpHeaders): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value].flat().join(', ')]))
