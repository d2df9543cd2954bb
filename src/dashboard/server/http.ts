import { Buffer } from 'node:buffer'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { listen, type ListenAddress } from '../../environment/listen.ts'
import { boundConnections } from '../../environment/connections.ts'
import type { Environment } from '../../environment/environment.ts'
import { refuse, TooLarge, type Out, type PageAnswer, type PageRequest } from './exchange.ts'
import { everyAnswer } from './headers.ts'
import { connections, headWithinMs, maxUnreadBodyBytes, mostHeaderBytes, requestWithinMs } from './limits.ts'

/** What answers a request. */
export type Answering = (request: PageRequest) => Promise<PageAnswer>

export interface PageServer {
  readonly port: number
  /** Ends all streams and connections. */
  close(): void
}

/** Listens, and hands requests over: the one file of the dashboard that opens a socket. Rejects when the port is taken. */
export const servePage = async (
  answering: Answering,
  { clock, log }: Pick<Environment, 'clock' | 'log'>,
  address: ListenAddress,
): Promise<PageServer> => {
  const server = createServer({
    maxHeaderSize: mostHeaderBytes,
    headersTimeout: headWithinMs,
    requestTimeout: requestWithinMs,
    connectionsCheckingInterval: 1_000,
    keepAliveTimeout: 60_000,
    highWaterMark: maxUnreadBodyBytes,
  })
  boundConnections(server, clock, connections)
  const listener = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    answering(requestOf(incoming, outgoing))
      .catch((error: unknown) => {
        if (error instanceof TooLarge) return refuse(413, 'TooLarge', error.message)
        log.error({ error }, 'a request of the dashboard failed')
        return refuse(500, 'InternalError', 'the dashboard failed; its log says why')
      })
      .then(answer => send(answer, incoming, outgoing))
      .catch((error: unknown) => {
        log.error({ error }, 'a stream of the dashboard failed')
        outgoing.destroy()
      })
  }
  // A client that asks before it sends a body is told to go on when that is first read.
  server.on('request', listener).on('checkContinue', listener)
  return {
    port: await listen(server, address),
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

const requestOf = (incoming: IncomingMessage, outgoing: ServerResponse): PageRequest => ({
  method: incoming.method ?? 'GET',
  target: incoming.url ?? '',
  hosts: incoming.rawHeaders.filter((_, index, all) => index % 2 === 1 && all[index - 1]?.toLowerCase() === 'host'),
  headers: Object.fromEntries(
    Object.entries(incoming.headers).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : value?.join(', '),
    ]),
  ),
  address: incoming.socket.remoteAddress,
  body: maxBytes => {
    if (isTooLong(incoming, maxBytes)) return Promise.reject(new TooLarge(maxBytes))
    if (incoming.headers.expect !== undefined) outgoing.writeContinue()
    return bodyOf(incoming, maxBytes)
  },
})

const isTooLong = ({ headers }: IncomingMessage, maxBytes: number): boolean =>
  Number(headers['content-length'] ?? 0) > maxBytes

const bodyOf = async (incoming: IncomingMessage, maxBytes: number): Promise<string> => {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of incoming) {
    if (!Buffer.isBuffer(chunk)) continue
    bytes += chunk.length
    if (bytes > maxBytes) throw new TooLarge(maxBytes)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

const send = async (answer: PageAnswer, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
  if ('stream' in answer) {
    const closed = new AbortController()
    outgoing.once('close', () => closed.abort())
    outgoing.writeHead(200, {
      ...everyAnswer,
      'content-type': 'text/event-stream',
      // Proxies that gather answers would hold events back.
      'x-accel-buffering': 'no',
    })
    await answer.stream(outOf(outgoing, closed.signal))
    outgoing.end()
    return
  }
  const { body, headers = {}, status } = answer
  // A body that nobody has read would be taken for the next request.
  if (!incoming.complete) outgoing.shouldKeepAlive = false
  outgoing.writeHead(status, { ...everyAnswer, 'content-length': Buffer.byteLength(body), ...headers })
  outgoing.end(incoming.method === 'HEAD' ? undefined : body)
}

const outOf = (outgoing: ServerResponse, closed: AbortSignal): Out => ({
  write: text => void outgoing.write(text),
  waiting: () => outgoing.writableLength,
  end: () => void outgoing.end(),
  cut: () => void outgoing.destroy(),
  closed,
})
