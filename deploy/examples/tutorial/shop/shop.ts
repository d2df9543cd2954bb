import { createServer, type ServerResponse } from 'node:http'
import type { Metrics } from '../../../../src/environment/environment.ts'
import { listen, type ListenAddress } from '../../../../src/environment/listen.ts'

/** How long a client may take to send its request, in milliseconds. */
const requestWithinMs = 5000

export interface Shop {
  readonly port: number
  close(): void
}

/**
 * Serves a page and counts its visits as `web_requests_total`, so that Prometheus sees its load.
 * `/metrics` and `/healthz` share the port and are not counted.
 */
export const openShop = async (metrics: Metrics, name: string, address: ListenAddress): Promise<Shop> => {
  const visits = metrics.counter('web_requests_total', 'Visits to the page.', [])
  // Adds 0, because a counter that was never added to has no series. Prometheus could then compute
  // no rate.
  visits.add({}, 0)
  const server = createServer({ requestTimeout: requestWithinMs }, (request, response) => {
    request.resume()
    switch ((request.url ?? '').split('?')[0] ?? '') {
      case '/metrics':
        metrics.text().then(
          text => say(response, 200, text, 'text/plain; version=0.0.4; charset=utf-8'),
          () => say(response, 500, 'the metrics could not be collected\n'),
        )
        return
      case '/healthz':
        return say(response, 200, 'ok\n')
      case '/':
        visits.add({})
        return say(response, 200, `Welcome! ${name} serves you.\n`)
      default:
        return say(response, 404, 'here are /, /metrics and /healthz\n')
    }
  })
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
