/**
 * The second port of a process, for the kubelet and Prometheus: health, readiness with reasons, and
 * metrics. Each part of a role provides checks, which decide whether the process is ready. This
 * folder imports only `environment/`.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { ErrorRequestHandler, Response } from 'express'
import { boundConnections } from '../environment/connections.ts'
import type { Clock, Metrics } from '../environment/environment.ts'
import { listen, type ListenAddress } from '../environment/listen.ts'
import type { ConnectionLimits } from '../environment/places.ts'
import { webApp } from '../environment/web-app.ts'
import { verdictOf, type Check } from './checks.ts'

/** For how long the metrics are kept after they were rendered, in milliseconds, and in times of what that took. */
const keptMs = 1000
const keptTimes = 10

/**
 * Returns a function that returns the metrics as bytes. Scrapes share a rendering, or its
 * failure: while it runs, and then for a second or, if longer, for ten times as long as it took. So many scrapes
 * take at most a tenth of the thread, and no scrape has bytes of its own. `before` is called before each rendering.
 */
const sharedRendering = (
  { clock, metrics }: { readonly clock: Pick<Clock, 'monotonic'>; readonly metrics: Pick<Metrics, 'text'> },
  before: () => void,
): (() => Promise<Buffer>) => {
  let shared: Promise<Buffer> | undefined
  let keptUntil = 0
  const render = async (): Promise<Buffer> => {
    const began = clock.monotonic()
    keptUntil = Infinity
    try {
      before()
      return Buffer.from(await metrics.text())
    } finally {
      const ended = clock.monotonic()
      keptUntil = ended + Math.max(keptMs, keptTimes * (ended - began))
    }
  }
  return () => (shared = shared && clock.monotonic() < keptUntil ? shared : render())
}

/** How long a client may take to send its request, and how often Node checks for slow ones, in milliseconds. */
const requestWithinMs = 5000
const slowClientCheckMs = 500

/**
 * How long a client may read nothing of its answer, in milliseconds. Node notices it after twice
 * that time at most.
 */
const answerWithinMs = 5000

/**
 * How long a client may take to read an answer in all, in milliseconds. Prometheus waits no longer
 * by default. Each answer keeps the bytes of its rendering alive.
 */
const readWithinMs = 10_000

/**
 * The kubelet opens a connection for each probe, and each Prometheus keeps one. Any pod may connect
 * where no network policy applies, so few more have a place.
 */
const connections: ConnectionLimits = { most: 64, maxOfSource: 32, reserved: 8, few: 4, maxPipelined: 2 }

export interface OperationsServer {
  readonly port: number
  close(): void
}

/**
 * Serves the second port. `/healthz` passes while the process runs, `/readyz` while no check fails,
 * and `/metrics` has all metrics, at most some seconds old. `/readyz?verbose` lists each check, and so does a failing
 * `/readyz`. The port is not public, and its answers contain no token.
 */
export const serveOperations = async (
  { clock, metrics }: { readonly clock: Clock; readonly metrics: Metrics },
  checks: readonly Check[],
  address: ListenAddress,
): Promise<OperationsServer> => {
  const ready = metrics.gauge('receiverhooks_ready', '1 if the process is ready, as /readyz says, else 0.', [])
  const bytes = sharedRendering({ clock, metrics }, () => ready.set({}, verdictOf(checks).passed ? 1 : 0))
  const app = webApp()
  app.get('/healthz', (_request, response) => say(response, 200, 'ok\n'))
  app.get('/readyz', ({ query }, response) => {
    const { passed, report } = verdictOf(checks)
    say(response, passed ? 200 : 503, passed && query['verbose'] === undefined ? 'ok\n' : report)
  })
  app.get('/metrics', async (_request, response) => {
    say(response, 200, await bytes(), 'text/plain; version=0.0.4')
  })
  app.all(['/healthz', '/readyz', '/metrics'], (_request, response) => {
    response.set('allow', 'GET, HEAD')
    say(response, 405, 'only GET works here\n')
  })
  app.use((_request, response) => say(response, 404, 'try /healthz, /readyz or /metrics\n'))
  app.use(failed)
  const server = createServer({
    requestTimeout: requestWithinMs,
    headersTimeout: requestWithinMs,
    connectionsCheckingInterval: slowClientCheckMs,
  })
  // Otherwise clients that read no answer could hold all places, and the kubelet would end the process.
  server.timeout = answerWithinMs
  boundConnections(server, clock, connections)
  const bounded = (request: IncomingMessage, response: ServerResponse): void => {
    endAfter(clock, readWithinMs, request.socket, response)
    app(request, response)
  }
  server.on('request', bounded).on('checkContinue', bounded)
  return {
    port: await listen(server, address),
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** Closes a connection if an answer is not written within a time. */
const endAfter = (clock: Clock, ms: number, socket: Socket, response: ServerResponse): void => {
  const cancel = clock.after(ms, () => socket.destroy())
  // An answer that waits for another one of its connection does not close with it.
  socket.once('close', cancel)
  response.once('close', () => {
    socket.off('close', cancel)
    cancel()
  })
}

/** Answers an error. Only /metrics can fail, if a collector throws. */
const failed: ErrorRequestHandler = (_error, _request, response, _next) =>
  say(response, 500, "can't collect the metrics\n")

const say = (response: Response, status: number, text: string | Buffer, type = 'text/plain'): void => {
  response.status(status).type(type).set('cache-control', 'no-store').send(text)
}
