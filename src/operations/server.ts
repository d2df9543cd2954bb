import { createServer, type ServerResponse } from 'node:http'
import { listen, type ListenAddress } from '../environment/listen.ts'
import type { Metrics } from '../environment/environment.ts'

/** How long a client may take to send its request, in milliseconds. */
const requestWithinMs = 5000

export interface OperationsServer {
  readonly port: number
  close(): void
}

/**
 * The second port, for the kubelet and Prometheus: /healthz answers while the process runs, /readyz while `ready` says
 * that posts can be served, /metrics all metrics. It never meets the internet and never sees a token.
 */
export const serveOperations = async (
  metrics: Metrics,
  ready: () => boolean,
  address: ListenAddress,
): Promise<OperationsServer> => {
  const server = createServer(
    { requestTimeout: requestWithinMs, headersTimeout: requestWithinMs },
    (request, response) => {
      request.resume()
      switch (request.method === 'GET' ? (request.url ?? '').replace(/\?.*/, '') : '') {
        case '/healthz':
          return say(response, 200, 'ok\n')
        case '/readyz':
          return ready() ? say(response, 200, 'ok\n') : say(response, 503, 'not ready\n')
        case '/metrics':
          metrics.text().then(
            text => say(response, 200, text, 'text/plain; version=0.0.4; charset=utf-8'),
            () => say(response, 500, 'the metrics could not be collected\n'),
          )
          return
        default:
          return say(response, 404, 'here are /healthz, /readyz and /metrics\n')
      }
    },
  )
  return {
    port: await listen(server, address),
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

const say = (response: ServerResponse, status: number, text: string, type = 'text/plain; charset=utf-8'): void => {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(text)
}
