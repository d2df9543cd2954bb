import type { Environment } from '../environment/environment.ts'
import { currencyOf } from './currency.ts'
import { remedyOf } from './remedy.ts'
import type { Source } from './source.ts'
import { openWithinMs } from './watch.ts'
import { watchObjects, type ObjectChange } from './watch-objects.ts'

export interface Following {
  /** Whether a whole list has been read; stays true. */
  readonly synced: () => boolean
  /**
   * Whether the sink is known to have got all that was stored until a moment ago ({@link currentForMs}). While not, changes may be
   * missing, however alive the watch seems: read live what must be right. Each call has it proven for a while.
   */
  readonly fresh: () => boolean
  /** Says why there is no list yet, or no watch; undefined while there is one. */
  readonly trouble: () => string | undefined
  /** Lists and watches until `stop` is aborted. Never rejects. Call it once. */
  readonly run: (stop: AbortSignal) => Promise<void>
}

/** Takes the changes of a source, one after another. It must not throw. */
export type Sink = (change: ObjectChange) => void

/** A way to follow the objects of `source`: {@link follow}, or one that several parts of a process share. */
export type Follow = (environment: Environment, source: Source, sink: Sink) => Following

/** Follows the objects of `source`, has it proven whether what was seen is current, and says in the log what goes wrong. */
export const follow: Follow = (environment, source, sink) => {
  const { clock, log } = environment
  const { resource } = source.type
  const counters = countersOf(environment)
  const currency = currencyOf(environment, source)
  let synced = false
  let cutSince: number | undefined
  /** Why the last list or watch failed: what goes wrong again and again is said once. */
  let trouble: string | undefined

  const healthy = (): void => {
    trouble = undefined
    if (cutSince === undefined) return
    log.info({ resource, seconds: Math.round((clock.monotonic() - cutSince) / 1000) }, 'watch recovered')
    cutSince = undefined
  }

  const failed = ({ error, relists, retryInMs }: Extract<ObjectChange, { type: 'cut' }>): void => {
    cutSince ??= clock.monotonic()
    counters.cuts.add({ resource })
    const why = error instanceof Error ? error.message : String(error)
    const remedy = remedyOf(error, source.type, source.namespace)
    const level = (remedy ?? why) === trouble ? 'debug' : 'warn'
    trouble = remedy ?? why
    log[level]({ resource, why, relist: relists, retryInMs }, remedy ?? 'watch cut')
  }

  const run = async (stop: AbortSignal): Promise<void> => {
    const opened = (watch: Parameters<typeof currency.proveOver>[0]): (() => void) => {
      const cancelHealthy = clock.after(openWithinMs, healthy)
      const endProof = currency.proveOver(watch)
      return () => {
        endProof()
        cancelHealthy()
      }
    }
    for await (const change of watchObjects(environment, source, stop, { opened })) {
      sink(change)
      if (change.type === 'cut') failed(change)
      if (change.type === 'page' && change.malformed > 0) {
        const { malformed } = change
        log.warn({ resource, malformed }, 'items of a list have no name, uid or resourceVersion: they are left out')
      }
      if (change.type !== 'listed') continue
      counters.lists.add({ resource })
      synced = true
    }
  }

  return { synced: () => synced, trouble: () => trouble, fresh: currency.current, run }
}

const countersOf = ({ metrics }: Environment) => ({
  lists: metrics.counter('receiverhooks_watch_lists_total', 'Complete lists read before a watch.', ['resource']),
  cuts: metrics.counter('receiverhooks_watch_cuts_total', 'Lists and watches that failed.', ['resource']),
})
