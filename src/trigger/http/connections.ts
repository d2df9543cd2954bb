import type { Server } from 'node:http'
import { BlockList, type Socket } from 'node:net'
import type { Clock } from '../../environment/environment.ts'
import { makeRoomEveryMs, type ConnectionLimits } from '../limits.ts'
import { sourceOf } from './source.ts'

/** The connections of a server, which are bounded over all and for each source. */
export interface Connections {
  /** Counts one more request of a connection that is not answered yet; false if there are too many. */
  began(socket: Socket): boolean
  answered(socket: Socket): void
}

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
 * Bounds the connections of a server. One beyond the bound of its source is closed at once. When most of all places are
 * taken, idle connections are closed to make room, so that nobody can keep places by doing nothing.
 */
export const boundedConnections = (
  server: Server,
  clock: Pick<Clock, 'monotonic'>,
  { most, mostOfSource, mostPipelined }: ConnectionLimits,
): Connections => {
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
  })

  return {
    began: socket => {
      const count = (pending.get(socket) ?? 0) + 1
      pending.set(socket, count)
      return count <= mostPipelined
    },
    answered: socket => void pending.set(socket, (pending.get(socket) ?? 1) - 1),
  }
}
