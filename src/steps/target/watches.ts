import type { Counter, Environment, Metrics } from '../../environment/environment.ts'
import { Unreachable, WatchRefused } from '../../environment/unreachable.ts'
import { waitAfter, type Backoff } from '../../environment/backoff.ts'
import { MalformedEvent, openWatch } from '../../kube/watch.ts'
import type { Acting } from '../../kube/acting.ts'
import { actingIn } from '../../record/context.ts'
import { forbiddenKinds, type Watched } from './forbidden-kinds.ts'
import type { Target, Version } from './target.ts'
import { stateOf } from './read.ts'

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

/**
 * How many versions in a row a watch may report without a post that uses one. After that, the watch
 * ends.
 */
const maxUnused = 50

/** How long a target is not watched after a useless watch, in milliseconds. */
const uselessForMs = 60_000

/**
 * How long no watch begins after one broke. The time doubles with each further watch that breaks,
 * until one does not.
 */
const rest: Backoff = { firstMs: 10_000, maxMs: 300_000 }

/**
 * A watch that ends earlier than this is broken, in milliseconds. A normal watch lasts five
 * minutes.
 */
const shortMs = 60_000

/** Receives a target's versions. */
export interface Listener {
  /**
   * True if others write the target repeatedly between our writes. Then a watch is worth its cost.
   */
  readonly isContended: boolean
  /** True if the watch is so late that it causes conflicts. */
  readonly isWatchStale: boolean
  /** Notes that a watch begins (`is` is true) or has ended. */
  watched(is: boolean): void
  /**
   * Receives a version from the watch. Undefined: the target changed, and its new version cannot be
   * used.
   */
  reported(version: Version | undefined): void
}

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

  /** Returns the watch of a target, as the account that writes the target. */
  of(target: Target, listener: Listener, account?: Acting): TargetWatch {
    let watching: Watching | undefined
    let leftAloneUntil = -Infinity
    const watch = async (from: Version): Promise<void> => {
      watching = watchingOf(this.#environment.clock)
      const end = await this.#watch({ target, account }, from, listener, watching)
      watching = undefined
      listener.watched(false)
      if (end === 'useless') leftAloneUntil = this.#environment.clock.monotonic() + uselessForMs
    }
    return {
      used: version => {
        if (watching) return listener.isWatchStale ? watching.useless() : watching.used()
        if (listener.isContended && this.#mayBegin({ target, account }, leftAloneUntil)) void watch(version)
      },
    }
  }

  /** Ends all watches and starts no more. */
  close(): void {
    this.#closed.abort()
  }

  /** Returns whether a watch of this target may begin now. If so, its place is taken. */
  #mayBegin(watched: Watched, leftAloneUntil: number): boolean {
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
    leaving?.yield()
    return leaving !== undefined && this.#open.delete(leaving)
  }

  async #watch(watched: Watched, from: Version, listener: Listener, watching: Watching): Promise<End> {
    this.#open.set(watching, watched.target.namespace)
    this.#gauge.set({}, this.#open.size)
    listener.watched(true)
    const end = await this.#pass(watched, from, listener, watching)
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

  /** Passes each version on to the listener until the watch ends. Resolves with why it ended. */
  async #pass(watched: Watched, from: Version, listener: Listener, watching: Watching): Promise<End> {
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
        listener.reported(state?.state === 'found' ? state.version : undefined)
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

/** An open watch, and how posts use it. */
interface Watching {
  readonly stop: AbortSignal
  /** Why this process ended the watch. Undefined if it did not. */
  readonly end: End | undefined
  /** Notes that a post used a reported version. */
  used(): void
  /** Notes that one more version was passed on. */
  passed(): void
  /** When a post last used the watch, in monotonic milliseconds. */
  readonly usedAt: number
  /** Ends the watch as useless. */
  useless(): void
  /** Ends the watch because its place is needed. */
  yield(): void
  /** Notes that the watch has ended. */
  over(): void
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

const watchingOf = (clock: Environment['clock']): Watching => {
  const stop = new AbortController()
  let end: End | undefined
  let usedAt = clock.monotonic()
  let unused = 0
  const finish = (as: End): void => {
    end ??= as
    stop.abort()
  }
  const look = (): void => {
    const leftMs = usedAt + quietMs - clock.monotonic()
    if (leftMs <= 0) finish('quiet')
    else cancel = clock.after(leftMs, look)
  }
  let cancel = clock.after(quietMs, look)
  return {
    stop: stop.signal,
    get end() {
      return end
    },
    used: () => {
      usedAt = clock.monotonic()
      unused = 0
    },
    passed: () => {
      if (++unused > maxUnused) finish('useless')
    },
    get usedAt() {
      return usedAt
    },
    useless: () => finish('useless'),
    yield: () => finish('yielded'),
    over: () => cancel(),
  }
}
