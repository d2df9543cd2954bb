import { createSecureContext } from 'node:tls'
import { buildConnector } from 'undici'
import type { ServerAccess, Tls } from './access.ts'
import { reasonOf } from './exchange.ts'

/** How long a socket may take to connect, TLS included, in milliseconds. */
const connectTimeoutMs = 5_000

/**
 * How long a socket is silent before the kernel probes it, in milliseconds. This detects dead
 * peers.
 */
const keepAliveProbeMs = 30_000

/** What opens sockets to an API server. */
export interface Connectors {
  readonly http1: buildConnector.connector
  /** Offers HTTP/2 as well. */
  readonly http2: buildConnector.connector
}

/**
 * Returns what opens sockets to an API server. They share one TLS context, which takes half a millisecond to make, and later
 * sockets resume the sessions of earlier ones. Each new socket trusts the CA certificates of that moment. Others than before
 * make a new context, without sessions. Open sockets stay.
 */
export const connectorsFor = (access: ServerAccess): Connectors => {
  const given = access.tls ?? {}
  const isSecure = new URL(access.server).protocol === 'https:'
  let latest: { readonly ca: Tls['ca']; readonly connectors: Connectors } | undefined
  const trusting = (ca: Tls['ca']): Connectors => {
    if (latest === undefined || latest.ca !== ca) {
      const tls = tlsOptions(ca === undefined ? given : { ...given, ca })
      latest = { ca, connectors: build({ ...tls, ...(isSecure && { secureContext: createSecureContext(tls) }) }) }
    }
    return latest.connectors
  }
  const open =
    (protocol: keyof Connectors): buildConnector.connector =>
    (options, connected) => {
      const connect = (ca: Tls['ca']): void => {
        let connector: buildConnector.connector
        try {
          connector = trusting(ca)[protocol]
        } catch (error) {
          return connected(errorOf(error), null)
        }
        connector(options, connected)
      }
      if (access.ca) access.ca().then(connect, (error: unknown) => connected(errorOf(error), null))
      else connect(given.ca)
    }
  return { http1: open('http1'), http2: open('http2') }
}

const build = (tls: buildConnector.BuildOptions): Connectors => {
  const options = { ...tls, keepAliveInitialDelay: keepAliveProbeMs, timeout: connectTimeoutMs }
  return {
    http1: buildConnector({ ...options, allowH2: false }),
    http2: buildConnector({ ...options, allowH2: true }),
  }
}

const errorOf = (error: unknown): Error => (error instanceof Error ? error : new Error(reasonOf(error)))

const tlsOptions = ({ insecure, ...tls }: Tls): Omit<Tls, 'insecure'> & { readonly rejectUnauthorized?: boolean } =>
  insecure === true ? { ...tls, rejectUnauthorized: false } : tls
