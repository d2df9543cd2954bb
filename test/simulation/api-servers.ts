import type { ServerResponse } from '../../src/apiserver/server.ts'
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
  later(tell: () => void): void
  /** While this API server is cut off from the storage, `repeat` is called each second, for a bookmark that does not move. */
  follow(repeat: () => void): () => void
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
  /** Makes some of them sick. Returns what makes them well. */
  sicken(rng: Rng): { readonly told: string; readonly heal: () => void }
}

/** A real API server waits this long for its cache, and then answers a consistent list from the storage, in milliseconds. */
const cacheWithinMs = 3_000

/** How often a real one says how far it has come, in milliseconds: it is much less often, but histories are short. */
const bookmarkEveryMs = 1_000

/** How long an API server takes at most to say that it cannot reach its storage, in milliseconds. */
const longestErrorMs = 20_000

/** Of a connection: it goes to a sick API server although there are others. */
const stays = 0.3

export const apiServers = (time: VirtualTime, seed: number, isUp: () => boolean): ApiServers => {
  const rng = rngOf(seed, 0xca5e, 0x3)
  const all = Array.from({ length: rng.int(1, 3) }, () => apiServer(time, rng.fork(), isUp))
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
    sicken: by => {
      const whole = by.chance(0.2)
      const chosen = whole ? all : [by.pick(all)]
      const sickness: Sickness = {
        what: by.pick(['cut off', 'cut off', 'paused', 'behind']),
        lagMs: by.int(100, 60_000),
      }
      for (const one of chosen) one.fallIll(sickness)
      return {
        told: `${chosen.length} of ${all.length} API servers: ${sickness.what}`,
        heal: () => {
          for (const one of chosen) one.recover(sickness)
        },
      }
    },
  }
}

interface Sickly extends SimulatedApiServer {
  readonly sick: Sickness | undefined
  fallIll(sickness: Sickness): void
  recover(from: Sickness): void
}

const apiServer = (time: VirtualTime, rng: Rng, isUp: () => boolean): Sickly => {
  let sick: Sickness | undefined
  /** What the storage has reported and the cache has not stored yet, and how much of it is due. */
  const told: (() => void)[] = []
  let due = 0
  /** Requests that are taken up again when this API server is well. */
  let held: (() => void)[] = []
  const watches = new Set<() => void>()

  const stands = (): boolean => sick?.what === 'cut off' || sick?.what === 'paused'
  const takeIn = (): void => {
    while (due > 0 && !stands()) {
      due -= 1
      told.shift()?.()
    }
  }
  const later = (tell: () => void): void => {
    told.push(tell)
    const ready = (): void => {
      due = Math.min(due + 1, told.length)
      takeIn()
    }
    const lagMs = sick?.what === 'behind' ? sick.lagMs : 0
    if (lagMs === 0 && told.length === 1) ready()
    else time.inOrder(lagMs, ready)
  }
  const whenAble = (run: () => void): void => {
    if (!stands()) return run()
    // An API server that has lost its storage gives some requests up.
    if (sick?.what === 'paused' || rng.chance(0.5)) held.push(run)
  }
  const repeatWhile = (sickness: Sickness): void => {
    if (sick !== sickness) return
    for (const repeat of watches) repeat()
    time.at(bookmarkEveryMs, () => repeatWhile(sickness))
  }

  return {
    get sick() {
      return sick
    },
    fallIll: sickness => {
      sick = sickness
      if (sickness.what === 'cut off') repeatWhile(sickness)
    },
    recover: from => {
      if (sick !== from) return
      sick = undefined
      const before = held
      held = []
      for (const run of before) run()
      // It catches up at once.
      due = told.length
      takeIn()
    },
    fromStorage: (ask, answer) => {
      if (sick?.what === 'cut off' && rng.chance(0.3)) {
        return void time.at(rng.int(1, longestErrorMs), () => answer(status(500, 'InternalError')))
      }
      whenAble(() => {
        if (isUp()) answer(ask())
      })
    },
    consistently: (ask, answer) =>
      whenAble(() => {
        if (!isUp()) return
        const response = ask()
        let answered = false
        const once = (): void => {
          if (answered) return
          answered = true
          answer(response)
        }
        later(once)
        if (!answered) time.at(cacheWithinMs, once)
      }),
    later,
    follow: repeat => {
      watches.add(repeat)
      return () => watches.delete(repeat)
    },
  }
}
