import { once } from 'node:events'
import { connect, createServer, type Server } from 'node:net'
import { networkInterfaces } from 'node:os'
import { describe, expect, it, onTestFinished } from 'vitest'
import { listen } from '../../src/environment/listen.ts'

const anyPort = { host: '::', port: 0 }

/** `127.0.0.1`, and `::1` where there is IPv6. */
const loopback = Object.values(networkInterfaces()).flatMap((addresses = []) =>
  addresses.filter(({ internal }) => internal).map(({ address }) => address),
)

/** Returns a server on a kernel without IPv6. */
const withoutIPv6 = (code: string): Server => {
  const server = createServer()
  const real = server.listen.bind(server)
  return Object.assign(server, {
    listen: (port: number, host: string, listening: () => void) =>
      host.includes(':')
        ? process.nextTick(() => server.emit('error', Object.assign(new Error(code), { code })))
        : real(port, host, listening),
  })
}

const reached = async (port: number, host: string): Promise<string | undefined> => {
  const socket = connect(port, host)
  await once(socket, 'connect')
  const { remoteAddress } = socket
  socket.destroy()
  return remoteAddress
}

describe('a server that listens everywhere', () => {
  it.each(loopback)('is reached at %s', async host => {
    const server = createServer()
    onTestFinished(() => void server.close())
    expect(await reached(await listen(server, anyPort), host)).toBe(host)
  })

  it.each(['EAFNOSUPPORT', 'EADDRNOTAVAIL'])('has the addresses of IPv4 where the system says %s', async code => {
    const server = withoutIPv6(code)
    onTestFinished(() => void server.close())
    expect(await reached(await listen(server, anyPort), '127.0.0.1')).toBe('127.0.0.1')
  })

  it('says what the system says of anything else', async () => {
    await expect(listen(withoutIPv6('EADDRINUSE'), anyPort)).rejects.toThrow('another program uses port')
    await expect(listen(withoutIPv6('EAFNOSUPPORT'), { host: '::1', port: 0 })).rejects.toThrow('cannot listen on ::1')
  })
})
