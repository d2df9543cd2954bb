import { STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { BlockList, isIPv6, type Socket } from 'node:net'
import type { Clock } from './environment.ts'
import { Places, type ConnectionLimits, type Occupant, type Place } from './places.ts'

/** The shortest time between two rounds that close waiting connections, in milliseconds. */
const makeRoomEveryMs = 1000

/**
 * Matches the addresses that get no connection. A server checks its block list before it creates a
 * socket (net.Server, option `blockList`). Creating sockets and destroying them would take much
 * memory in a flood.
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

interface Connection {
  readonly occupant: Occupant
  /** The connections of its source that wait for a request. */
  readonly waiting: Place['waiting']
  /** How many requests have no complete answer yet. Those that Node answers by itself are included. */
  pending: number
  newest: IncomingMessage | undefined
  /** True if the bytes after the newest request are not HTTP. */
  isBroken: boolean
}

/**
 * Bounds the connections of a server by the rules of {@link Places}.
 * - A connection beyond the bounds is closed before its socket is created.
 * - A connection with too many unanswered requests is closed.
 * - When more than half of the places are taken, connections that wait for a request are closed.
 * - After a malformed request, a connection still gets the answers to the requests before it.
 */
export const boundConnections = (server: Server, clock: Pick<Clock, 'monotonic'>, limits: ConnectionLimits): void => {
  const places = new Places(clock, limits)
  const connections = new WeakMap<Socket, Connection>()
  let madeRoomAt = -Infinity

  const makeRoom = (): void => {
    if (clock.monotonic() - madeRoomAt < makeRoomEveryMs) return
    madeRoomAt = clock.monotonic()
    places.makeRoom()
  }

  Object.assign(server, { blockList: new Blocked(address => !places.admit(sourceOf(address))) })
  server.on('connection', (socket: Socket) => {
    const occupant: Occupant = {
      close: () => {
        place.leave()
        socket.destroy()
      },
    }
    const place = places.enter(sourceOf(socket.remoteAddress), occupant)
    const { waiting } = place
    const connection: Connection = { occupant, waiting, pending: 0, newest: undefined, isBroken: false }
    connections.set(socket, connection)
    if (places.taken > limits.most / 2) makeRoom()
    socket.once('close', () => place.leave())
    const parser = parserOf(socket)
    const { onIncoming } = parser
    parser.onIncoming = (request, keepsAlive) => {
      // A second Host is as wrong as none, to which Node answers 400 (RFC 9112, section 3.2). Node joins
      // the two if the server sets `joinDuplicateHeaders`.
      if (request.headers.host?.includes(', ')) delete request.headers.host
      // A malformed request beyond the limit does not close the connection at once. The requests
      // before it must still get their answers.
      if (connection.pending === limits.maxPipelined && !hasHost(request)) {
        breakOff(connection)
        return refused(request)
      }
      connection.newest = request
      connection.pending += 1
      if (connection.pending === 1) waiting.delete(occupant)
      if (connection.pending > limits.maxPipelined) socket.destroy()
      return socket.destroyed ? refused(request) : onIncoming(request, keepsAlive)
    }
  })
  const answers = ({ socket }: IncomingMessage, response: ServerResponse): void => {
    const connection = connections.get(socket)
    if (!connection) return
    response.once('close', () => {
      connection.pending -= 1
      if (connection.pending > 0) return
      if (connection.isBroken) socket.destroySoon()
      else if (!socket.destroyed) connection.waiting.add(connection.occupant)
    })
  }
  server.on('request', answers).on('checkContinue', answers)
  // Node would answer 417 too, but without an event that lowers `pending`. Node also answers 400 by
  // itself, but then it closes the connection.
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
 * Keeps a connection open until its last answer. Its earlier requests may already have changed
 * something, and answering 400 would deny that. Later bytes are not answered, and an incomplete
 * body ends here.
 */
const breakOff = (connection: Connection): void => {
  connection.isBroken = true
  const { newest } = connection
  if (newest && !newest.complete) cutBody(newest)
}

/** Marks a request whose body ended early. Such a body must never count as a whole one. */
export const cutShort = Symbol('cut short')

/**
 * Ends the body of a request before bytes that are not part of it. Otherwise Node would close the
 * connection, and the earlier requests would get no answers. Node would also close it if the body
 * ended without being `complete`.
 */
const cutBody = (request: IncomingMessage): void => {
  Object.assign(request, { complete: true, [cutShort]: true })
  request.push(null)
}

/**
 * Returns whether a request has the header Host, or needs none. HTTP/1.1 requires it (RFC 9112,
 * section 3.2), and HTTP/1.0 does not.
 */
const hasHost = ({ headers, httpVersion }: IncomingMessage): boolean =>
  headers.host !== undefined || httpVersion === '1.0'

/** Answers bytes that are no request, and closes the connection, as Node would. */
const refuseBytes = (error: NodeJS.ErrnoException, socket: Socket): void => {
  const status = unreadableStatuses[error.code ?? ''] ?? 400
  if (socket.writable) socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\n\r\n`)
  socket.destroy(error)
}

/** The status for an error code of Node, if it is not 400. */
const unreadableStatuses: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
}

/**
 * Receives a request from the parser. Returns {@link stop} if the parser must not continue,
 * otherwise another number.
 */
type OnIncoming = (request: IncomingMessage, keepsAlive: boolean) => number

/** Stops Node's parser, as if the code that received the request had failed. */
const stop = -1

/**
 * Stops the parser at a request. Marks the connection as not upgradable. Otherwise Node would leave it
 * open and close none of its responses.
 */
const refused = (request: IncomingMessage): number => {
  Object.assign(request, { upgrade: false })
  return stop
}

/**
 * Returns the parser of a connection. Its function `onIncoming` gets each request before Node handles
 * it, including those that Node answers by itself. So requests can be counted there, and the parser
 * stopped.
 *
 * Without this, Node reads 64 KiB at once and makes a response for each request in it. It keeps
 * them until the socket is gone, even after `destroy`. A thousand connections with 130 requests
 * each would take 300 MiB.
 *
 * Node has no public interface for this. Passing the bytes to the parser in small parts is
 * possible, but costs a tenth of a post's processor time.
 */
const parserOf = (socket: Socket): Parser => {
  const parser = 'parser' in socket ? socket.parser : undefined
  if (!isParser(parser)) throw new Error("this Node can't limit the requests of a connection")
  return parser
}

interface Parser {
  onIncoming: OnIncoming
}

const isParser = (parser: unknown): parser is Parser =>
  typeof parser === 'object' && parser !== null && 'onIncoming' in parser && typeof parser.onIncoming === 'function'

/**
 * Returns the source of a connection, by which the limits count: an IPv4 address, or the first 64
 * bits of an IPv6 address. A client that has one address with these 64 bits has them all (RFC
 * 6177). An IPv4 address in IPv6 notation counts as the IPv4 address.
 */
export const sourceOf = (address: string | undefined): string => {
  if (address === undefined) return ''
  // Every post calls this, mostly with an IPv4 address. isIPv6 would take longer than the rest of
  // this function.
  if (!address.includes(':')) return address
  const [, mapped] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address) ?? []
  if (mapped !== undefined) return mapped
  if (!isIPv6(address)) return address
  const [head = '', tail] = (address.split('%')[0] ?? '').split('::')
  const first = head === '' ? [] : head.split(':')
  // An IPv4 address at the end, as in `::1.2.3.4`, stands for two groups.
  const last = tail === undefined || tail === '' ? [] : tail.replace(/\d+\.\d+\.\d+\.\d+$/, '0:0').split(':')
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - first.length - last.length }, () => '0')
  return [...first, ...zeros, ...last]
    .slice(0, 4)
    .map(group => Number.parseInt(group, 16).toString(16))
    .join(':')
}
