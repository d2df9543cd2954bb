import { BoundedMap } from '../environment/bounded-map.ts'
import type { Counter, Environment, Metrics } from '../environment/environment.ts'
import { Unreachable, WatchRefused } from '../environment/unreachable.ts'
import { waitAfter, type Backoff } from '../environment/backoff.ts'
import { MalformedEvent, openWatch } from '../kube/watch.ts'
import type { Acting } from '../kube/acting.ts'
import { actingIn } from '../record/context.ts'
import type { CachedVersion } from './cached-version.ts'
import type { Target, Version } from './target/target.ts'
import { stateOf } from './target/read.ts'

/**
 * How many targets a process watches. Each watch has its own connection. If all are in use, a new
 * watch takes the place of one in the namespace with the most watches, until both namespaces have
 * equally many.
 */
const maxWatched = 64

/**
 * The shortest time between the starts of two watches, in milliseconds. Each new connection costs
 * both sides time.
 */
const spacingMs = 100

/** How long a target is watched after its last post, in milliseconds. */
const quietMs = 30_000

/** How many versions in a row a watch may report without a post that uses one. After that, the watch ends. */
const maxUnused = 50

/** How long a target is not watched after a useless watch, in milliseconds. */
const uselessForMs = 60_000

/**
 * How long no watch begins after one broke. The time doubles with each further watch that breaks,
 * until one does not.
 */
const rest: Backoff = { firstMs: 10_000, maxMs: 300_000 }

/** A watch that ends earlier than this is broken, in milliseconds. A normal watch lasts five minutes. */
const shortMs = 60_000

/** How long a kind is not watched in a namespace that forbids it, in milliseconds. */
const forbiddenForMs = 600_000

/** How many kinds in namespaces, each as one account, are remembered as forbidden. */
const maxForbidden = 1000

/** What a watch needs of the version on which the next write is based. */
export type Watchable = Pick<CachedVersion, 'isContended' | 'isWatchStale' | 'reported' | 'watched'>

/** The watch of a target that others write too. */
export interface TargetWatch {
  /** Notes that posts use this version. If a watch is worth its cost, it begins at this version. */
  used(version: Version): void
}

/**
 * Why a watch ended. quiet: no more posts. useless: late, or mostly unused. yielded: its place went
 * to another namespace. over: the API server ended it as usual.
 */
type End = 'quiet' | 'useless' | 'yielded' | 'over' | 'forbidden' | 'broken'

/**
 * The watches of targets that others write repeatedly. Without a watch, each write to such a target
 * needs a read before it, or every second write has a conflict. A watch proves nothing: a write
 * takes effect only on the version that it was computed from.
 */
export class TargetWatches {
  readonly #environment: Pick<Environment, 'api' | 'clock' | 'log' | 'random'>
  readonly #closed = new AbortController()
  readonly #forbidden: ReturnType<typeof forbiddenKinds>
  /** How many rests there were since the last watch that did not break. */
  #rests = 0
  readonly #gauge: ReturnType<Metrics['gauge']>
  readonly #ends: Counter
  /** The open watches, each with the namespace of its target. */
  readonly #open = new Map<Watching, string>()
  /**
   * `nextAt`: when the next watch may begin. `restsUntil`: until when none may begin because one
   * broke. Both are in monotonic milliseconds.
   */
  #nextAt = -Infinity
  #restsUntil = -Infinity

  constructor(environment: Pick<Environment, 'api' | 'clock' | 'log' | 'metrics' | 'random'>) {
    const { metrics } = environment
    this.#environment = environment
    this.#forbidden = forbiddenKinds(environment)
    this.#gauge = metrics.gauge(
      'receiverhooks_targets_watched',
      'Targets that the trigger watches, because something else writes to them too.',
      [],
    )
    this.#ends = metrics.counter(
      'receiverhooks_target_watches_ended_total',
      'Why target watches ended: quiet, useless, yielded, over, forbidden or broken.',
      ['end'],
    )
  }

  of(target: Target, cached: Watchable, account?: Acting): TargetWatch {
    let watching: Watching | undefined
    let leftAloneUntil = -Infinity
    const watch = async (from: Version): Promise<void> => {
      watching = new Watching(this.#environment.clock)
      const end = await this.#watch({ target, account }, from, cached, watching)
      watching = undefined
      cached.watched(false)
      if (end === 'useless') leftAloneUntil = this.#environment.clock.monotonic() + uselessForMs
    }
    return {
      used: version => {
        if (watching) return cached.isWatchStale ? watching.finish('useless') : watching.used()
        if (cached.isContended && this.#takeTurn({ target, account }, leftAloneUntil)) void watch(version)
      },
    }
  }

  /** Ends all watches and starts no more. */
  close(): void {
    this.#closed.abort()
  }

  /** Takes the turn to begin a watch of this target. Returns false if none may begin now. */
  #takeTurn(watched: Watched, leftAloneUntil: number): boolean {
    if (this.#closed.signal.aborted) return false
    const now = this.#environment.clock.monotonic()
    if (now < Math.max(this.#nextAt, this.#restsUntil, leftAloneUntil) || this.#forbidden.has(watched)) return false
    if (this.#open.size >= maxWatched && !this.#makePlace(watched.target.namespace)) return false
    this.#nextAt = now + spacingMs
    return true
  }

  /**
   * Ends a watch in the namespace with the most watches, if that makes room for this namespace.
   * Returns whether it does.
   */
  #makePlace(namespace: string): boolean {
    const leaving = leavingFor(namespace, this.#open)
    leaving?.finish('yielded')
    return leaving !== undefined && this.#open.delete(leaving)
  }

  async #watch(watched: Watched, from: Version, cached: Watchable, watching: Watching): Promise<End> {
    this.#open.set(watching, watched.target.namespace)
    this.#gauge.set({}, this.#open.size)
    cached.watched(true)
    const end = await this.#pass(watched, from, cached, watching)
    watching.over()
    this.#open.delete(watching)
    this.#gauge.set({}, this.#open.size)
    this.#ends.add({ end })
    if (end === 'broken') this.#rest()
    else this.#rests = 0
    return end
  }

  #rest(): void {
    const now = this.#environment.clock.monotonic()
    // Several watches that break together cause one rest.
    if (now >= this.#restsUntil) this.#restsUntil = now + waitAfter(rest, this.#rests++)
  }

  /** Passes each version on until the watch ends. Resolves with why it ended. */
  async #pass(watched: Watched, from: Version, cached: Watchable, watching: Watching): Promise<End> {
    const { account, target } = watched
    const { clock, log } = this.#environment
    const { name, namespace, type } = target
    const source = { type, namespace, fieldSelector: `metadata.name=${name}` }
    const stop = AbortSignal.any([this.#closed.signal, watching.stop])
    const openedAt = clock.monotonic()
    const environment = actingIn(this.#environment, { account })
    try {
      for await (const event of openWatch(environment, source, from.resourceVersion, stop).events) {
        if (event.type === 'bookmark') continue
        // A deleted object, or one that is too large, has no known version.
        const state = event.type === 'put' ? stateOf(target, { object: event.object, bytes: 0 }) : undefined
        cached.reported(state?.state === 'found' ? state.version : undefined)
        watching.passed()
      }
      if (watching.end) return watching.end
      return this.#closed.signal.aborted || clock.monotonic() - openedAt >= shortMs ? 'over' : 'broken'
    } catch (error) {
      if (error instanceof WatchRefused && error.status === 403) {
        this.#forbidden.add(watched, error.message)
        return 'forbidden'
      }
      const isExpected = [WatchRefused, Unreachable, MalformedEvent].some(known => error instanceof known)
      if (isExpected) log.debug({ namespace, target: name, error }, 'the watch of a target broke')
      else log.error({ namespace, target: name, error }, 'the watch of a target failed unexpectedly')
      return 'broken'
    }
  }
}

/**
 * Returns the watch that makes room for a target of `namespace`: the longest unused one of the
 * namespace with the most. Returns undefined if no namespace has two more than this one: with less
 * difference, two namespaces would take the place from each other for ever.
 */
const leavingFor = (namespace: string, open: ReadonlyMap<Watching, string>): Watching | undefined => {
  const counts = new Map<string, number>()
  for (const each of open.values()) counts.set(each, (counts.get(each) ?? 0) + 1)
  const most = Math.max(...counts.values())
  if (most < (counts.get(namespace) ?? 0) + 2) return undefined
  return [...open].filter(([, each]) => counts.get(each) === most).toSorted(([a], [b]) => a.usedAt - b.usedAt)[0]?.[0]
}

/** An open watch, and how posts use it. */
class Watching {
  readonly #clock: Environment['clock']
  readonly #stop = new AbortController()
  #end: End | undefined
  #usedAt: number
  #unused = 0
  #cancel: () => void

  constructor(clock: Environment['clock']) {
    this.#clock = clock
    this.#usedAt = clock.monotonic()
    this.#cancel = clock.after(quietMs, this.#look)
  }

  get stop(): AbortSignal {
    return this.#stop.signal
  }

  /** Returns why this process ended the watch. Undefined if it did not. */
  get end(): End | undefined {
    return this.#end
  }

  /** Returns when a post last used the watch, in monotonic milliseconds. */
  get usedAt(): number {
    return this.#usedAt
  }

  /** Notes that a post used a reported version. */
  used(): void {
    this.#usedAt = this.#clock.monotonic()
    this.#unused = 0
  }

  /** Notes that one more version was passed on. */
  passed(): void {
    if (++this.#unused > maxUnused) this.finish('useless')
  }

  finish(as: End): void {
    this.#end ??= as
    this.#stop.abort()
  }

  /** Notes that the watch has ended. */
  over(): void {
    this.#cancel()
  }

  readonly #look = (): void => {
    const leftMs = this.#usedAt + quietMs - this.#clock.monotonic()
    if (leftMs <= 0) this.finish('quiet')
    else this.#cancel = this.#clock.after(leftMs, this.#look)
  }
}

/** A target, and the account as which it is watched. */
interface Watched {
  readonly target: Target
  readonly account: Acting | undefined
}

/** Remembers the namespaces in which a kind cannot be watched. Logs each kind once. */
const forbiddenKinds = ({ clock, log }: Pick<Environment, 'clock' | 'log'>) => {
  const until = new BoundedMap<string, number>(maxForbidden)
  const said = new BoundedMap<string, true>(maxForbidden)
  const kindOf = ({ type }: Target): string => `${type.resource}.${type.group}`
  const placeOf = ({ account, target }: Watched): string =>
    `${kindOf(target)} ${target.namespace}${account ? ` as ${account.name}` : ''}`
  return {
    has: (watched: Watched): boolean => clock.monotonic() < (until.get(placeOf(watched)) ?? -Infinity),
    add: (watched: Watched, why: string): void => {
      const { target } = watched
      until.set(placeOf(watched), clock.monotonic() + forbiddenForMs)
      const kind = kindOf(target)
      if (said.get(kind)) return
      said.set(kind, true)
      log.warn({ kind, namespace: target.namespace, why }, readInstead)
    },
  }
}

const readInstead = "these targets can't be watched, so each is read before a write: allow `watch` to avoid that"
