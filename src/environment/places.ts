import type { Clock } from './environment.ts'
import { rateLimiter, type RateLimiter } from './rate.ts'

export interface ConnectionLimits {
  /** The largest number of connections of all clients together. */
  readonly most: number
  /**
   * The largest number of connections of one source: half of all, because one proxy may be the
   * source of every request.
   */
  readonly maxOfSource: number
  /**
   * How many places are reserved: an eighth of all. Only sources with fewer than `few` connections
   * may take one.
   */
  readonly reserved: number
  readonly few: number
  /**
   * The largest number of unanswered requests on one connection. Clients send one at a time, but
   * the next can arrive while the last bytes of an answer are still being written.
   */
  readonly maxPipelined: number
}

/**
 * How many connections may be closed to make room for new ones of one source. Further new ones are
 * refused. A refused connection, unlike a closed one, leaves no garbage.
 */
export const displacedRate = { perSecond: 50, burst: 100 } as const

/** The largest number of sources for which closed connections are counted. */
const maxSources = 10_000

/** A connection that has a place. */
export interface Occupant {
  /** Closes the connection, which frees its place. */
  close(): void
}

class Source {
  /** How many connections of the source have a place. */
  count = 0
  /** The connections without an unanswered request. The one that has waited longest is the first. */
  readonly waiting = new Set<Occupant>()
}

/**
 * Gives each connection a place, under these rules.
 *
 * - A source has at most half of the places. The last eighth is for sources with few connections.
 * - If no place is free, a connection that waits for a request is closed. It belongs to the source
 *   with the most connections, or to the new connection's source if that has as many. Of this
 *   source's connections, the one that has waited longest is closed.
 *
 * So a source that holds places without sending anything loses them to other sources.
 */
export class Places {
  readonly #limits: ConnectionLimits
  readonly #displaced: RateLimiter
  readonly #sources = new Map<string, Source>()
  #taken = 0

  constructor(clock: Pick<Clock, 'monotonic'>, limits: ConnectionLimits) {
    this.#limits = limits
    this.#displaced = rateLimiter(clock, maxSources)
  }

  get taken(): number {
    return this.#taken
  }

  /** Admits one more connection of a source, for which another one may be closed. Returns false if there is no place. */
  admit(name: string): boolean {
    const { few, most, maxOfSource, reserved } = this.#limits
    const own = this.#sources.get(name)
    const count = own?.count ?? 0
    if (count >= maxOfSource) return this.#displace(own, name)
    if (this.#taken < (count < few ? most : most - reserved)) return true
    return this.#displace(this.#largest(count + 1) ?? own, name)
  }

  /**
   * Closes connections that wait for a request until half of the places are free. Begins with the
   * source that has the most, and with the connection that has waited longest. A source with few
   * connections keeps them, so that a good sender does not lose its connection between two posts.
   */
  makeRoom(): void {
    const { few, most } = this.#limits
    const large = [...this.#sources.values()].filter(({ count }) => count > few)
    for (const source of large.toSorted((a, b) => b.count - a.count)) {
      for (const occupant of source.waiting) {
        if (this.#taken <= most / 2) return
        if (source.count <= few) break
        occupant.close()
      }
    }
  }

  /** Takes a place. Call `admit` first. The connection then waits for its first request. */
  enter(name: string, occupant: Occupant): Place {
    const source = this.#sources.get(name) ?? new Source()
    this.#sources.set(name, source)
    source.count += 1
    source.waiting.add(occupant)
    this.#taken += 1
    let isInside = true
    return {
      waiting: source.waiting,
      leave: () => {
        source.waiting.delete(occupant)
        if (!isInside) return
        isInside = false
        this.#taken -= 1
        source.count -= 1
        if (source.count === 0) this.#sources.delete(name)
      },
    }
  }

  /**
   * Returns the source with the most connections, if it has more than `moreThan`. Sources without a
   * waiting connection do not count. Undefined if there is none.
   */
  #largest(moreThan: number): Source | undefined {
    let largest: Source | undefined
    for (const source of this.#sources.values()) {
      if (source.count > Math.max(moreThan, largest?.count ?? 0) && source.waiting.size > 0) largest = source
    }
    return largest
  }

  /**
   * Closes the connection of `source` that has waited longest, to make room for one of `newcomer`.
   * Returns false if none waits, or if too many were closed for `newcomer`.
   */
  #displace(source: Source | undefined, newcomer: string): boolean {
    const [oldest] = source?.waiting ?? []
    if (!oldest || !this.#displaced.take(newcomer, displacedRate)) return false
    oldest.close()
    return true
  }
}

export interface Place {
  /**
   * The connections of this source that may be closed to make room, in their order. A connection leaves
   * them at a request, and comes back, as the last one, when all its requests are answered.
   */
  readonly waiting: Set<Occupant>
  /** Frees the place. The connection waits no more. */
  leave(): void
}
