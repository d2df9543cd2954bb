import { createServer, type ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'
import { listen } from '../../src/environment/listen.ts'

/**
 * Serves requests of a test on a free port, with their whole bodies, and returns the port. A request that `receive` rejects
 * gets no answer.
 */
export const openRelay = async (
  receive: (path: string, sent: string, response: ServerResponse) => Promise<void>,
): Promise<number> => {
  const server = createServer((request, response) => {
    buffer(request)
      .then(sent => receive(request.url ?? '', sent.toString(), response))
      .catch(() => response.destroy())
  })
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return await listen(server, { host: '127.0.0.1', port: 0 })
}
