import { boundedMap } from '../../environment/bounded-map.ts'
import type { Environment } from '../../environment/environment.ts'
import { Unreachable, WatchRefused } from '../../environment/unreachable.ts'
import { MalformedEvent, openWatch } from '../../kube/watch.ts'
import type { KnownVersion } from '../known.ts'
import type { Target } from '../steps.ts'
import { stateOf, type Version } from './read.ts'

/** How many targets one process watches. Each watch has a connection of its own. */
const mostWatched = 64

/** How long a target is watched after its last post, in milliseconds. */
const quietMs = 30_000

/** How long a target is not watched after its watch broke, and no target of a kind after that was forbidden, in milliseconds. */
const brokenForMs = 10_000
const forbiddenForMs = 600_000

/** How many kinds, each in one namespace, are remembered as forbidden. */
const mostForbidden = 1000

/** Who is told a target's versions. */
export type Listener = Pick<KnownVersion, 'isContended' | 'watched' | 'heard'>

/** A target that is watched while others write it as well. */
export interface TargetWatch {
  /** Says that posts are at work on this version. The watch begins with it, where one pays. */
  used(version: Version): void
}

/** The watches of single targets that one process has. */
export interface TargetWatches {
  of(target: Target, listener: Listener): TargetWatch
}

/**
 * Watches targets that others write again and again. Otherwise each write needs a read before it, or fails every second time.
 * What a watch tells is no proof of anything: a write replaces the version that it was computed from, or none.
 */
export const targetWatches = (
  environment: Pick<Environment, 'api' | 'clock' | 'log' | 'metrics' | 'random'>,
): TargetWatches => {
  const { clock, log, metrics } = environment
  /** Until when objects of a kind are not watched in a namespace, in monotonic milliseconds. */
  const forbidden = boundedMap<string, number>(mostForbidden)
  const gauge = metrics.gauge(
    'receiverhooks_targets_watched',
    'Targets that are watched, since others write them at the same time.',
    [],
  )
  let open = 0
  const count = (by: number): void => {
    open += by
    gauge.set({}, open)
  }
  count(0)

  /** Passes each version on until the watch ends. Answers how long the target is left alone after that, in milliseconds. */
  const pass = async (target: Target, from: Version, listener: Listener, stop: AbortSignal): Promise<number> => {
    const { name, namespace, type } = target
    const source = { type, namespace, fieldSelector: `metadata.name=${name}` }
    try {
      for await (const event of openWatch(environment, source, from.resourceVersion, stop).events) {
        if (event.type === 'bookmark') continue
        const state = event.type === 'put' ? stateOf(target, event.object) : undefined
        listener.heard(state?.state === 'found' ? state.version : undefined)
      }
      return 0
    } catch (error) {
      if (error instanceof WatchRefused && error.status === 403) {
        const isTold = forbidden.get(kindOf(target)) !== undefined
        forbidden.set(kindOf(target), clock.monotonic() + forbiddenForMs)
        if (!isTold) log.warn({ namespace, why: error.message }, readInstead)
      } else if (!isTrouble(error)) {
        log.error({ namespace, target: name, error }, 'the watch of a target failed in a way it never should')
      }
      return brokenForMs
    }
  }

  return {
    of: (target, listener) => {
      let usedAt = -Infinity
      let isOpen = false
      let restsUntil = -Infinity

      const watch = async (from: Version): Promise<void> => {
        const stop = new AbortController()
        const look = (): void => {
          const leftMs = usedAt + quietMs - clock.monotonic()
          if (leftMs <= 0) stop.abort()
          else cancel = clock.after(leftMs, look)
        }
        let cancel = clock.after(quietMs, look)
        isOpen = true
        count(1)
        listener.watched(true)
        const restMs = await pass(target, from, listener, stop.signal)
        cancel()
        isOpen = false
        count(-1)
        listener.watched(false)
        restsUntil = clock.monotonic() + restMs
      }

      return {
        used: version => {
          usedAt = clock.monotonic()
          if (isOpen || !listener.isContended || open >= mostWatched || usedAt < restsUntil) return
          if (usedAt >= (forbidden.get(kindOf(target)) ?? -Infinity)) void watch(version)
        },
      }
    },
  }
}

const readInstead = 'these targets cannot be watched, so each is read before it is written: allow `watch` to spare that'

const isTrouble = (error: unknown): boolean =>
  error instanceof WatchRefused || error instanceof Unreachable || error instanceof MalformedEvent

const kindOf = ({ namespace, type }: Target): string => `${type.group}/${type.resource} ${namespace}`
