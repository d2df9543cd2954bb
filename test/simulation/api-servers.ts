import type { ServerResponse } from '../../apiserver/response.ts'
import type { ApiServer } from '../../apiserver/server.ts'
import { status } from './messages.ts'
import { rngOf, type Rng } from './seed.ts'
import type { VirtualTime } from './time.ts'

/** One of the API servers of a history. They share one storage, and each has a cache of its own, which feeds its watches. */
export interface SimulatedApiServer {
  /** Answers from the storage: `ask` is done at once, or when this API server can do anything again, or never. */
  fromStorage(ask: () => ServerResponse, answer: (response: ServerResponse) => void): void
  /** Answers a consistent list: what is asked of the storage is answered once the cache has come that far, or 3 s later. */
  consistently(ask: () => ServerResponse, answer: (response: ServerResponse) => void): void
  /** Takes a change into the cache, and then to its watches, in order. */
  later(deliver: () => void): void
  /** While this API server is cut off from the storage, `repeat` is called each second, for a bookmark that does not move. */
  follow(repeat: () => void): () => void
  /** What its caches hold, if the storage was set back beneath it, and it was not restarted since. */
  readonly lost: ApiServer | undefined
  /** Calls `cut` when this API server is restarted. Returns what forgets that. */
  onRestart(cut: () => void): () => void
}

/** What can be wrong with an API server, and for how long, in milliseconds. */
export interface Sickness {
  readonly what: 'cut off' | 'paused' | 'behind'
  readonly lagMs: number
}

export interface ApiServers {
  /** Whether all are well. */
  readonly well: () => boolean
  /** The one that a new connection gets: a balancer seldom sends any to one that it knows to be sick. */
  pick(rng: Rng): SimulatedApiServer
  /** The storage was set back: each API server is restarted, or its caches hold `lost` from now on. */
  setBack(rng: Rng, lost: ApiServer): string
  /** Restarts those whose caches are of a lost history. */
  restartLost(): void
  /** Makes some of them sick. Returns what makes them well. */
  sicken(rng: Rng): { readonly what: string; readonly heal: () => void }
}

/** A real API server waits this long for its cache, and then answers a consistent list from the storage, in milliseconds. */
const cacheWithinMs = 3_000

/** How often a real one says how far it has come, in milliseconds: it is much less often, but histories are short. */
const bookmarkEveryMs = 1_000

/** How long an API server takes at most to say that it cannot reach its storage, in milliseconds. */
const maxErrorMs = 20_000

/** Of an API server: it is not restarted when the storage is set back. */
const keepsCaches = 0.7

/** Of a connection: it goes to a sick API server although there are others. */
const stays = 0.3

export const apiServers = (time: VirtualTime, seed: number, isUp: () => boolean): ApiServers => {
  const rng = rngOf(seed, 0xca5e, 0x3)
  const all = Array.from({ length: rng.int(1, 3) }, () => new FaultyApiServer(time, rng.fork(), isUp))
  return {
    well: () => all.every(({ sick }) => sick === undefined),
    pick: by => {
      const well = all.filter(({ sick }) => sick === undefined)
      const [only] = all
      const among = well.length > 0 && !by.chance(stays) ? well : all
      const picked = among.length > 1 ? by.pick(among) : (among[0] ?? only)
      if (!picked) throw new Error('there is an API server')
      return picked
    },
    setBack: (by, lost) => {
      const kept = all.filter(() => by.chance(keepsCaches))
      for (const one of all) {
        if (kept.includes(one)) one.lost ??= lost
        else one.restart()
      }
      return `${kept.length} of ${all.length} API servers keep their caches`
    },
    restartLost: () => {
      for (const one of all) if (one.lost) one.restart()
    },
    sicken: by => {
      const whole = by.chance(0.2)
      const chosen = whole ? all : [by.pick(all)]
      const sickness: Sickness = {
        what: by.pick(['cut off', 'cut off', 'paused', 'behind']),
        lagMs: by.int(100, 60_000),
      }
      for (const one of chosen) one.fallIll(sickness)
      return {
        what: `${chosen.length} of ${all.length} API servers: ${sickness.what}`,
        heal: () => {
          for (const one of chosen) one.recover(sickness)
        },
      }
    },
  }
}

/** One API server, with a cache of its own. */
class FaultyApiServer implements SimulatedApiServer {
  readonly #time: VirtualTime
  readonly #rng: Rng
  readonly #isUp: () => boolean
  #sickness: Sickness | undefined
  /** What the storage has reported and the cache has not stored yet, and how much of it is due. */
  readonly #reported: (() => void)[] = []
  #due = 0
  /** Requests that are taken up again when this API server is well. */
  #held: (() => void)[] = []
  readonly #watches = new Set<() => void>()
  readonly #cuts = new Set<() => void>()
  lost: ApiServer | undefined

  constructor(time: VirtualTime, rng: Rng, isUp: () => boolean) {
    this.#time = time
    this.#rng = rng
    this.#isUp = isUp
  }

  get sick(): Sickness | undefined {
    return this.#sickness
  }

  fallIll(sickness: Sickness): void {
    this.#sickness = sickness
    if (sickness.what === 'cut off') this.#repeatWhile(sickness)
  }

  /** Ends a sickness, if it still lasts. The cache catches up at once. */
  recover(from: Sickness): void {
    if (this.#sickness !== from) return
    this.#sickness = undefined
    const before = this.#held
    this.#held = []
    for (const run of before) run()
    this.#due = this.#reported.length
    this.#takeIn()
  }

  fromStorage(...[ask, answer]: Parameters<SimulatedApiServer['fromStorage']>): void {
    if (this.#sickness?.what === 'cut off' && this.#rng.chance(0.3)) {
      this.#time.at(this.#rng.int(1, maxErrorMs), () => answer(status(500, 'InternalError')))
      return
    }
    this.#whenAble(() => {
      if (this.#isUp()) answer(ask())
    })
  }

  consistently(...[ask, answer]: Parameters<SimulatedApiServer['consistently']>): void {
    this.#whenAble(() => {
      if (!this.#isUp()) return
      const response = ask()
      let answered = false
      const once = (): void => {
        if (answered) return
        answered = true
        answer(response)
      }
      this.later(once)
      if (!answered) this.#time.at(cacheWithinMs, once)
    })
  }

  later(report: () => void): void {
    this.#reported.push(report)
    const ready = (): void => {
      this.#due = Math.min(this.#due + 1, this.#reported.length)
      this.#takeIn()
    }
    const lagMs = this.#sickness?.what === 'behind' ? this.#sickness.lagMs : 0
    if (lagMs === 0 && this.#reported.length === 1) ready()
    else this.#time.inOrder(lagMs, ready)
  }

  follow(repeat: () => void): () => void {
    this.#watches.add(repeat)
    return () => this.#watches.delete(repeat)
  }

  onRestart(cut: () => void): () => void {
    this.#cuts.add(cut)
    return () => this.#cuts.delete(cut)
  }

  restart(): void {
    this.lost = undefined
    for (const cut of [...this.#cuts]) cut()
  }

  #isStopped(): boolean {
    return this.#sickness?.what === 'cut off' || this.#sickness?.what === 'paused'
  }

  #takeIn(): void {
    while (this.#due > 0 && !this.#isStopped()) {
      this.#due -= 1
      this.#reported.shift()?.()
    }
  }

  #whenAble(run: () => void): void {
    if (!this.#isStopped()) return run()
    // An API server that has lost its storage gives some requests up.
    if (this.#sickness?.what === 'paused' || this.#rng.chance(0.5)) this.#held.push(run)
  }

  #repeatWhile(sickness: Sickness): void {
    if (this.#sickness !== sickness) return
    for (const repeat of this.#watches) repeat()
    this.#time.at(bookmarkEveryMs, () => this.#repeatWhile(sickness))
  }
}
