import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import express, { type ErrorRequestHandler, type Express, type RequestHandler, type Response } from 'express'
import { listen, type ListenAddress } from '../environment/listen.ts'
import { wait } from '../environment/wait.ts'
import type { Clock, Log } from '../environment/environment.ts'
import { refusal, type TriggerAnswer } from './answer.ts'
import { TooLarge, TooMany, type Endpoint } from './endpoint.ts'
import {
  drainWithinMs,
  headWithinMs,
  idleConnectionMs,
  mostBodyBytes,
  mostConnections,
  mostHeadBytes,
  mostHeldBytes,
  requestWithinMs,
  slowClientCheckMs,
} from './limits.ts'

export interface TriggerServer {
  readonly port: number
  /** Takes no new connection, finishes what was accepted, and resolves when all is answered or its time has ended. */
  drain(): Promise<void>
}

/** Serves an endpoint on a port (0: any free one) until drained. */
export const serveTrigger = async (
  endpoint: Endpoint,
  clock: Clock,
  log: Log,
  address: ListenAddress,
): Promise<TriggerServer> => {
  let draining = false
  const server = createServer(
    {
      headersTimeout: headWithinMs,
      requestTimeout: requestWithinMs,
      connectionsCheckingInterval: slowClientCheckMs,
      keepAliveTimeout: idleConnectionMs,
      maxHeaderSize: mostHeadBytes,
    },
    onlyPaths(application(endpoint, log, () => !draining)),
  )
  server.maxConnections = mostConnections
  return {
    port: await listen(server, address),
    drain: async () => {
      draining = true
      const closed = new Promise<void>(resolve => server.close(() => resolve()))
      server.closeIdleConnections()
      await Promise.race([closed, wait(clock, drainWithinMs)])
      server.closeAllConnections()
    },
  }
}

/**
 * A request for anything but a path is none of ours, and is kept from Node's URL parser, which would print it, token and
 * all, in a warning. Express asks that parser only where there is a fragment, which no request has (RFC 9112, section 3.2).
 */
const onlyPaths =
  (app: Express): RequestListener =>
  (request, response) => {
    if (path.test(request.url ?? '')) app(request, response)
    else response.writeHead(404, { connection: 'close' }).end()
  }

const path = /^\/[^#]*$/

const application = (endpoint: Endpoint, log: Log, keepsAlive: () => boolean): Express => {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.enable('case sensitive routing')
  app.enable('strict routing')
  const send = sender(keepsAlive)
  app.all('/v1/trigger/:token', trigger(endpoint, heldBodies(), send))
  app.use((_request, response) => send(response, refusal(404, 'UnknownToken')))
  app.use(failed(log, send))
  return app
}

const trigger =
  (endpoint: Endpoint, bodies: Bodies, send: Send): RequestHandler<{ token: string }> =>
  async (request, response) => {
    const body = bodies.of(request)
    const answer = await endpoint({
      method: request.method,
      token: request.params.token,
      query: new URLSearchParams(request.url.split('?')[1] ?? ''),
      headers: flat(request.rawHeaders),
      body: () => (isBodiless(request) ? Promise.resolve(noBody) : body.read()),
    }).finally(body.release)
    // What was not read of a body would be taken for the next request.
    if (!request.complete) response.setHeader('connection', 'close')
    send(response, answer)
  }

const noBody = new Uint8Array()

/** RFC 9112, section 6.3: a request has a body only where one of these headers says so. */
const isBodiless = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] === undefined && (headers['content-length'] ?? '0') === '0'

type Send = (response: Response, answer: TriggerAnswer) => void

const sender =
  (keepsAlive: () => boolean): Send =>
  (response, answer) => {
    if (answer === 'no answer') {
      // The request's socket: a pipelined response has none of its own yet.
      response.req.socket.destroy()
      return
    }
    // Whoever has no hook is not worth a connection that stays open; and while draining there is no next request.
    if (answer.body.hook === undefined || !keepsAlive()) response.setHeader('connection', 'close')
    const text = JSON.stringify(answer.body)
    response
      .writeHead(answer.status, {
        'content-type': 'application/json; charset=utf-8',
        'content-length': Buffer.byteLength(text),
        'cache-control': 'no-store',
        ...answer.headers,
      })
      .end(text)
  }

/** The last resort. The URL holds a token, so it is neither logged nor echoed. */
const failed =
  (log: Log, send: Send): ErrorRequestHandler =>
  (error: unknown, _request, response: Response, _next) => {
    if (error instanceof URIError) return send(response, refusal(404, 'UnknownToken'))
    log.error({ error }, 'a post failed in a way it never should')
    // The step may have been written: closing is the only answer that cannot be untrue.
    response.req.socket.destroy()
  }

/** Of a header that was sent more than once all values, where Node would keep the first of some. */
const flat = (headers: IncomingMessage['rawHeaders']): Record<string, string> => {
  const flattened: Record<string, string> = {}
  for (let index = 0; index < headers.length; index += 2) {
    const [name, value] = [(headers[index] ?? '').toLowerCase(), headers[index + 1] ?? '']
    flattened[name] = Object.hasOwn(flattened, name) ? `${flattened[name]}, ${value}` : value
  }
  return flattened
}

/** The bodies of all posts. Each has its limit, and all together theirs. */
interface Bodies {
  of(request: IncomingMessage): Body
}

interface Body {
  /** Reads it, once. */
  readonly read: () => Promise<Uint8Array>
  /** The post is answered: until then what was read of its body stays in memory, and counts. */
  readonly release: () => void
}

const heldBodies = (): Bodies => {
  let held = 0
  return {
    of: request => {
      let size = 0
      let isReleased = false
      return {
        read: async () => {
          if (Number(request.headers['content-length'] ?? 0) > mostBodyBytes) throw new TooLarge()
          const chunks: Buffer[] = []
          for await (const chunk of request as AsyncIterable<Buffer>) {
            if (isReleased) throw new Error('the post was answered before its body had arrived')
            size += chunk.length
            held += chunk.length
            if (size > mostBodyBytes) throw new TooLarge()
            if (held > mostHeldBytes) throw new TooMany()
            chunks.push(chunk)
          }
          return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)
        },
        release: () => {
          isReleased = true
          held -= size
        },
      }
    },
  }
}
