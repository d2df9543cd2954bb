import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { request } from 'node:http'
import { connect, Socket } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Clock } from '../../src/environment/environment.ts'
import { nodeClock } from '../../src/environment/node.ts'
import { serveOperations } from '../../src/operations/server.ts'
import { fakeClock } from '../support/clock.ts'
import { testEnvironment } from '../support/environment.ts'

/** How many connections the port has at most. */
const places = 64

const start = async (text = 'metric 1\n', clock: Clock = nodeClock): Promise<number> => {
  const metrics = { ...testEnvironment().metrics, text: () => Promise.resolve(text) }
  const server = await serveOperations({ metrics, clock }, [], { host: '127.0.0.1', port: 0 })
  onTestFinished(() => server.close())
  return server.port
}

/** Opens connections from one address that begin a request and do not end it. */
const hold = async (port: number, count: number, localAddress: string): Promise<readonly Socket[]> => {
  const sockets = Array.from({ length: count }, () => connect({ port, host: '127.0.0.1', localAddress }))
  onTestFinished(() => sockets.forEach(socket => void socket.destroy()))
  await Promise.all(
    sockets.map(async socket => {
      socket.on('error', () => undefined).resume()
      socket.write('GET /healthz HTTP/1.1\r\nX-Unfinished: ')
      await Promise.race([once(socket, 'connect'), once(socket, 'close')])
    }),
  )
  return sockets
}

/** Returns the servers' sides of all connections that are accepted from now on. */
const acceptedSockets = (): readonly Socket[] => {
  const accepted: Socket[] = []
  const keep = (message: unknown): void => {
    if (typeof message === 'object' && message && 'socket' in message && message.socket instanceof Socket)
      accepted.push(message.socket)
  }
  subscribe('net.server.socket', keep)
  onTestFinished(() => void unsubscribe('net.server.socket', keep))
  return accepted
}

/** Returns the status of a probe from an address of its own. */
const probe = (port: number): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const options = { port, host: '127.0.0.1', path: '/healthz', localAddress: '127.0.0.9', agent: false }
    const probing = request(options, answer => resolve(answer.resume().statusCode))
    probing.on('error', reject).end()
  })

describe('the connections of the second port', () => {
  it('are bounded, and the kubelet gets in while others hold all places', async () => {
    const port = await start()
    const held = await Promise.all(['127.0.0.2', '127.0.0.3', '127.0.0.4'].map(address => hold(port, places, address)))
    await expect
      .poll(() => held.flat().filter(socket => !socket.closed).length, { timeout: 4_500 })
      .toBeLessThanOrEqual(places)
    for (let times = 0; times < 5; times++) expect(await probe(port)).toBe(200)
  })

  it('end if a head is not there, or nothing of an answer is read', async () => {
    // More than the kernel buffers.
    const text = 'x'.repeat(16 * 1024 * 1024)
    const port = await start(text)
    const servers = acceptedSockets()
    const [unread, unfinished] = [connect(port, '127.0.0.1').pause(), (await hold(port, 1, '127.0.0.1'))[0]]
    onTestFinished(() => void unread.destroy())
    unread.on('error', () => undefined).write('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n')
    await expect.poll(() => unfinished?.closed, { timeout: 20_000 }).toBe(true)
    // A client that reads nothing does not see the end: the server's side shows it.
    await expect.poll(() => servers.find(({ remotePort }) => remotePort === unread.localPort)?.destroyed).toBe(true)
    unread.resume()
    await once(unread, 'close')
    expect(unread.bytesRead).toBeLessThan(text.length)
  }, 60_000)

  it('end if an answer is read too slowly', async () => {
    const clock = fakeClock()
    const text = 'x'.repeat(32 * 1024 * 1024)
    const slow = connect(await start(text, clock), '127.0.0.1')
    onTestFinished(() => void slow.destroy())
    const ended = once(slow, 'close')
    slow.on('error', () => undefined).write('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n')
    const readSome = async (): Promise<void> => {
      await once(slow, 'data')
      slow.pause()
    }
    await readSome()
    await clock.advance(9000)
    slow.resume()
    await readSome()
    expect(slow.closed).toBe(false)
    await clock.advance(1000)
    slow.resume()
    await ended
    expect(slow.bytesRead).toBeLessThan(text.length)
  })

  it('have no more requests than may wait, each', async () => {
    const socket = connect(await start(), '127.0.0.1')
    socket.on('error', () => undefined).resume()
    socket.write('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(1000))
    await once(socket, 'close')
    expect(socket.bytesRead).toBeLessThan(20_000)
  })

  it('answer a client that asks before it sends a body', async () => {
    const socket = connect(await start(), '127.0.0.1')
    onTestFinished(() => void socket.destroy())
    socket.write('POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n')
    expect(String(await once(socket, 'data'))).toMatch(/^HTTP\/1.1 405 /)
  })
})
