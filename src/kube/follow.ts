import type { Environment } from '../environment/environment.ts'
import { WatchRefused } from '../environment/unreachable.ts'
import { wait } from '../environment/wait.ts'
import { exponentialBackoff } from './backoff.ts'
import { ApiError } from './errors.ts'
import { listAll } from './list.ts'
import type { Sink, Source } from './source.ts'
import { MalformedEvent, openWithinMs, silenceMs, watchEvents } from './watch.ts'

export interface Following {
  /** Whether a whole list has been read; stays true. */
  readonly synced: () => boolean
  /** Whether a watch is open and not silent: what the sink was told is what the API server has. */
  readonly fresh: () => boolean
  /** Lists and watches until `stop` is aborted. Never rejects. */
  readonly run: (stop: AbortSignal) => Promise<void>
}

/** A way to follow the objects of `source`: {@link follow}, or one that several parts of a process share. */
export type Follow = (environment: Environment, source: Source, sink: Sink) => Following

/**
 * Follows the objects of `source`: lists them, watches from the list's version on, and resumes, whatever happens, from
 * the last version that was seen; where the API server no longer has that one, it lists again.
 */
export const follow: Follow = (environment, source, sink) => {
  const { clock, log } = environment
  const { resource } = source.type
  const counters = countersOf(environment)
  const backoff = exponentialBackoff(environment.random)
  let version: string | undefined
  let synced = false
  let heardAt = -Infinity
  /** From when on the open watch is trusted; never, while none is open. */
  let trustedFrom = Infinity
  let cutSince: number | undefined

  const healthy = (): void => {
    backoff.reset()
    if (cutSince === undefined) return
    log.info({ resource, seconds: Math.round((clock.monotonic() - cutSince) / 1000) }, 'watch recovered')
    cutSince = undefined
  }

  /** Watches until the API server ends it in order. `answered`: the server was there the moment before. */
  const watchOnce = async (from: string, answered: boolean, stop: AbortSignal): Promise<void> => {
    heardAt = clock.monotonic()
    trustedFrom = answered ? heardAt : heardAt + openWithinMs
    const cancelHealthy = clock.after(openWithinMs, healthy)
    try {
      for await (const event of watchEvents(environment, source, from, stop)) {
        heardAt = clock.monotonic()
        trustedFrom = Math.min(trustedFrom, heardAt)
        if (event.type !== 'bookmark') sink[event.type](event.object)
        version = event.version
      }
    } finally {
      cancelHealthy()
    }
  }

  /** Takes note of an error, and answers how long to wait before the next attempt. */
  const failed = (error: unknown, answered: boolean): number => {
    trustedFrom = Infinity
    cutSince ??= clock.monotonic()
    if (needsList(error)) {
      // A resumed watch found that the API server is back: list at once. After a list, that would be a loop.
      if (!answered && version !== undefined) backoff.reset()
      version = undefined
    }
    counters.cuts.add({ resource })
    const retryInMs = Math.round(backoff.next())
    const why = error instanceof Error ? error.message : String(error)
    log.warn({ resource, why, relist: version === undefined, retryInMs }, 'watch cut')
    return retryInMs
  }

  const run = async (stop: AbortSignal): Promise<void> => {
    let answered = false
    while (!stop.aborted) {
      try {
        if (version === undefined) {
          version = await listAll(environment, source, sink, stop)
          counters.lists.add({ resource })
          synced = answered = true
        }
        await watchOnce(version, answered, stop)
        answered = true
      } catch (error) {
        if (!stop.aborted) await wait(clock, failed(error, answered), stop)
        answered = false
      }
    }
    trustedFrom = Infinity
  }

  return {
    synced: () => synced,
    fresh: () => clock.monotonic() >= trustedFrom && clock.monotonic() - heardAt < silenceMs,
    run,
  }
}

const countersOf = ({ metrics }: Environment) => ({
  lists: metrics.counter('receiverhooks_watch_lists_total', 'Complete lists read before a watch.', ['resource']),
  cuts: metrics.counter('receiverhooks_watch_cuts_total', 'Lists and watches that failed.', ['resource']),
})

/** Whether nothing can be resumed: the API server no longer has the version, or what it sent cannot be read. */
const needsList = (error: unknown): boolean =>
  error instanceof MalformedEvent ||
  ((error instanceof WatchRefused || error instanceof ApiError) && error.status === 410)
