import { STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { BlockList, isIPv6, type Socket } from 'node:net'
import { cutShort } from './cut-short.ts'
import type { Clock } from './environment.ts'
import { Places, type ConnectionLimits, type Place } from './places.ts'

/** How often idle connections are closed to make room, at most, in milliseconds. */
const makeRoomEveryMs = 1000

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

/** What is kept of a connection. */
interface Connection {
  readonly place: Place
  /** How many requests have no complete answer yet, including those that Node answers by itself. */
  pending: number
  newest: IncomingMessage | undefined
  /** What comes after the newest request is no HTTP. */
  isBroken: boolean
}

/**
 * Bounds the connections of a server, as `Places` says. One beyond is closed before a socket is made of it, and one with too many
 * requests that are not answered is closed. When most of all places are taken, idle connections are closed to make room, so that
 * nobody can keep places by doing nothing. A connection that breaks off what it sends keeps the answers that it waits for.
 */
export const boundConnections = (server: Server, clock: Pick<Clock, 'monotonic'>, limits: ConnectionLimits): void => {
  const places = new Places(clock, limits)
  const connections = new WeakMap<Socket, Connection>()
  let madeRoomAt = -Infinity

  const makeRoom = (): void => {
    if (clock.monotonic() - madeRoomAt < makeRoomEveryMs) return
    madeRoomAt = clock.monotonic()
    server.closeIdleConnections()
  }

  Object.assign(server, { blockList: new Blocked(address => !places.admits(sourceOf(address))) })
  server.on('connection', (socket: Socket) => {
    const place = places.enter(sourceOf(socket.remoteAddress), {
      close: () => {
        place.leave()
        socket.destroy()
      },
    })
    const connection: Connection = { place, pending: 0, newest: undefined, isBroken: false }
    connections.set(socket, connection)
    if (places.taken > limits.most / 2) makeRoom()
    socket.once('close', () => place.leave())
    countRequests(socket, request => {
      // Node would answer it 400, and count it as one more: those before it are to have their answers.
      if (connection.pending === limits.mostPipelined && !hasHost(request)) {
        breakOff(connection)
        return false
      }
      connection.newest = request
      connection.pending += 1
      if (connection.pending === 1) place.busy()
      if (connection.pending > limits.mostPipelined) socket.destroy()
      return !socket.destroyed
    })
  })
  const answers = ({ socket }: IncomingMessage, response: ServerResponse): void => {
    const connection = connections.get(socket)
    if (!connection) return
    response.once('close', () => {
      connection.pending -= 1
      if (connection.pending > 0) return
      if (connection.isBroken) socket.destroySoon()
      else connection.place.idle()
    })
  }
  server.on('request', answers).on('checkContinue', answers)
  // Node would answer the same, but not say when. Where it answers 400, it closes the connection.
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    answers(request, response)
    response.writeHead(417).end()
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const connection = connections.get(socket)
    if (!connection || connection.pending === 0 || socket.destroyed) refuseBytes(error, socket)
    else breakOff(connection)
  })
}

/**
 * Lets a connection go on to its last answer: the steps of its requests may be done, and 400 would deny that. What follows
 * them is not answered. A request whose body it breaks off ends here.
 */
const breakOff = (connection: Connection): void => {
  connection.isBroken = true
  const { newest } = connection
  if (newest && !newest.complete) cutShort(newest)
}

/** RFC 9112, section 3.2: a request without it is malformed. */
const hasHost = ({ headers, httpVersion }: IncomingMessage): boolean =>
  headers.host !== undefined || httpVersion === '1.0'

/** Answers what is no request, as Node would. */
const refuseBytes = (error: NodeJS.ErrnoException, socket: Socket): void => {
  const status = unreadableStatuses[error.code ?? ''] ?? 400
  if (socket.writable) socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\n\r\n`)
  socket.destroy(error)
}

/** By the code of Node's error: what is no 400. */
const unreadableStatuses: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
}

/** Makes a response for a request, and hands both on. Returns to the parser whether to continue. */
type OnIncoming = (request: IncomingMessage, keepsAlive: boolean) => number

/** Makes Node's parser stop: it takes this for a failure of the code that received the request. */
const stop = -1

/**
 * Counts each request of a connection before Node handles it, including those that Node answers by
 * itself. `count` returns whether Node is to handle it: if not, the parser stops. Without this, Node reads 64 KiB at once,
 * makes a response for each request in them, and keeps all of these until the socket is gone, even
 * if it was destroyed long before. A thousand connections with 130 requests each take 300 MiB.
 *
 * Node has no public interface for this. You could take the bytes from the socket and pass them to
 * the parser in small parts, but the parser then no longer reads by itself, which costs a tenth of
 * the processor time of a post.
 */
const countRequests = (socket: Socket, count: (request: IncomingMessage) => boolean): void => {
  const parser = 'parser' in socket ? socket.parser : undefined
  if (!isParser(parser)) throw new Error('this Node has no way to bound the requests of a connection')
  const { onIncoming } = parser
  parser.onIncoming = (request, keepsAlive) => {
    if (count(request)) return onIncoming(request, keepsAlive)
    // The connection is no longer one that could be upgraded: Node would leave it as it is, and close none of its responses.
    Object.assign(request, { upgrade: false })
    return stop
  }
}

const isParser = (parser: unknown): parser is { onIncoming: OnIncoming } =>
  typeof parser === 'object' && parser !== null && 'onIncoming' in parser && typeof parser.onIncoming === 'function'

/**
 * Returns the source that a connection counts for in limits: an IPv4 address, or the first 64 bits
 * of an IPv6 address, since a client that has one address of a subnet has all of them (RFC 6177). An
 * IPv4 address that is written as an IPv6 one is the same source.
 */
export const sourceOf = (address: string | undefined): string => {
  if (address === undefined) return ''
  // Each post asks, most of them for an address of IPv4: isIPv6 takes longer than all else in here.
  if (!address.includes(':')) return address
  const [, mapped] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address) ?? []
  if (mapped !== undefined) return mapped
  if (!isIPv6(address)) return address
  const [head = '', tail] = (address.split('%')[0] ?? '').split('::')
  const first = head === '' ? [] : head.split(':')
  // A dotted end takes the place of two groups.
  const last = tail === undefined || tail === '' ? [] : tail.replace(/\d+\.\d+\.\d+\.\d+$/, '0:0').split(':')
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - first.length - last.length }, () => '0')
  return [...first, ...zeros, ...last]
    .slice(0, 4)
    .map(group => Number.parseInt(group, 16).toString(16))
    .join(':')
}
