/** Provides sockets for real; system.ts provides the clock and randomness. */
import { buildConnector, Client, Pool } from 'undici'
import type { Access, Tls } from './access.ts'
import type { ApiConnection, Lane } from './environment.ts'
import { exchange, type Upstream } from './exchange.ts'
import { LargeAnswers } from './large-answers.ts'
import { watchOver, type WatchConnection } from './watch-over.ts'

export { nodeClock, nodeRandom } from './system.ts'

/** The header of a client that shows a certificate, or no identity: none. */
const noAuthorization = Promise.resolve(undefined)

/** A connection that can be closed. Requests in progress then fail with Unreachable. */
export interface NodeConnection extends ApiConnection {
  close(): Promise<void>
}

/** The most sockets of each lane. Beyond it requests wait, unsent. Every watch has one of its own. */
const socketsOfLane: Readonly<Record<Exclude<Lane, 'watch'>, number>> = {
  step: 64,
  act: 16,
  look: 4,
  lookup: 8,
  bulk: 16,
  lease: 2,
}

/** How long a socket may take to connect, TLS included, in milliseconds. */
const connectTimeoutMs = 5_000

/** How long an unused socket is kept: below the 90 s of the API server and the 60 s of load balancers. */
const keepAliveTimeoutMs = 30_000

/** How often the kernel probes a silent socket, so that a dead peer is noticed, in milliseconds. */
const keepAliveProbeMs = 30_000

/** The caller's time-out covers the whole request; undici's own would only cut watches that are in order. */
const patient = { headersTimeout: 0, bodyTimeout: 0 }

/**
 * Connects to an API server: over HTTP/1.1, and for watches over HTTP/2, where the server speaks that. Sockets are opened
 * when they are needed, so this cannot fail. All connections of a process share `large`.
 */
export const connect = (access: Access, large = new LargeAnswers()): NodeConnection => {
  const server = new URL(access.server)
  const tls = { ...tlsOptions(access.tls ?? {}), keepAliveInitialDelay: keepAliveProbeMs }
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
          connectTimeout: connectTimeoutMs,
          keepAliveTimeout: keepAliveTimeoutMs,
          connect: tls,
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
    const connector = buildConnector({ ...tls, allowH2: true, timeout: connectTimeoutMs })
    let isShared = false
    const client = new Client(server.origin, {
      ...patient,
      connect: (options, connected) =>
        connector(options, (error, socket) => {
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

/** The sockets of a lane. */
interface SocketLane {
  readonly upstream: () => Upstream
  readonly close: () => Promise<void>
}

/**
 * Keeps the sockets of a lane, and opens new ones when a request that was sent gets no answer in
 * time. A load balancer may have left a broken API server long ago, and still keep connections to it
 * open. Requests in progress on the previous sockets continue.
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

const tlsOptions = ({ insecure, ...tls }: Tls): Omit<Tls, 'insecure'> & { readonly rejectUnauthorized?: boolean } =>
  insecure === true ? { ...tls, rejectUnauthorized: false } : tls
