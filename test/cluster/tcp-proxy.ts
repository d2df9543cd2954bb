import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { Transform } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { onTestFinished } from 'vitest'

/** Stands between two programs, where a network can fail. */
export interface TcpProxy {
  readonly port: number
  /** Cuts every connection. New ones are let through. */
  cut(): void
  /** Lets nothing more through on any present connection, and closes none of them. New ones are let through. */
  silence(): void
  /** From now on, everything takes so much longer on its way, in both directions. */
  delay(ms: number): void
}

export const tcpProxy = async (serverPort: number): Promise<TcpProxy> => {
  const pairs = new Set<readonly [Socket, Socket]>()
  let delayMs = 0
  const proxy = createServer({ allowHalfOpen: true }, client => {
    const server = connect({ port: serverPort, host: '127.0.0.1', allowHalfOpen: true })
    const pair = [client, server] as const
    pairs.add(pair)
    client.pipe(delayed(() => delayMs)).pipe(server)
    server.pipe(delayed(() => delayMs)).pipe(client)
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
    delay: ms => void (delayMs = ms),
  }
}

/** Passes everything on, in order, each piece so long after it came as `delayMs` then said. */
const delayed = (delayMs: () => number): Transform => {
  let passed = Promise.resolve()
  return new Transform({
    transform(chunk, _encoding, done) {
      const due = delayMs() === 0 ? undefined : sleep(delayMs())
      passed = Promise.all([passed, due]).then(() => void this.push(chunk))
      done()
    },
    flush: flushed => void passed.then(() => flushed()),
  })
}
