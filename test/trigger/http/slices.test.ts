import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { listen } from '../../../src/environment/listen.ts'
import { readInSlices } from '../../../src/trigger/http/slices.ts'
import { mostUnreadBytes, sliceBytes } from '../../../src/trigger/limits.ts'

/** A server whose connections are read in slices, and a client of it. */
const setUp = async (listener: RequestListener) => {
  const server = createServer({ highWaterMark: mostUnreadBytes }, listener)
  readInSlices(server)
  const socket = connect(await listen(server, { host: '127.0.0.1', port: 0 }), '127.0.0.1')
  onTestFinished(async () => {
    socket.destroy()
    server.closeAllConnections()
    await new Promise(closed => server.close(closed))
  })
  await once(socket, 'connect')
  socket.on('error', () => undefined)
  return socket
}

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`

const head = (length: number): string => `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n`

describe('a connection that is read in slices', () => {
  it('has no further requests read once it is refused, however many have arrived', async () => {
    let requests = 0
    const socket = await setUp(request => {
      requests += 1
      request.socket.destroy()
    })
    socket.write(get('/x').repeat(1000))
    await once(socket, 'close')
    expect(requests).toBeGreaterThan(0)
    expect(requests).toBeLessThanOrEqual(Math.ceil(sliceBytes / get('/x').length))
  })

  it('is answered in order also when the answers are not taken for a while, and its reading was stopped', async () => {
    const paths = Array.from({ length: 600 }, (_, index) => `/${index}`)
    const answer = (path: string): string => `[${path}]${'.'.repeat(20_000)}`
    let requests = 0
    const socket = await setUp(({ url = '' }, response) => {
      requests += 1
      response.end(answer(url))
    })
    socket.pause()
    socket.write(paths.map(get).join(''))
    await sleep(200)
    expect(requests).toBeLessThan(paths.length)
    let received = ''
    socket
      .setEncoding('latin1')
      .on('data', (text: string) => (received += text))
      .resume()
    await expect.poll(() => received.match(/\[/g)?.length, { timeout: 10_000 }).toBe(paths.length)
    expect([...received.matchAll(/\[(.*?)\]/g)].map(([, path]) => path)).toEqual(paths)
  })

  it('brings a long body whole, however it is cut, and the request after it', async () => {
    const body = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251))
    const bodies: Buffer[] = []
    const socket = await setUp((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.once('end', () => {
        bodies.push(Buffer.concat(chunks))
        response.end()
      })
    })
    const sent = Buffer.concat([
      Buffer.from(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n`),
      body,
      Buffer.from(get('/after')),
    ])
    for (let at = 0, size = 1; at < sent.length; at += size, size = (size * 7) % 50_021) {
      socket.write(sent.subarray(at, at + size))
      await sleep(1)
    }
    await expect.poll(() => bodies.length).toBe(2)
    expect(bodies[0]?.equals(body)).toBe(true)
    expect(bodies[1]).toHaveLength(0)
  })

  it('has a long body read as it arrives', async () => {
    const sizes: number[] = []
    const socket = await setUp((request, response) => {
      request.on('data', (chunk: Buffer) => sizes.push(chunk.length))
      request.once('end', () => response.end())
    })
    const body = Buffer.alloc(1_000_000, 'x')
    socket.write(Buffer.concat([Buffer.from(head(body.length)), body]))
    await once(socket, 'data')
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(body.length)
    expect(Math.max(...sizes)).toBeGreaterThan(sliceBytes)
    expect(sizes.length).toBeLessThan(body.length / sliceBytes / 2)
  })

  it.each([
    ['at once', 60_000],
    ['bit by bit', 1000],
  ])('has no more than two slices of requests read after a long body that arrives %s', async (_how, bytes) => {
    let requests = 0
    const socket = await setUp(request => {
      if (request.method === 'POST') return void request.resume()
      requests += 1
      request.socket.destroy()
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
    expect(requests).toBeGreaterThan(0)
    expect(requests).toBeLessThanOrEqual(Math.ceil((2 * sliceBytes) / get('/x').length))
  })
})
