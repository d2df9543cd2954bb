import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { BlockList, type Socket } from 'node:net'
import type { Clock } from '../../environment/environment.ts'
import { makeRoomEveryMs, type ConnectionLimits } from '../limits.ts'
import { sourceOf } from './source.ts'

/**
 * Addresses that get no connection. A server asks its block list before it makes a socket of a connection (net.Server,
 * option `blockList`): to destroy sockets that were made would cost a flood of them its memory.
 */
class Blocked extends BlockList {
  readonly #isBlocked: (address: string) => boolean

  constructor(isBlocked: (address: string) => boolean) {
    super()
    this.#isBlocked = isBlocked
  }

  override check(address: unknown): boolean {
    return typeof address === 'string' && this.#isBlocked(address)
  }
}

/**
 * Bounds the connections of a server. One beyond the bound of its source is closed at once, and so is one with too many
 * requests that are not answered. When most of all places are taken, idle connections are closed to make room, so that
 * nobody can keep places by doing nothing.
 */
export const boundConnections = (
  server: Server,
  clock: Pick<Clock, 'monotonic'>,
  { most, mostOfSource, mostPipelined }: ConnectionLimits,
): void => {
  const ofSource = new Map<string, number>()
  const pending = new WeakMap<Socket, number>()
  let all = 0
  let madeRoomAt = -Infinity
  server.maxConnections = most

  const makeRoom = (): void => {
    if (clock.monotonic() - madeRoomAt < makeRoomEveryMs) return
    madeRoomAt = clock.monotonic()
    server.closeIdleConnections()
  }

  const isFull = (address: string): boolean => (ofSource.get(sourceOf(address)) ?? 0) >= mostOfSource
  Object.assign(server, { blockList: new Blocked(isFull) })
  server.on('connection', (socket: Socket) => {
    const source = sourceOf(socket.remoteAddress)
    ofSource.set(source, (ofSource.get(source) ?? 0) + 1)
    all += 1
    if (all > most / 2) makeRoom()
    socket.once('close', () => {
      all -= 1
      const left = (ofSource.get(source) ?? 1) - 1
      if (left === 0) ofSource.delete(source)
      else ofSource.set(source, left)
    })
    countRequests(socket, () => {
      const count = (pending.get(socket) ?? 0) + 1
      pending.set(socket, count)
      if (count > mostPipelined) socket.destroy()
    })
  })
  const answers = ({ socket }: IncomingMessage, response: ServerResponse): void => {
    response.once('close', () => pending.set(socket, (pending.get(socket) ?? 1) - 1))
  }
  server.on('request', answers).on('checkContinue', answers)
  // Node would answer the same, but not say when. Where it answers 400, it closes the connection.
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    answers(request, response)
    response.writeHead(417).end()
  })
}

/** Makes a response for a request, and hands both on. What it returns is for the parser. */
type OnIncoming = (request: IncomingMessage, keepsAlive: boolean) => number

/** Makes Node's parser stop: to it, this is an error of whoever was handed the request. */
const stop = -1

/**
 * Counts each request of a connection before anything is done with it, also one that Node answers by itself, and has nothing more
 * read of the connection once that is closed. By itself Node would go on: it reads 64 KiB at once, makes a response for each
 * request in them, and keeps those until the socket is gone, however early that was destroyed. Of a thousand connections with
 * 130 requests each, these are 300 MiB.
 *
 * Node has no public way to do so. To take the bytes from the socket and give them to the parser bit by bit would be one, but
 * the parser then no longer reads by itself, which costs a tenth of the processor time of a post.
 */
const countRequests = (socket: Socket, count: () => void): void => {
  const parser = 'parser' in socket ? socket.parser : undefined
  if (!isParser(parser)) throw new Error('this Node has no way to bound the requests of a connection')
  const { onIncoming } = parser
  parser.onIncoming = (request, keepsAlive) => {
    count()
    if (!socket.destroyed) return onIncoming(request, keepsAlive)
    // The connection is no longer one that could be upgraded: Node would leave it as it is, and close none of its responses.
    Object.assign(request, { upgrade: false })
    return stop
  }
}

const isParser = (parser: unknown): parser is { onIncoming: OnIncoming } =>
  typeof parser === 'object' && parser !== null && 'onIncoming' in parser && typeof parser.onIncoming === 'function'
