import type { Socket } from 'node:net'
import { sliceBytes } from '../limits.ts'

/**
 * Has the requests of a connection read a few at a time. Node reads 64 KiB at once, makes objects of all requests in them, and
 * keeps those until the socket is closed, however early that was destroyed: of a thousand connections with 130 requests each,
 * 300 MiB. So the parser gets slices, and none once the connection is refused.
 */
export const inSlices = (socket: Socket): void => {
  const [parse] = socket.listeners('data')
  if (!parse) return
  socket.removeAllListeners('data')
  socket.on('data', (read: Buffer) => {
    if (read.length <= sliceBytes) {
      parse.call(socket, read)
      return
    }
    let rest = read
    while (rest.length > 0 && !socket.destroyed) {
      // Node's server pauses a connection whose answers are not taken, and its parser takes no more then.
      if (socket.isPaused()) return socket.unshift(rest)
      parse.call(socket, rest.subarray(0, sliceBytes))
      rest = rest.subarray(sliceBytes)
    }
  })
}
