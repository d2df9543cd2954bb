import { createServer, type RequestListener } from 'node:http'
import { boundConnections } from '../../environment/connections.ts'
import type { Clock } from '../../environment/environment.ts'
import { listen, type ListenAddress } from '../../environment/listen.ts'
import { connections, headWithinMs, maxUnreadBodyBytes, maxHeaderBytes, requestWithinMs } from './limits.ts'

export interface PageServer {
  readonly port: number
  /** Ends all streams and connections. */
  close(): void
}

/** Listens, within the limits of connections and heads. Rejects when the port is taken. */
export const servePage = async (
  listener: RequestListener,
  clock: Pick<Clock, 'monotonic'>,
  address: ListenAddress,
): Promise<PageServer> => {
  const server = createServer({
    maxHeaderSize: maxHeaderBytes,
    headersTimeout: headWithinMs,
    requestTimeout: requestWithinMs,
    connectionsCheckingInterval: 1_000,
    keepAliveTimeout: 60_000,
    highWaterMark: maxUnreadBodyBytes,
  })
  boundConnections(server, clock, connections)
  // A client that asks before it sends a body is told to go on when that is first read.
  server.on('request', listener).on('checkContinue', listener)
  return {
    port: await listen(server, address),
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}
