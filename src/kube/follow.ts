import type { Counter, Environment, Metrics } from '../environment/environment.ts'
import type { HistoryCheck, History } from './lease-history.ts'
import { currencyOf } from './currency.ts'
import { remedyOf } from './errors.ts'
import type { Source } from './source.ts'
import { openWithinMs, type OpenWatch } from './watch.ts'
import { watchObjects, type ObjectChange } from './watch-objects.ts'

export interface Following {
  /** Returns whether a complete list has been read. Stays true. */
  readonly synced: () => boolean
  /**
   * Returns whether the sink has certainly received everything that was stored until {@link
   * currentForMs} ago. If not, changes may be missing even while the watch seems to work. Then read
   * what must be current from the API server. After each call, proofs are requested more often for
   * a while.
   */
  readonly fresh: () => boolean
  /**
   * Returns whether the sink has received everything that the API server has in its caches, which may be of the present history.
   * Only {@link fresh} waits until that is known. A list of the objects says no more than this.
   */
  readonly proven: () => boolean
  /** Returns why there is no list yet, or no watch now. Undefined if there are both. */
  readonly problem: () => string | undefined
  /** Lists and watches until `stop` is aborted. Never rejects. Call it once. */
  readonly run: (stop: AbortSignal) => Promise<void>
}

/** Receives the changes of a source, one after another. It must not throw. */
export type Sink = (change: ObjectChange) => void

/** Follows the objects of `source`: {@link follow}, or a version that several parts of a process share. */
export type Follow = (environment: Environment, source: Source, sink: Sink) => Following

/** Follows the objects of `source`, requests proofs that the reports are current, and logs errors. */
export const follow: Follow = (environment, source, sink) => followIn(undefined)(environment, source, sink)

/**
 * Returns a {@link follow} whose reports count as current only if they are of the present history of
 * the API server. Without a history, that is not checked.
 */
export const followIn =
  (history: History | undefined): Follow =>
  (environment, source, sink) => {
    const { clock, log } = environment
    const { resource } = source.type
    const counters = countersOf(environment)
    const currency = currencyOf(environment, source)
    let check: HistoryCheck | undefined
    let synced = false
    let cutSince: number | undefined
    /** Why the last list or watch failed. A repeated error is logged once. */
    let problem: string | undefined

    const healthy = (): void => {
      problem = undefined
      if (cutSince === undefined) return
      log.info({ resource, seconds: Math.round((clock.monotonic() - cutSince) / 1000) }, 'watch recovered')
      cutSince = undefined
    }

    const failed = ({ error, relists, retryInMs }: Extract<ObjectChange, { type: 'cut' }>): void => {
      cutSince ??= clock.monotonic()
      counters.cuts.add({ resource })
      const why = error instanceof Error ? error.message : String(error)
      const remedy = remedyOf(error, source.type, source.namespace)
      const level = (remedy ?? why) === problem ? 'debug' : 'warn'
      problem = remedy ?? why
      log[level]({ resource, why, relist: relists, retryInMs }, remedy ?? 'watch cut')
    }

    const run = async (stop: AbortSignal): Promise<void> => {
      const opened = (watch: OpenWatch): (() => void) => {
        const cancelHealthy = clock.after(openWithinMs, healthy)
        const endProof = currency.proveOver(watch)
        check = history?.checkOver(source, watch)
        return () => {
          endProof()
          check?.end()
          cancelHealthy()
        }
      }
      for await (const change of watchObjects(environment, source, stop, { opened })) {
        sink(change)
        if (change.type === 'cut') failed(change)
        if (change.type === 'page' && change.malformed > 0) {
          const { malformed } = change
          log.warn({ resource, malformed }, 'a list has items without name, uid or resourceVersion: they are left out')
        }
        if (change.type !== 'listed') continue
        counters.lists.add({ resource })
        synced = true
      }
    }

    const fresh = (): boolean => {
      // Both are called each time, because each call lets the next proof come sooner.
      const isOfThisHistory = history === undefined || (history.current() && check?.passed() === true)
      return currency.current() && isOfThisHistory
    }

    const proven = (): boolean => currency.current() && (history === undefined || check?.mayPass() === true)

    return { synced: () => synced, problem: () => problem, fresh, proven, run }
  }

const countersOf = ({ metrics }: Environment) => ({
  lists: metrics.counter('receiverhooks_watch_lists_total', 'Complete lists read before a watch.', ['resource']),
  cuts: watchCutsIn(metrics),
})

/** Returns the counter of lists and watches that failed. */
export const watchCutsIn = (metrics: Metrics): Counter =>
  metrics.counter('receiverhooks_watch_cuts_total', 'Lists and watches that failed.', ['resource'])
