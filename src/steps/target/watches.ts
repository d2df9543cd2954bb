import { BoundedMap } from '../../environment/bounded-map.ts'
import type { Counter, Environment, Metrics } from '../../environment/environment.ts'
import { Unreachable, WatchRefused } from '../../environment/unreachable.ts'
import { waitAfter, type Backoff } from '../../environment/backoff.ts'
import { MalformedEvent, openWatch } from '../../kube/watch.ts'
import type { Target, Version } from './target.ts'
import { stateOf } from './read.ts'

/**
 * How many targets one process watches. Each watch has a connection of its own. Where all are taken, a namespace gets one of the
 * namespace that has most, until they have equally many.
 */
const maxWatched = 64

/** The least time between the beginnings of two watches, in milliseconds: to connect costs both sides a few of them. */
const spacingMs = 100

/** How long a target is watched after its last post, in milliseconds. */
const quietMs = 30_000

/** How many versions in a row a watch reports without a post between them, before it ends. */
const maxUnused = 50

/** How long a target is left alone whose watch did no good, in milliseconds. */
const uselessForMs = 60_000

/** How long a kind is not watched in a namespace where that was forbidden, in milliseconds. */
const forbiddenForMs = 600_000

/** How many kinds, each in one namespace, are remembered as forbidden. */
const maxForbidden = 1000

/** After a watch broke, none begins for so long. The time doubles while none goes well. */
const rest: Backoff = { firstMs: 10_000, maxMs: 300_000 }

/** A watch that the API server ends sooner than this is broken, in milliseconds: it is meant to last for five minutes. */
const shortMs = 60_000

/** Receives a target's versions. */
export interface Listener {
  /** Whether others write the target again and again between our writes: then it pays to watch it. */
  readonly isContended: boolean
  /** Whether the watch is so late that it does more harm than good. */
  readonly isWatchStale: boolean
  /** A watch begins to report the versions, or has ended. */
  watched(is: boolean): void
  /** A watch has reported a version; undefined where something in it keeps it from being used. */
  reported(version: Version | undefined): void
}

/** A target that is watched while others write it as well. */
export interface TargetWatch {
  /** Says that posts are at work on this version. The watch begins with it, where one pays. */
  used(version: Version): void
}

/**
 * How a watch ended. quiet: nobody posts any more. useless: it was late, or reported much that nobody needed. yielded: a target of another
 * namespace took its place. over: the API server ended it in order.
 */
type End = 'quiet' | 'useless' | 'yielded' | 'over' | 'forbidden' | 'broken'

/**
 * The watches of single targets that one process has: of those that others write again and again. Otherwise each write needs a read
 * before it, or fails every second time. What a watch reports is no proof of anything: a write replaces the version that it
 * was computed from, or none.
 */
export class TargetWatches {
  readonly #environment: Pick<Environment, 'api' | 'clock' | 'log' | 'random'>
  readonly #closed = new AbortController()
  readonly #forbidden: ReturnType<typeof forbiddenKinds>
  /** How many rests there were since a watch went well. */
  #rests = 0
  readonly #gauge: ReturnType<Metrics['gauge']>
  readonly #ends: Counter
  /** The watches that are open, and the namespaces of their targets. */
  readonly #open = new Map<Watching, string>()
  /** When the next may begin, and until when none may since one broke, in monotonic milliseconds. */
  #nextAt = -Infinity
  #restsUntil = -Infinity

  constructor(environment: Pick<Environment, 'api' | 'clock' | 'log' | 'metrics' | 'random'>) {
    const { metrics } = environment
    this.#environment = environment
    this.#forbidden = forbiddenKinds(environment)
    this.#gauge = metrics.gauge(
      'receiverhooks_targets_watched',
      'Targets that are watched, since others write them at the same time.',
      [],
    )
    this.#gauge.set({}, 0)
    this.#ends = metrics.counter(
      'receiverhooks_target_watches_ended_total',
      'Ends of watches of targets: quiet, useless, yielded, over, forbidden or broken.',
      ['end'],
    )
  }

  of(target: Target, listener: Listener): TargetWatch {
    let watching: Watching | undefined
    let leftAloneUntil = -Infinity
    const watch = async (from: Version): Promise<void> => {
      watching = watchingOf(this.#environment.clock)
      const end = await this.#watch(target, from, listener, watching)
      watching = undefined
      listener.watched(false)
      if (end === 'useless') leftAloneUntil = this.#environment.clock.monotonic() + uselessForMs
    }
    return {
      used: version => {
        if (watching) return listener.isWatchStale ? watching.useless() : watching.used()
        if (listener.isContended && this.#mayBegin(target, leftAloneUntil)) void watch(version)
      },
    }
  }

  /** Ends all of them, and begins no more. */
  close(): void {
    this.#closed.abort()
  }

  /** Whether a watch of this target may begin now. If so, it has a place. */
  #mayBegin(target: Target, leftAloneUntil: number): boolean {
    if (this.#closed.signal.aborted) return false
    const now = this.#environment.clock.monotonic()
    if (now < Math.max(this.#nextAt, this.#restsUntil, leftAloneUntil) || this.#forbidden.has(target)) return false
    if (this.#open.size >= maxWatched && !this.#makePlace(target.namespace)) return false
    this.#nextAt = now + spacingMs
    return true
  }

  /** Ends a watch of the namespace that has most, where that is to make room for this one. */
  #makePlace(namespace: string): boolean {
    const leaving = leavingFor(namespace, this.#open)
    leaving?.yield()
    return leaving !== undefined && this.#open.delete(leaving)
  }

  async #watch(target: Target, from: Version, listener: Listener, watching: Watching): Promise<End> {
    this.#open.set(watching, target.namespace)
    this.#gauge.set({}, this.#open.size)
    listener.watched(true)
    const end = await this.#pass(target, from, listener, watching)
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
    // Of many that break together one counts.
    if (now >= this.#restsUntil) this.#restsUntil = now + waitAfter(rest, this.#rests++)
  }

  /** Passes each version on until the watch ends. */
  async #pass(target: Target, from: Version, listener: Listener, watching: Watching): Promise<End> {
    const { clock, log } = this.#environment
    const { name, namespace, type } = target
    const source = { type, namespace, fieldSelector: `metadata.name=${name}` }
    const stop = AbortSignal.any([this.#closed.signal, watching.stop])
    const openedAt = clock.monotonic()
    try {
      for await (const event of openWatch(this.#environment, source, from.resourceVersion, stop).events) {
        if (event.type === 'bookmark') continue
        // Of one that is deleted, or too large to be read, no version is known.
        const state = event.type === 'put' ? stateOf(target, { object: event.object, bytes: 0 }) : undefined
        listener.reported(state?.state === 'found' ? state.version : undefined)
        watching.passed()
      }
      if (watching.end) return watching.end
      return this.#closed.signal.aborted || clock.monotonic() - openedAt >= shortMs ? 'over' : 'broken'
    } catch (error) {
      if (error instanceof WatchRefused && error.status === 403) {
        this.#forbidden.add(target, error.message)
        return 'forbidden'
      }
      const isExpected = [WatchRefused, Unreachable, MalformedEvent].some(known => error instanceof known)
      if (isExpected) log.debug({ namespace, target: name, error }, 'the watch of a target broke')
      else log.error({ namespace, target: name, error }, 'the watch of a target failed in a way it never should')
      return 'broken'
    }
  }
}

/** A watch that is open, and whether it does any good. */
interface Watching {
  readonly stop: AbortSignal
  /** Why it was ended here, where it was. */
  readonly end: End | undefined
  /** A post has used what it reported. */
  used(): void
  /** One more version was passed on. */
  passed(): void
  /** When a post used it last, in monotonic milliseconds. */
  readonly usedAt: number
  /** Ends it as one that did no good. */
  useless(): void
  /** Ends it, since its place is another's. */
  yield(): void
  /** It has ended. */
  over(): void
}

/**
 * The watch that makes room for a target of `namespace`: of the namespace that has most, the one that was not used for longest.
 * Undefined where no namespace has two more than this one: else they would take turns for ever.
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

/** Remembers which kinds may not be watched in which namespaces, and says so once a kind. */
const forbiddenKinds = ({ clock, log }: Pick<Environment, 'clock' | 'log'>) => {
  const until = new BoundedMap<string, number>(maxForbidden)
  const said = new BoundedMap<string, true>(maxForbidden)
  const kindOf = ({ type }: Target): string => `${type.resource}.${type.group}`
  const placeOf = (target: Target): string => `${kindOf(target)} ${target.namespace}`
  return {
    has: (target: Target): boolean => clock.monotonic() < (until.get(placeOf(target)) ?? -Infinity),
    add: (target: Target, why: string): void => {
      until.set(placeOf(target), clock.monotonic() + forbiddenForMs)
      const kind = kindOf(target)
      if (said.get(kind)) return
      said.set(kind, true)
      log.warn({ kind, namespace: target.namespace, why }, readInstead)
    },
  }
}

const readInstead = 'these targets cannot be watched, so each is read before it is written: allow `watch` to spare that'
