import type { Environment } from '../environment/environment.ts'
import type { ListenAddress } from '../environment/listen.ts'
import { dashboard, type DashboardSettings } from './server/dashboard.ts'
import type { Served } from './server/origin-check.ts'
import { servePage } from './server/http.ts'
import { loadAssets } from './server/load-assets.ts'

export type { ConnectAs } from './server/sign-in.ts'

export interface ServeSettings extends Omit<DashboardSettings, 'assets' | 'served'> {
  readonly address: ListenAddress
  /** The address that people open, where that is not the one on which the server listens. */
  readonly url?: URL
}

export interface ServedDashboard {
  readonly port: number
  /** Makes a link that opens the page once, within five minutes; without a key where people sign in otherwise. */
  link(): string
  /** Ends all sessions, and stops. */
  close(): void
}

/** Serves the dashboard. Rejects when the port is taken. */
export const serveDashboard = async (
  world: Pick<Environment, 'clock' | 'log' | 'outbound' | 'random'>,
  { address, url, ...settings }: ServeSettings,
): Promise<ServedDashboard> => {
  let served: Served = { loopback: 'none' }
  const page = dashboard(world, { ...settings, assets: await loadAssets(), served: () => served })
  const server = await servePage(page.listener, world.clock, address)
  served = { loopback: loopbackOf(settings.signIn, server.port), ...(url === undefined ? {} : { url }) }
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

/** With a key the page is on this machine alone; a port-forward to a pod has whatever port it took; a proxy is never left out. */
const loopbackOf = (signIn: DashboardSettings['signIn'], port: number): Served['loopback'] => {
  switch (signIn) {
    case 'key':
      return port
    case 'token':
      return 'any'
    case 'header':
      return 'none'
  }
}
