import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { connections } from '../../../dashboard/server/limits.ts'
import { pageHost, startServed } from './served.ts'

/** Opens connections from one address, and resolves with those that stay. */
const open = async (port: number, count: number, from: string): Promise<readonly Socket[]> => {
  const sockets = Array.from({ length: count }, () => connect({ port, host: '127.0.0.1', localAddress: from }))
  onTestFinished(() => sockets.forEach(socket => void socket.destroy()))
  await Promise.all(
    sockets.map(async socket => {
      socket.on('error', () => undefined)
      socket.write('GET / HTTP/1.1\r\nX-Unfinished: ')
      await Promise.race([once(socket, 'connect'), once(socket, 'close')])
    }),
  )
  return sockets
}

describe('the connections of the dashboard', () => {
  it('are bounded for one address, and another gets in', async () => {
    const { port, send } = await startServed()
    const sockets = await open(port, connections.maxOfSource + 20, '127.0.0.2')
    await expect.poll(() => sockets.filter(socket => socket.closed).length).toBeGreaterThanOrEqual(20)
    expect((await send('GET', '/', { from: '127.0.0.3' })).status).toBe(200)
  })

  it('are kept longer than load balancers keep them, which so close them first', async () => {
    const { port } = await startServed()
    const answer = await fetch(`http://127.0.0.1:${port}/`)
    expect(answer.headers.get('keep-alive')).toBe('timeout=75')
  })

  it('have no more requests than may wait, each', async () => {
    const { port } = await startServed()
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => undefined).resume()
    socket.write(`GET / HTTP/1.1\r\nHost: ${pageHost}\r\n\r\n`.repeat(1000))
    await once(socket, 'close')
    // What is answered before it is closed is no more than those.
    expect(socket.bytesRead).toBeLessThan(20_000)
  })
})

describe('a client that asks before it sends a body', () => {
  const ask = async (path: string, more = '') => {
    const { port } = await startServed()
    const socket = connect(port, '127.0.0.1')
    onTestFinished(() => void socket.destroy())
    let received = ''
    socket.setEncoding('latin1').on('data', (text: string) => (received += text))
    const head = [
      `POST ${path} HTTP/1.1`,
      `Host: ${pageHost}`,
      `Origin: http://${pageHost}`,
      'Content-Type: application/json',
      'Expect: 100-continue',
    ]
    const body = JSON.stringify({ token: 'good-alice' })
    socket.write(`${[...head, more || `Content-Length: ${body.length}`].join('\r\n')}\r\n\r\n`)
    await expect.poll(() => received).toContain('HTTP/1.1')
    return { socket, body, received: () => received }
  }

  it('is asked for it where it is wanted', async () => {
    const { body, received, socket } = await ask('/api/session')
    expect(received()).toBe('HTTP/1.1 100 Continue\r\n\r\n')
    socket.write(body)
    await expect.poll(received).toContain('HTTP/1.1 200 OK')
  })

  it.each([
    ['it is too long', '/api/session', 'Content-Length: 10000', 413],
    ['nobody is signed in', '/api/hooks', 'Content-Length: 10', 401],
  ])('is refused at once where %s', async (_why, path, more, status) => {
    const { received } = await ask(path, more)
    expect(received()).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
  })
})
