import type { Server } from 'node:net'

/** Where a server listens; port 0 takes any free one. */
export interface ListenAddress {
  readonly host: string
  readonly port: number
}

/** Starts a server and resolves with its port. Rejects with what the system says, EADDRINUSE for one. */
export const listen = (server: Server, { host, port }: ListenAddress): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      const address = server.address()
      resolve(typeof address === 'object' && address ? address.port : port)
    })
  })
