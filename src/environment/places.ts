import type { Clock } from './environment.ts'
import { rateLimiter, type RateLimiter } from './rate.ts'

export interface ConnectionLimits {
  /** The connections of all clients. */
  readonly most: number
  /**
   * The connections of one source: half of all, because one proxy may be the source of every
   * request.
   */
  readonly maxOfSource: number
  /** An eighth of all places. Only sources with fewer than `few` connections may take one. */
  readonly reserved: number
  readonly few: number
  /**
   * The unanswered requests of one connection. Clients send one at a time, but the next can arrive
   * while the last bytes of an answer are still being written.
   */
  readonly maxPipelined: number
}

/**
 * How many connections may be closed to make room for one source. Further ones of it are refused,
 * because a refused connection leaves no garbage.
 */
export const displacedRate = { perSecond: 50, burst: 100 } as const

/** How many sources are counted. */
const maxSources = 10_000

/** A connection that has a place. */
export interface Occupant {
  /** Closes it, which frees its place. */
  close(): void
}

/** The connections of one source. */
class Source {
  /** All connections with a place. */
  count = 0
  /** The connections without an unanswered request, the longest waiting first. */
  readonly waiting = new Set<Occupant>()
}

/**
 * Gives each connection a place, under these rules.
 *
 * - A source has at most half of them. The last eighth is for sources that have few.
 * - If no place is free, a connection that waits for a request is closed. It is the longest
 *   waiting of the source with the most connections, or of the new connection's own source if that
 *   has as many.
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

  /** Returns whether a source may have one more connection. Closes another one if necessary. */
  admits(name: string): boolean {
    const { few, most, maxOfSource, reserved } = this.#limits
    const own = this.#sources.get(name)
    const count = own?.count ?? 0
    if (count >= maxOfSource) return this.#displace(own, name)
    if (this.#taken < (count < few ? most : most - reserved)) return true
    return this.#displace(this.#largest(count + 1) ?? own, name)
  }

  /** Takes a place. Call `admits` first. The connection then waits for its first request. */
  enter(name: string, occupant: Occupant): Place {
    const source = this.#sources.get(name) ?? new Source()
    this.#sources.set(name, source)
    source.count += 1
    source.waiting.add(occupant)
    this.#taken += 1
    let isInside = true
    return {
      busy: () => void source.waiting.delete(occupant),
      idle: () => void (isInside && source.waiting.add(occupant)),
      leave: () => {
        if (!isInside) return
        isInside = false
        this.#taken -= 1
        source.waiting.delete(occupant)
        source.count -= 1
        if (source.count === 0) this.#sources.delete(name)
      },
    }
  }

  /**
   * Returns the source with the most connections of those that have one to close. It must have more
   * than `moreThan`.
   */
  #largest(moreThan: number): Source | undefined {
    let largest: Source | undefined
    for (const source of this.#sources.values()) {
      if (source.count > Math.max(moreThan, largest?.count ?? 0) && source.waiting.size > 0) largest = source
    }
    return largest
  }

  /** Closes a connection of `source` for one of `newcomer`. */
  #displace(source: Source | undefined, newcomer: string): boolean {
    const [oldest] = source?.waiting ?? []
    if (!oldest || !this.#displaced.take(newcomer, displacedRate)) return false
    oldest.close()
    return true
  }
}

/** The place of a connection. */
export interface Place {
  /** Notes that a request's head is complete. */
  busy(): void
  /** Notes that all requests are answered. */
  idle(): void
  leave(): void
}
