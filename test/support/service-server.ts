import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'
import type { Outbound } from '../../src/environment/environment.ts'
import { nodeOutbound } from '../../src/environment/outbound.ts'
import { Unreachable } from '../../src/environment/unreachable.ts'

/** A request as a Service got it. */
export interface Heard {
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** How a Service answers a request. `count` is the number of requests before it. */
export type Answering = (response: ServerResponse, count: number, request: IncomingMessage) => void

/** Starts an HTTP server behind a Service, until the test ends. */
export const serviceServer = async (answer: Answering): Promise<{ readonly port: number; readonly heard: Heard[] }> => {
  const heard: Heard[] = []
  const server = createServer((request, response) => {
    void buffer(request).then(body => {
      heard.push({ url: request.url ?? '', headers: request.headers, body: body.toString('latin1') })
      answer(response, heard.length - 1, request)
    })
  }).listen(0, '127.0.0.1')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  await once(server, 'listening')
  const address: AddressInfo | string | null = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { port: address.port, heard }
}

/**
 * Returns the network of a cluster: `routes` has the port of a server of this machine for each
 * address of a Service, such as `10.96.0.7:8080`. It notes each address that was dialled. Nobody is
 * at any other address.
 */
export const network = (
  routes: ReadonlyMap<string, number>,
): { readonly outbound: Outbound; readonly dialled: string[] } => {
  const dialled: string[] = []
  return {
    dialled,
    outbound: request => {
      const { host } = new URL(request.url)
      dialled.push(host)
      const port = routes.get(host)
      if (port === undefined) return Promise.reject(new Unreachable(`${host}: nobody is there`, true))
      return nodeOutbound({ ...request, url: request.url.replace(host, `127.0.0.1:${port}`) })
    },
  }
}
