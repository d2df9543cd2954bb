import { createServer, type ServerResponse } from 'node:http'
import { listen, type ListenAddress } from '../environment/listen.ts'
import type { Metrics } from '../environment/environment.ts'
import { verdictOf, type Check } from './checks.ts'

/** How long a client may take to send its request, in milliseconds. */
const requestWithinMs = 5000

export interface OperationsServer {
  readonly port: number
  close(): void
}

/**
 * The second port, for the kubelet and Prometheus: /healthz answers while the process runs, /readyz while no check fails,
 * /metrics all metrics. `/readyz?verbose` names each check; so does /readyz when one fails, as a kube-apiserver's does.
 * The port never meets the internet and never sees a token.
 */
export const serveOperations = async (
  metrics: Metrics,
  checks: readonly Check[],
  address: ListenAddress,
): Promise<OperationsServer> => {
  const server = createServer(
    { requestTimeout: requestWithinMs, headersTimeout: requestWithinMs },
    (request, response) => {
      request.resume()
      const [path = '', query = ''] = (request.method === 'GET' ? (request.url ?? '') : '').split('?', 2)
      switch (path) {
        case '/healthz':
          return say(response, 200, 'ok\n')
        case '/readyz':
          return readyz(response, checks, new URLSearchParams(query).has('verbose'))
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

const readyz = (response: ServerResponse, checks: readonly Check[], verbose: boolean): void => {
  const { passed, report } = verdictOf(checks)
  say(response, passed ? 200 : 503, passed && !verbose ? 'ok\n' : report)
}

const say = (response: ServerResponse, status: number, text: string, type = 'text/plain; charset=utf-8'): void => {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(text)
}
