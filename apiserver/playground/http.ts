import { createServer } from 'node:http'
import { listen } from '../../src/environment/listen.ts'
import type { Outbound } from '../../src/environment/environment.ts'
import { echoAddress } from './samples.ts'

/** Serves the sample Service `echo` on loopback. `outbound` leads posts to its cluster IP there. */
export const serveEcho = async (
  host: string,
  send: Outbound,
  print: (line: string) => void,
): Promise<{ readonly outbound: Outbound; close(): void }> => {
  const server = createServer((request, response) => {
    let bytes = 0
    request.on('data', (chunk: Uint8Array) => (bytes += chunk.byteLength))
    request.on('end', () => {
      print(`echo got ${request.method} ${request.url} with ${bytes} bytes`)
      response.end()
    })
  })
  const port = await listen(server, { host, port: 0 })
  return {
    outbound: request => send({ ...request, url: request.url.replace(`//${echoAddress}:80/`, `//${host}:${port}/`) }),
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}
