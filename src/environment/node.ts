/** This file implements the network. system.ts implements clock and randomness. */
import { Client, Pool } from 'undici'
import type { ServerAccess } from './access.ts'
import { connectorsFor } from './connectors.ts'
import type { ApiConnection, Lane } from './environment.ts'
import { exchange, type Upstream } from './exchange.ts'
import { LargeAnswers } from './large-answers.ts'
import { watchOver, type WatchConnection } from './watch-over.ts'

export { nodeClock, nodeRandom } from './system.ts'

/** The value of the header Authorization for a client without a token: none. */
const noAuthorization = Promise.resolve(undefined)

/** A connection that can be closed. After that, its requests fail with Unreachable. */
export interface NodeConnection extends ApiConnection {
  close(): Promise<void>
}

/** The number of sockets in each lane. Further requests wait, unsent. Each watch has a socket of its own. */
const socketsOfLane: Readonly<Record<Exclude<Lane, 'watch'>, number>> = {
  step: 64,
  act: 16,
  look: 4,
  lookup: 8,
  bulk: 16,
  lease: 2,
}

/**
 * How long an unused socket is kept, in milliseconds. The API server closes it after 90 s, load
 * balancers after 60 s.
 */
const keepAliveTimeoutMs = 30_000

/** The caller's timeout covers the whole request. The timeouts of undici would only cut working watches. */
const patient = { headersTimeout: 0, bodyTimeout: 0 }

/**
 * Connects to an API server over HTTP/1.1. Watches use HTTP/2 if the server supports it. Sockets
 * open when needed, so this cannot fail. All connections of a process share `large`.
 */
export const connect = (access: ServerAccess, large = new LargeAnswers()): NodeConnection => {
  const server = new URL(access.server)
  const connectors = connectorsFor(access)
  const common = {
    prefix: server.pathname.replace(/\/+$/, ''),
    authorization: () => access.authorization?.() ?? noAuthorization,
    large,
  }
  const lane = (connections: number): SocketLane =>
    socketLane(
      () =>
        new Pool(server.origin, {
          ...patient,
          connections,
          allowH2: false,
          keepAliveTimeout: keepAliveTimeoutMs,
          connect: connectors.http1,
        }),
      common,
    )
  const lanes: Readonly<Record<keyof typeof socketsOfLane, SocketLane>> = {
    step: lane(socketsOfLane.step),
    act: lane(socketsOfLane.act),
    look: lane(socketsOfLane.look),
    lookup: lane(socketsOfLane.lookup),
    bulk: lane(socketsOfLane.bulk),
    lease: lane(socketsOfLane.lease),
  }
  const watches = new Set<WatchConnection>()

  const connectWatch = (): WatchConnection => {
    let isShared = false
    const client = new Client(server.origin, {
      ...patient,
      connect: (options, connected) =>
        connectors.http2(options, (error, socket) => {
          if (error) return connected(error, null)
          isShared = 'alpnProtocol' in socket && socket.alpnProtocol === 'h2'
          connected(null, socket)
        }),
    })
    const connection: WatchConnection = {
      upstream: { ...common, dispatcher: client },
      isShared: () => isShared,
      close: () => {
        watches.delete(connection)
        void client.destroy()
      },
    }
    watches.add(connection)
    return connection
  }

  return {
    request: request => exchange(lanes[request.lane === 'watch' ? 'bulk' : request.lane].upstream(), request),
    watch: (request, stop) => watchOver(connectWatch(), request, stop),
    close: async () => {
      for (const watch of watches) watch.close()
      await Promise.all(Object.values(lanes).map(({ close }) => close()))
    },
  }
}

interface SocketLane {
  readonly upstream: () => Upstream
  readonly close: () => Promise<void>
}

/**
 * Keeps the sockets of a lane. It opens new ones if a sent request gets no answer in time: a load
 * balancer keeps old connections to a broken API server open. Requests in progress stay on their
 * sockets.
 */
const socketLane = (open: () => Pool, common: Pick<Upstream, 'prefix' | 'authorization' | 'large'>): SocketLane => {
  const pools = new Set<Pool>()
  const renewed = (): Upstream => {
    const pool = open()
    pools.add(pool)
    return {
      ...common,
      dispatcher: pool,
      unanswered: () => {
        if (upstream.dispatcher !== pool) return
        upstream = renewed()
        pool.close().then(
          () => pools.delete(pool),
          () => pools.delete(pool),
        )
      },
    }
  }
  let upstream = renewed()
  return {
    upstream: () => upstream,
    close: async () => {
      await Promise.all([...pools].map(pool => pool.destroy()))
    },
  }
}
