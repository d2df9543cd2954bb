import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import { sliceBytes } from '../limits.ts'

/** What is known of a connection: how much of the body that it sends is still to come, in bytes. */
interface Sending {
  left: number
}

/**
 * Has the requests of each connection read a few at a time. Node reads 64 KiB at once, makes objects of all requests in them,
 * and keeps those until the socket is closed, however early that was destroyed: of a thousand connections with 130 requests
 * each, 300 MiB. So the parser gets slices, and none once the connection is refused. What belongs to a body whose length its head
 * tells is no request: that is not cut.
 */
export const readInSlices = (server: Server): void => {
  const known = new WeakMap<Socket, Sending>()
  const arrived = ({ headers, socket }: IncomingMessage): void => {
    const length = Number(headers['content-length'] ?? 0)
    const sending = known.get(socket)
    // What of it is in the slice of its head counts as to come: there is never more of other requests than a slice.
    if (sending) sending.left = length > sliceBytes ? length : 0
  }
  server.on('connection', (socket: Socket) => {
    const sending = { left: 0 }
    known.set(socket, sending)
    cut(socket, sending)
  })
  server.prependListener('request', arrived).prependListener('checkContinue', arrived)
}

const cut = (socket: Socket, sending: Sending): void => {
  const [parse] = socket.listeners('data')
  if (!parse) return
  const pass = (slice: Buffer): void => {
    sending.left = Math.max(0, sending.left - slice.length)
    parse.call(socket, slice)
  }
  socket.removeAllListeners('data')
  socket.on('data', (read: Buffer) => {
    if (read.length <= sliceBytes) {
      pass(read)
      return
    }
    let rest = read
    while (rest.length > 0 && !socket.destroyed) {
      // Node's server pauses a connection whose answers are not taken, and its parser takes no more then.
      if (socket.isPaused()) return socket.unshift(rest)
      const slice = rest.subarray(0, Math.max(sliceBytes, sending.left))
      rest = rest.subarray(slice.length)
      pass(slice)
    }
  })
}
