import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { listen } from '../../src/environment/listen.ts'
import { boundConnections } from '../../src/environment/connections.ts'
import { limitsIn, maxReadAheadBytes } from '../../src/trigger/limits.ts'
import { fakeClock } from '../support/clock.ts'

const { connections: limits } = limitsIn()
const { maxPipelined } = limits

/** Sets up a server whose connections are bounded, and a client of it. `requests` counts those that Node has made objects of. */
const setUp = async (listener: RequestListener) => {
  const server = createServer({ highWaterMark: maxReadAheadBytes })
  boundConnections(server, fakeClock(), limits)
  server.on('request', listener)
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
    const { made, socket } = await setUp(() => undefined)
    socket.write(get('/x').repeat(1000))
    await once(socket, 'close')
    expect(made.requests).toBe(maxPipelined)
  })

  it('has none read after one that closed it', async () => {
    const { made, socket } = await setUp(({ socket }) => void socket.destroy())
    socket.write(get('/x').repeat(1000))
    await once(socket, 'close')
    expect(made.requests).toBe(1)
  })

  it.each([
    'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n',
    'CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n',
  ])('has all of its responses closed, also if the last request is %j', async last => {
    let closed = 0
    const { socket } = await setUp((_request, response) => void response.once('close', () => (closed += 1)))
    socket.write(get('/x').repeat(maxPipelined) + last)
    await once(socket, 'close')
    await expect.poll(() => closed).toBe(maxPipelined)
  })

  it.each([
    ['no Host', 'GET / HTTP/1.1\r\n\r\n'],
    ['an expectation that nobody meets', 'GET / HTTP/1.1\r\nHost: x\r\nExpect: x\r\n\r\n'],
  ])('has no more read where each is refused at once: they have %s', async (_what, request) => {
    const { made, socket } = await setUp(() => undefined)
    socket.resume().write(request.repeat(1000))
    await once(socket, 'close')
    expect(made.requests).toBeLessThanOrEqual(maxPipelined)
  })

  it.each([
    ['at once', 60_000],
    ['bit by bit', 1000],
  ])('has no more read after a long body that arrives %s', async (_how, bytes) => {
    const { made, socket } = await setUp(request => {
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
  it.each([
    ['answered', '', 200],
    ['refused for what they expect', 'Expect: x\r\n', 417],
  ])('has as many %s as it sends, in order', async (_how, more, status) => {
    const { socket } = await setUp(({ url }, response) => void response.end(`[${url}]`))
    let received = ''
    socket.setEncoding('latin1').on('data', (text: string) => (received += text))
    const answers = () => received.match(/HTTP\/1/g)?.length ?? 0
    for (let sent = 1; sent <= 5 * maxPipelined; sent++) {
      socket.write(`GET /${sent} HTTP/1.1\r\nHost: x\r\n${more}\r\n`)
      await expect.poll(answers, { interval: 1 }).toBe(sent)
      expect(received.slice(received.lastIndexOf('HTTP'))).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    }
  })

  it('brings a long body whole, however it is cut, and the request after it', async () => {
    const body = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251))
    const bodies: Buffer[] = []
    const { socket } = await setUp((request, response) => {
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
