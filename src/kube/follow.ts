import type { Environment, Random } from '../environment/environment.ts'
import { WatchRefused } from '../environment/unreachable.ts'
import { wait } from '../environment/wait.ts'
import { Waits } from '../environment/backoff.ts'
import { jittered } from '../environment/chance.ts'
import { currencyOf } from './currency.ts'
import { ApiError } from './errors.ts'
import { listAll } from './list.ts'
import { remedyOf } from './remedy.ts'
import type { Sink, Source } from './source.ts'
import { MalformedEvent, openWatch, openWithinMs, type WatchEvent } from './watch.ts'

export interface Following {
  /** Whether a whole list has been read; stays true. */
  readonly synced: () => boolean
  /** Whether the sink is known to have been told of all that was stored until a moment ago ({@link currentForMs}). */
  readonly fresh: () => boolean
  /** Says why there is no list yet, or no watch; undefined while there is one. */
  readonly trouble: () => string | undefined
  /** Lists and watches until `stop` is aborted. Never rejects. */
  readonly run: (stop: AbortSignal) => Promise<void>
}

/** A way to follow the objects of `source`: {@link follow}, or one that several parts of a process share. */
export type Follow = (environment: Environment, source: Source, sink: Sink) => Following

/** The first retry is quick, since most cuts are over at once, in milliseconds. */
const quickMs = 50

/** Short enough that a new hook is not long unseen after an outage: each process has no more than four watches. */
const maxRetryMs = 10_000

/** Waits that double from 500 ms up to 10 s, after one quick retry. Each is lengthened by up to its half, by chance. */
class Retries {
  readonly #random: Random
  readonly #waits = new Waits({ firstMs: 500, maxMs: maxRetryMs / 1.5 })
  #isFirst = true

  constructor(random: Random) {
    this.#random = random
  }

  next(): number {
    const ms = this.#isFirst ? quickMs : this.#waits.next()
    this.#isFirst = false
    return jittered(this.#random, ms, 0.5)
  }

  reset(): void {
    this.#isFirst = true
    this.#waits.reset()
  }
}

/**
 * Follows the objects of `source`: lists them, watches from the list's version on, and resumes, whatever happens, from
 * the last version that was seen; where the API server no longer has that one, it lists again.
 */
export const follow: Follow = (environment, source, sink) => {
  const { clock, log } = environment
  const { resource } = source.type
  const counters = countersOf(environment)
  const retries = new Retries(environment.random)
  let version: string | undefined
  let synced = false
  const currency = currencyOf(environment, source)
  let cutSince: number | undefined
  /** Why the last list or watch failed: what goes wrong again and again is said once. */
  let trouble: string | undefined

  const healthy = (): void => {
    retries.reset()
    trouble = undefined
    if (cutSince === undefined) return
    log.info({ resource, seconds: Math.round((clock.monotonic() - cutSince) / 1000) }, 'watch recovered')
    cutSince = undefined
  }

  /** Watches until the API server ends it in order. */
  const watchOnce = async (from: string, stop: AbortSignal): Promise<void> => {
    const watch = openWatch(environment, source, from, stop)
    const cancelHealthy = clock.after(openWithinMs, healthy)
    const endProof = currency.proveOver(watch)
    try {
      for await (const event of watch.events) {
        deliver(event, sink)
        version = event.version
      }
    } finally {
      endProof()
      cancelHealthy()
    }
  }

  /** Takes note of an error, and answers how long to wait before the next attempt. */
  const failed = (error: unknown, answered: boolean): number => {
    cutSince ??= clock.monotonic()
    if (needsList(error)) {
      // A resumed watch found that the API server is back: list at once. After a list, that would be a loop.
      if (!answered && version !== undefined) retries.reset()
      version = undefined
    }
    counters.cuts.add({ resource })
    const retryInMs = Math.round(retries.next())
    const why = error instanceof Error ? error.message : String(error)
    const remedy = remedyOf(error, source.type, source.namespace)
    const level = (remedy ?? why) === trouble ? 'debug' : 'warn'
    trouble = remedy ?? why
    log[level]({ resource, why, relist: version === undefined, retryInMs }, remedy ?? 'watch cut')
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
        await watchOnce(version, stop)
        answered = true
      } catch (error) {
        if (!stop.aborted) await wait(clock, failed(error, answered), stop)
        answered = false
      }
    }
  }

  return {
    synced: () => synced,
    trouble: () => trouble,
    fresh: () => currency.current(),
    run,
  }
}

const deliver = (event: WatchEvent, sink: Sink): void => {
  switch (event.type) {
    case 'put':
      return sink.put(event.object)
    case 'put large':
      return sink.putLarge(event.object)
    case 'remove':
      return sink.remove(event.object)
    case 'bookmark':
      return
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
