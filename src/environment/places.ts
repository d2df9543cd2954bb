import type { Clock } from './environment.ts'
import { rateLimiter, type RateLimiter } from './rate.ts'

export interface ConnectionLimits {
  /** Connections at once, over all clients. */
  readonly most: number
  /** Of one source: half of all, since a proxy in front may be the source of every request. */
  readonly mostOfSource: number
  /** An eighth of all, which only a source with fewer connections than `few` may take. */
  readonly reserved: number
  readonly few: number
  /**
   * Requests of one connection that are not answered yet. Clients send one at a time; the next may arrive in the moment in
   * which the answer to the one before is still being written.
   */
  readonly mostPipelined: number
}

/**
 * How many connections are closed for new ones of one source. Beyond that its new ones are refused: a connection that was made and
 * closed leaves garbage behind, one that was refused does not.
 */
export const displacedRate = { perSecond: 50, burst: 100 } as const

/** How many sources are counted. */
const maxSources = 10_000

/** A connection that has a place. */
export interface Occupant {
  /** Closes it. It has left its place then. */
  close(): void
}

/** The connections of one source. */
class Source {
  /** All that have a place. */
  count = 0
  /** Those that have no request to answer, the longest waiting first: their next head has not arrived whole. */
  readonly waiting = new Set<Occupant>()
}

/**
 * The places of all connections. A source has half of them at most, and the last eighth is for sources that have few. Where
 * there is no place, a connection whose head has not arrived whole makes room: the one that has waited longest of the source that
 * has most, or of the new connection's own source where no other has more. So sources that hold all places by sending nothing
 * lose them to others, and not to one another.
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

  /** True if there is a place for one more connection of a source. Makes room for it where it may. */
  admits(name: string): boolean {
    const { few, most, mostOfSource, reserved } = this.#limits
    const own = this.#sources.get(name)
    const count = own?.count ?? 0
    if (count >= mostOfSource) return this.#displace(own, name)
    if (this.#taken < (count < few ? most : most - reserved)) return true
    return this.#displace(this.#largest(count + 1) ?? own, name)
  }

  /** Takes a place, for a connection that `admits` was asked about. It is waiting for its first head. */
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

  /** The source that has most connections, more than `moreThan`, among those that have one to close. */
  #largest(moreThan: number): Source | undefined {
    let largest: Source | undefined
    for (const source of this.#sources.values()) {
      if (source.count > Math.max(moreThan, largest?.count ?? 0) && source.waiting.size > 0) largest = source
    }
    return largest
  }

  /** Closes a connection of a source for one of `newcomer`. */
  #displace(source: Source | undefined, newcomer: string): boolean {
    const [oldest] = source?.waiting ?? []
    if (!oldest || !this.#displaced.take(newcomer, displacedRate)) return false
    oldest.close()
    return true
  }
}

/** The place of a connection. */
export interface Place {
  /** A head has arrived whole. */
  busy(): void
  /** All requests are answered: it waits for the next head. */
  idle(): void
  leave(): void
}
