import { createSecureContext } from 'node:tls'
import { buildConnector } from 'undici'
import type { ServerAccess, Tls } from './access.ts'
import { reasonOf } from './exchange.ts'

/** How long a socket may take to connect, TLS included, in milliseconds. */
const connectTimeoutMs = 5_000

/** How long a socket is silent before the kernel probes it, in milliseconds. This detects dead peers. */
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
  let latest: { readonly ca: Tls['ca']; readonly connectors: Connectors } | undefined
  const newest = async (): Promise<Connectors> => {
    const ca = access.ca ? await access.ca() : access.tls?.ca
    if (!latest || latest.ca !== ca) {
      latest = { ca, connectors: connectorsTo(access.server, { ...access.tls, ca }) }
    }
    return latest.connectors
  }
  const open =
    (protocol: keyof Connectors): buildConnector.connector =>
    (options, connected) => {
      newest()
        .then(connectors => connectors[protocol](options, connected))
        .catch((error: unknown) => connected(errorOf(error), null))
    }
  return { http1: open('http1'), http2: open('http2') }
}

const connectorsTo = (server: string, { insecure, ...given }: Tls): Connectors => {
  const tls = insecure === true ? { ...given, rejectUnauthorized: false } : given
  const options = {
    ...tls,
    ...(new URL(server).protocol === 'https:' && { secureContext: createSecureContext(tls) }),
    keepAliveInitialDelay: keepAliveProbeMs,
    timeout: connectTimeoutMs,
  }
  return {
    http1: buildConnector({ ...options, allowH2: false }),
    http2: buildConnector({ ...options, allowH2: true }),
  }
}

const errorOf = (error: unknown): Error => (error instanceof Error ? error : new Error(reasonOf(error)))
