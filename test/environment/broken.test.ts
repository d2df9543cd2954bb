import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { connect } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { listen } from '../../src/environment/listen.ts'
import { boundConnections } from '../../src/environment/connections.ts'
import { heldBodies } from '../../src/trigger/http/held-bodies.ts'
import { limitsIn } from '../../src/trigger/limits.ts'
import { fakeClock } from '../support/clock.ts'

/** Sends bytes to a server with such a listener, and resolves with what comes back until the connection ends. */
const exchange = async (listener: RequestListener, sent: string): Promise<string> => {
  const server = createServer()
  boundConnections(server, fakeClock(), limitsIn().connections)
  server.on('request', listener)
  const socket = connect(await listen(server, { host: '127.0.0.1', port: 0 }), '127.0.0.1')
  onTestFinished(async () => {
    socket.destroy()
    server.closeAllConnections()
    await new Promise(closed => server.close(closed))
  })
  let received = ''
  socket.setEncoding('latin1').on('data', (text: string) => void (received += text))
  socket.on('error', () => undefined)
  socket.write(sent)
  await once(socket, 'close')
  return received
}

const statusesIn = (text: string): string[] => [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status = '']) => status)

const post = (path: string): string => `POST ${path} HTTP/1.1\r\nHost: x\r\n\r\n`

/** Answers when all requests and what follows them have been read. */
const late: RequestListener = ({ url }, response) => void setImmediate(() => response.end(`[${url}]`))

describe('a connection that sends what is no HTTP', () => {
  it.each([1, 4])('keeps the answers to the %d requests before it, and has none of its own', async count => {
    const paths = Array.from({ length: count }, (_, index) => `/${index}`)
    const received = await exchange(late, `${paths.map(post).join('')}\x01malformed\r\n\r\n`)
    expect(statusesIn(received)).toEqual(paths.map(() => '200'))
    for (const path of paths) expect(received).toContain(`[${path}]`)
  })

  it('keeps the answer before it where a later head is too large', async () => {
    const received = await exchange(late, `${post('/1')}POST /2 HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`)
    expect(statusesIn(received)).toEqual(['200'])
  })

  it('has 400 for an answer where nothing waits for one', async () => {
    expect(statusesIn(await exchange(late, '\x01malformed\r\n\r\n'))).toEqual(['400'])
  })

  it('never has a body that it cuts short taken for a whole one', async () => {
    const bodies = heldBodies(1000)
    const read: string[] = []
    const received = await exchange((request, response) => {
      const body = bodies.of(request, () => undefined)
      body.read({ uid: 'uid-1', namespace: 'shop' }).then(
        bytes => response.end(String(bytes.length)),
        (error: unknown) => {
          read.push(String(error))
          response.writeHead(400).end()
        },
      )
    }, 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\nZ\r\n')
    expect(read).toEqual(["Error: the body was cut short by bytes that don't belong to it"])
    expect(statusesIn(received)).toEqual(['400'])
  })
})
