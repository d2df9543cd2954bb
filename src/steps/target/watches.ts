import { boundedMap } from '../../environment/bounded-map.ts'
import type { Environment } from '../../environment/environment.ts'
import { Unreachable, WatchRefused } from '../../environment/unreachable.ts'
import { Waits } from '../../environment/backoff.ts'
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

/** After a watch broke, none begins for so long, in milliseconds. The time doubles while none goes well. */
const firstRestMs = 10_000
const maxRestMs = 300_000

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

/** The watches of single targets that one process has. */
export interface TargetWatches {
  of(target: Target, listener: Listener): TargetWatch
  /** Ends all of them, and begins no more. */
  close(): void
}

/**
 * How a watch ended. quiet: nobody posts any more. useless: it was late, or reported much that nobody needed. yielded: a target of another
 * namespace took its place. over: the API server ended it in order.
 */
type End = 'quiet' | 'useless' | 'yielded' | 'over' | 'forbidden' | 'broken'

/**
 * Watches targets that others write again and again. Otherwise each write needs a read before it, or fails every second time.
 * What a watch reports is no proof of anything: a write replaces the version that it was computed from, or none.
 */
export const targetWatches = (
  environment: Pick<Environment, 'api' | 'clock' | 'log' | 'metrics' | 'random'>,
): TargetWatches => {
  const { clock, log, metrics } = environment
  const closed = new AbortController()
  const forbidden = forbiddenKinds(environment)
  const rests = new Waits({ firstMs: firstRestMs, maxMs: maxRestMs })
  /** When the next may begin, and until when none may since one broke, in monotonic milliseconds. */
  let nextAt = -Infinity
  let restsUntil = -Infinity
  /** The watches that are open, and the namespaces of their targets. */
  const open = new Map<Watching, string>()
  const gauge = metrics.gauge(
    'receiverhooks_targets_watched',
    'Targets that are watched, since others write them at the same time.',
    [],
  )
  gauge.set({}, open.size)
  const ends = metrics.counter(
    'receiverhooks_target_watches_ended_total',
    'Ends of watches of targets: quiet, useless, yielded, over, forbidden or broken.',
    ['end'],
  )

  const rest = (): void => {
    // Of many that break together one counts.
    if (clock.monotonic() >= restsUntil) restsUntil = clock.monotonic() + rests.next()
  }

  /** Whether a target of this namespace may be watched. Where all places are taken, ends a watch of the namespace that has most. */
  const takePlace = (namespace: string): boolean => {
    if (open.size < maxWatched) return true
    const leaving = leavingFor(namespace, open)
    leaving?.yield()
    if (leaving) open.delete(leaving)
    return leaving !== undefined
  }

  /** Passes each version on until the watch ends. */
  const pass = async (target: Target, from: Version, listener: Listener, watch: Watching): Promise<End> => {
    const { name, namespace, type } = target
    const source = { type, namespace, fieldSelector: `metadata.name=${name}` }
    const stop = AbortSignal.any([closed.signal, watch.stop])
    const openedAt = clock.monotonic()
    try {
      for await (const event of openWatch(environment, source, from.resourceVersion, stop).events) {
        if (event.type === 'bookmark') continue
        // Of one that is deleted, or too large to be read, no version is known.
        const state = event.type === 'put' ? stateOf(target, { object: event.object, bytes: 0 }) : undefined
        listener.reported(state?.state === 'found' ? state.version : undefined)
        watch.passed()
      }
      if (watch.end) return watch.end
      return closed.signal.aborted || clock.monotonic() - openedAt >= shortMs ? 'over' : 'broken'
    } catch (error) {
      if (error instanceof WatchRefused && error.status === 403) {
        forbidden.add(target, error.message)
        return 'forbidden'
      }
      const isExpected = [WatchRefused, Unreachable, MalformedEvent].some(known => error instanceof known)
      if (isExpected) log.debug({ namespace, target: name, error }, 'the watch of a target broke')
      else log.error({ namespace, target: name, error }, 'the watch of a target failed in a way it never should')
      return 'broken'
    }
  }

  return {
    of: (target, listener) => {
      let watching: Watching | undefined
      let leftAloneUntil = -Infinity

      const watch = async (from: Version, mine: Watching): Promise<void> => {
        watching = mine
        open.set(mine, target.namespace)
        gauge.set({}, open.size)
        listener.watched(true)
        const end = await pass(target, from, listener, mine)
        mine.over()
        watching = undefined
        open.delete(mine)
        gauge.set({}, open.size)
        listener.watched(false)
        ends.add({ end })
        if (end === 'broken') rest()
        else rests.reset()
        if (end === 'useless') leftAloneUntil = clock.monotonic() + uselessForMs
      }

      return {
        used: version => {
          if (watching) return listener.isWatchStale ? watching.useless() : watching.used()
          if (!listener.isContended || closed.signal.aborted) return
          const now = clock.monotonic()
          if (now < Math.max(nextAt, restsUntil, leftAloneUntil) || forbidden.has(target)) return
          if (!takePlace(target.namespace)) return
          nextAt = now + spacingMs
          void watch(version, watchingOf(clock))
        },
      }
    },
    close: () => closed.abort(),
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
  const until = boundedMap<string, number>(maxForbidden)
  const said = boundedMap<string, true>(maxForbidden)
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
