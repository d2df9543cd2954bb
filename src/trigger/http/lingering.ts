import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../../environment/environment.ts'
import { lingerMs, maxLingering, maxLingeringBytes } from '../limits.ts'

/**
 * Ends a response before its request has arrived completely. Closing at once would reset the
 * connection, and a client that is still sending would not see the answer (RFC 9112, section 9.6).
 * So the rest is read and discarded, within limits of time, bytes and requests.
 */
export type Linger = (request: IncomingMessage, response: ServerResponse) => void

export const lingering = (clock: Pick<Clock, 'after'>): Linger => {
  let count = 0
  return (request, response) => {
    if (count >= maxLingering) {
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
      if (bytes > maxLingeringBytes) over()
    }
    const cancel = clock.after(lingerMs, over)
    request.on('data', look).once('end', over).once('close', over)
    request.resume()
  }
}
