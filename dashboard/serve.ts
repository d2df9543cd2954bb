/**
 * The dashboard: a page (`page/`, Preact) and its server (`server/`), which acts only with the
 * rights of the signed-in user. Both share `protocol.ts` and import nothing else of each other.
 */

import { createServer, type RequestListener } from 'node:http'
import { boundConnections } from '../src/environment/connections.ts'
import type { Clock, Environment } from '../src/environment/environment.ts'
import { listen, type ListenAddress } from '../src/environment/listen.ts'
import { loadAssets } from './server/assets.ts'
import type { DashboardSettings } from './server/context.ts'
import { createDashboard } from './server/dashboard.ts'
import type { ServedNames } from './server/origin-check.ts'
import { connections, ofRequest } from './server/limits.ts'

export type { ConnectAs } from './server/sign-in.ts'

export interface ServeSettings extends Omit<DashboardSettings, 'assets' | 'served'> {
  readonly address: ListenAddress
  /** The address that people open, if it differs from the one on which the server listens. */
  readonly url?: URL
}

export interface ServedDashboard {
  readonly port: number
  /**
   * Makes a link to the page. If people sign in with a key, the link has a key, which works once
   * and within five minutes.
   */
  link(): string
  /** Ends all sessions and stops. */
  close(): void
}

/** Serves the dashboard. Rejects if the port is in use. */
export const serveDashboard = async (
  world: Pick<Environment, 'clock' | 'log' | 'random'>,
  { address, url, ...settings }: ServeSettings,
): Promise<ServedDashboard> => {
  let served: ServedNames = { loopback: 'none' }
  const page = createDashboard(world, { ...settings, assets: await loadAssets(), served: () => served })
  const server = await servePage(page.listener, world.clock, address)
  // With a key, the page is local and has one port. With a token, the page may be behind a port-forward, which may
  // use any port. Behind a proxy no loopback name is accepted.
  const loopback = { key: server.port, token: 'any', header: 'none' } as const
  served = { loopback: loopback[settings.signIn], url }
  const base = url?.href ?? `http://127.0.0.1:${server.port}/`
  return {
    port: server.port,
    link: () => (settings.signIn === 'key' ? `${base}#key=${page.makeKey()}` : base),
    close: () => {
      page.close()
      server.close()
    },
  }
}

interface PageServer {
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
  const server = createServer({ ...ofRequest, connectionsCheckingInterval: 1_000 })
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
