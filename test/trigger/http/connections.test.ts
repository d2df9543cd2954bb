import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { listen } from '../../../src/environment/listen.ts'
import { boundedConnections, type Connections } from '../../../src/trigger/http/connections.ts'
import { limitsIn, mostUnreadBytes } from '../../../src/trigger/limits.ts'
import { fakeClock } from '../../support/clock.ts'

const { connections: limits } = limitsIn()
const { mostPipelined } = limits

/** A server whose connections are bounded, and a client of it. `requests` counts those that Node has made objects of. */
const setUp = async (listenerOf: (connections: Connections) => RequestListener) => {
  const server = createServer({ highWaterMark: mostUnreadBytes })
  server.on('request', listenerOf(boundedConnections(server, fakeClock(), limits)))
  const made = { requests: 0 }
  const count = (message: unknown): void => {
    if (isOf(message, server)) made.requests += 1
  }
  subscribe('http.server.request.start', count)
  const socket = connect(await listen(server, { host: '127.0.0.1', port: 0 }), '127.0.0.1')
  onTestFinished(async () => {
    unsubscribe('http.server.request.start', count)
    socket.destroy()
    server.closeAllConnections()
    await new Promise(closed => server.close(closed))
  })
  await once(socket, 'connect')
  socket.on('error', () => undefined)
  return { made, socket }
}

const isOf = (message: unknown, server: object): boolean =>
  typeof message === 'object' && message !== null && 'server' in message && message.server === server

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`

const head = (length: number): string => `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n`

describe('a connection with many requests in one piece', () => {
  it('has none read beyond those that may wait, and is closed', async () => {
    const { made, socket } = await setUp(() => () => undefined)
    socket.write(get('/x').repeat(1000))
    await once(socket, 'close')
    expect(made.requests).toBe(mostPipelined)
  })

  it('has none read after one that closed it', async () => {
    const { made, socket } = await setUp(
      () =>
        ({ socket }) =>
          void socket.destroy(),
    )
    socket.write(get('/x').repeat(1000))
    await once(socket, 'close')
    expect(made.requests).toBe(1)
  })

  it.each([
    ['no Host', 'GET / HTTP/1.1\r\n\r\n'],
    ['an expectation that nobody meets', 'GET / HTTP/1.1\r\nHost: x\r\nExpect: x\r\n\r\n'],
  ])('has no more read where Node answers them by itself: they have %s', async (_what, request) => {
    const { made, socket } = await setUp(() => () => undefined)
    socket.resume().write(request.repeat(1000))
    await once(socket, 'close')
    expect(made.requests).toBeLessThanOrEqual(mostPipelined)
  })

  it.each([
    ['at once', 60_000],
    ['bit by bit', 1000],
  ])('has no more read after a long body that arrives %s', async (_how, bytes) => {
    const { made, socket } = await setUp(() => request => {
      if (request.method === 'POST') request.resume()
      else request.socket.destroy()
    })
    const closed = new Promise(resolve => socket.once('close', resolve))
    socket.setNoDelay()
    const body = Buffer.alloc(40_000, 'x')
    const sent = Buffer.concat([Buffer.from(head(body.length)), body])
    for (let at = 0; at < sent.length; at += bytes) {
      socket.write(sent.subarray(at, at + bytes))
      if (bytes < sent.length) await sleep(2)
    }
    socket.write(get('/x').repeat(1000))
    await closed
    expect(made.requests).toBe(2)
  })
})

describe('a connection that sends one request after the other', () => {
  it('has as many answered as it sends, in order', async () => {
    const { socket } = await setUp(connections => ({ url }, response) => {
      response.once('close', () => connections.answered(response.req.socket)).end(`[${url}]`)
    })
    let received = ''
    socket.setEncoding('latin1').on('data', (text: string) => (received += text))
    for (let index = 0; index < 5 * mostPipelined; index++) {
      socket.write(get(`/${index}`))
      await expect.poll(() => received, { interval: 1 }).toContain(`[/${index}]`)
    }
  })

  it('brings a long body whole, however it is cut, and the request after it', async () => {
    const body = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251))
    const bodies: Buffer[] = []
    const { socket } = await setUp(() => (request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.once('end', () => {
        bodies.push(Buffer.concat(chunks))
        response.end()
      })
    })
    const sent = Buffer.concat([Buffer.from(head(body.length)), body, Buffer.from(get('/after'))])
    for (let at = 0, size = 1; at < sent.length; at += size, size = (size * 7) % 50_021) {
      socket.write(sent.subarray(at, at + size))
      await sleep(1)
    }
    await expect.poll(() => bodies.length, { interval: 1 }).toBe(2)
    expect(bodies[0]?.equals(body)).toBe(true)
    expect(bodies[1]).toHaveLength(0)
  })
})
