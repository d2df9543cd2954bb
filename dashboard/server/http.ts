import { createServer, type RequestListener } from 'node:http'
import { boundConnections } from '../../src/environment/connections.ts'
import type { Clock } from '../../src/environment/environment.ts'
import { listen, type ListenAddress } from '../../src/environment/listen.ts'
import {
  connections,
  headTimeoutMs,
  keptConnectionMs,
  maxUnreadBodyBytes,
  maxHeaderBytes,
  requestTimeoutMs,
} from './limits.ts'

export interface PageServer {
  readonly port: number
  /** Ends all streams and connections. */
  close(): void
}

/**
 * Serves the page within the limits for connections and request heads. Rejects if the port is in
 * use.
 */
export const servePage = async (
  listener: RequestListener,
  clock: Pick<Clock, 'monotonic'>,
  address: ListenAddress,
): Promise<PageServer> => {
  const server = createServer({
    maxHeaderSize: maxHeaderBytes,
    headersTimeout: headTimeoutMs,
    requestTimeout: requestTimeoutMs,
    connectionsCheckingInterval: 1_000,
    keepAliveTimeout: keptConnectionMs,
    highWaterMark: maxUnreadBodyBytes,
  })
  boundConnections(server, clock, connections)
  // A client may wait for 100 Continue before it sends its body. It gets that answer when the body
  // is read.
  server.on('request', listener).on('checkContinue', listener)
  return {
    port: await listen(server, address),
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}
