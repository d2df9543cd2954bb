import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../../environment/environment.ts'
import { lingerMs, mostLingering, mostLingeringBytes } from '../limits.ts'

/**
 * Ends a response whose request has not arrived whole. To close at once would reset the connection, and a client that is
 * still sending would see that instead of the answer (RFC 9112, section 9.6). So what arrives is read and thrown away
 * until the client has done, for a bounded time and number of bytes, and for a bounded number of clients.
 */
export type Linger = (request: IncomingMessage, response: ServerResponse) => void

export const lingering = (clock: Pick<Clock, 'after'>): Linger => {
  let count = 0
  return (request, response) => {
    if (count >= mostLingering) {
      response.end()
      return
    }
    count += 1
    let bytes = 0
    const over = (): void => {
      cancel()
      request.off('data', look).off('end', over).off('close', over)
      count -= 1
      response.end()
    }
    const look = (chunk: Buffer): void => {
      bytes += chunk.length
      if (bytes > mostLingeringBytes) over()
    }
    const cancel = clock.after(lingerMs, over)
    request.on('data', look).once('end', over).once('close', over)
    request.resume()
  }
}
