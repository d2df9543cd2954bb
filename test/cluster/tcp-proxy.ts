import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** Stands between the product and the API server, where a network can fail. */
export interface TcpProxy {
  readonly port: number
  /** Cuts every connection. New ones are let through. */
  cut(): void
  /** Lets nothing more through on any present connection, and closes none of them. New ones are let through. */
  silence(): void
}

export const tcpProxy = async (serverPort: number): Promise<TcpProxy> => {
  const pairs = new Set<readonly [Socket, Socket]>()
  const proxy = createServer({ allowHalfOpen: true }, client => {
    const server = connect({ port: serverPort, host: '127.0.0.1', allowHalfOpen: true })
    const pair = [client, server] as const
    pairs.add(pair)
    client.pipe(server)
    server.pipe(client)
    for (const socket of pair) {
      socket.on('error', () => undefined)
      socket.on('close', () => {
        pairs.delete(pair)
        for (const other of pair) other.destroy()
      })
    }
  }).listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const cut = (): void => {
    for (const [client] of pairs) client.resetAndDestroy()
  }
  onTestFinished(() => {
    cut()
    proxy.close()
  })
  const address = proxy.address()
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port')
  return {
    port: address.port,
    cut,
    silence: () => {
      for (const [client, server] of pairs) {
        client.unpipe().pause()
        server.unpipe().pause()
      }
    },
  }
}
