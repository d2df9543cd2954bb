import type { ReceiverHook } from '../api/hook.ts'
import type { StoredObject } from '../api/object.ts'
import type { ApiConnection, Clock } from '../environment/environment.ts'
import { wait } from '../environment/wait.ts'
import type { EventRecorder } from '../kube/events.ts'
import { pauseAfter } from '../kube/make-way.ts'
import { eventsOf, isNew, writeReport, type DeliveryReport } from './deliveries.ts'
import { emittedTimes } from './emitted.ts'
import { orOutOfDate } from './out-of-date.ts'
import { outOfDate, type ReconcileKey } from './queue.ts'

export interface Reporting {
  readonly clock: Clock
  readonly api: ApiConnection
  readonly events: EventRecorder
  /** Receives a hook from the API server's answer to a write. */
  wrote(this: void, object: StoredObject): void
}

/**
 * The shortest pause before each report, in milliseconds. One worker writes all reports, so it
 * writes at most 50 statuses a second.
 */
const pauseMs = 20

/**
 * Returns the work that writes reports into statuses and makes Events. `unreported` returns a hook
 * and its report, or undefined if there is nothing to report. If a hook was deleted or is not
 * cached yet, its next delivery brings the report back.
 */
export const reportWork = (
  { api, clock, events, wrote }: Reporting,
  unreported: (key: string) => { readonly hook: ReceiverHook; readonly report: DeliveryReport } | undefined,
  stop: AbortSignal,
): ReconcileKey => {
  let tookMs = 0
  const emitted = emittedTimes()
  return async key => {
    const found = unreported(key)
    if (!found) return { isFinal: true }
    await wait(clock, pauseAfter(tookMs, pauseMs), stop)
    const { reported } = found.report
    if (reported && isNew(found.hook, found.report)) {
      const began = clock.monotonic()
      const stored = await orOutOfDate(writeReport(api, found.hook, found.report, reported))
      tookMs = clock.monotonic() - began
      if (stored === outOfDate) return outOfDate
      wrote(stored)
    }
    for (const event of eventsOf(found.hook, found.report, emitted)) events.emit(event)
    return { isFinal: true }
  }
}
