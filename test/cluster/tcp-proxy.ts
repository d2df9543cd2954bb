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
  /** The same, and from now on new connections are accepted, and nothing is let through on them either. */
  swallow(): void
  /** From now on, everything takes so much longer on its way, in both directions. */
  delay(ms: number): void
  /** The same on all present connections, and on no new ones. */
  lag(ms: number): void
}

/** Passes connections on to a port of loopback: to the one that `serverPort` gives when they are opened. */
export const tcpProxy = async (serverPort: number | (() => number)): Promise<TcpProxy> => {
  const portNow = typeof serverPort === 'number' ? () => serverPort : serverPort
  const pairs = new Set<readonly [Socket, Socket]>()
  const lags: ((ms: number) => void)[] = []
  let delayMs = 0
  let swallows = false
  const proxy = createServer({ allowHalfOpen: true }, client => {
    const server = connect({ port: portNow(), host: '127.0.0.1', allowHalfOpen: true })
    const pair = [client, server] as const
    pairs.add(pair)
    let lagMs = 0
    lags.push(ms => void (lagMs = ms))
    const ms = (): number => delayMs + lagMs
    if (!swallows) {
      client.pipe(delayed(ms)).pipe(server)
      server.pipe(delayed(ms)).pipe(client)
    }
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
  const silence = (): void => {
    for (const [client, server] of pairs) {
      client.unpipe().pause()
      server.unpipe().pause()
    }
  }
  return {
    port: address.port,
    cut,
    silence,
    swallow: () => {
      swallows = true
      silence()
    },
    delay: ms => void (delayMs = ms),
    lag: ms => {
      for (const lag of lags) lag(ms)
    },
  }
}

/** Passes everything on, in order, each piece so long after it came as `delayMs` then said. */
const delayed = (delayMs: () => number): Transform => {
  let passed = Promise.resolve()
  return new Transform({
    transform(chunk, _encoding, done) {
      // A connection that lags for longer than a test takes must not keep the process.
      const due = delayMs() === 0 ? undefined : sleep(delayMs(), undefined, { ref: false })
      passed = Promise.all([passed, due]).then(() => void this.push(chunk))
      done()
    },
    flush: flushed => void passed.then(() => flushed()),
  })
}
