import type { Server } from 'node:net'

/** The address of a server. Port 0 takes any free port. */
export interface ListenAddress {
  readonly host: string
  readonly port: number
  /** The flag for the port, such as `--trigger-port`. The error for a port in use names it. */
  readonly flag?: string
}

/** The host that stands for all addresses of IPv6 and IPv4. */
const everywhere = '::'
const everywhereOfIPv4 = '0.0.0.0'

/** Error codes of a system without IPv6: built without it, or started with `ipv6.disable=1`. */
const withoutIPv6: ReadonlySet<unknown> = new Set(['EAFNOSUPPORT', 'EADDRNOTAVAIL'])

/**
 * Starts a server and resolves with its port. `::` means all addresses, also on a system without
 * IPv6. Rejects with an error that says what to do.
 */
export const listen = async (server: Server, address: ListenAddress): Promise<number> => {
  try {
    return await listenAt(server, address).catch((error: unknown) => {
      if (address.host !== everywhere || !withoutIPv6.has(codeOf(error))) throw error
      return listenAt(server, { ...address, host: everywhereOfIPv4 })
    })
  } catch (error) {
    throw new Error(refusalOf(error, address), { cause: error })
  }
}

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined)

const listenAt = (server: Server, { host, port }: ListenAddress): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      const address = server.address()
      resolve(typeof address === 'object' && address ? address.port : port)
    })
  })

const refusalOf = (error: unknown, { flag, host, port }: ListenAddress): string => {
  const another = flag === undefined ? 'choose another port' : `choose another with ${flag} PORT (0 takes any free one)`
  switch (codeOf(error)) {
    case 'EADDRINUSE':
      return `another program uses port ${port} on ${host}: end that program, or ${another}`
    case 'EACCES':
      return `port ${port} on ${host} is reserved for the system: ${another}`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `${host} is not an address of this machine: use one that is, with --host ADDRESS`
    default:
      return `cannot listen on ${host}, port ${port}: ${error instanceof Error ? error.message : String(error)}`
  }
}
