import type { ReceiverHook } from '../api/hook.ts'
import type { StoredObject } from '../api/object.ts'
import type { ApiConnection, Clock } from '../environment/environment.ts'
import { wait } from '../environment/wait.ts'
import type { EventRecorder } from '../kube/events.ts'
import { pauseAfter } from '../kube/make-way.ts'
import { eventsOf, isNew, emittedRefusals, writeReport, type DeliveryReport } from './deliveries.ts'
import { orOutOfDate } from './out-of-date.ts'
import { outOfDate, type ReconcileKey } from './queue.ts'

export interface Reporting {
  readonly clock: Clock
  readonly api: ApiConnection
  readonly events: EventRecorder
  /** Takes note of a hook as the API server has answered it. */
  wrote(this: void, object: StoredObject): void
}

/** Deliveries are reported with one worker and at least this pause, in milliseconds: at most fifty statuses a second. */
const pauseMs = 20

/**
 * Makes the work that writes the reports of hooks into their statuses, and their Events. `unreported` finds a hook and
 * its report; a hook that is gone, or not seen yet, is reported with its next delivery.
 */
export const reportWork = (
  { api, clock, events, wrote }: Reporting,
  unreported: (key: string) => { readonly hook: ReceiverHook; readonly report: DeliveryReport } | undefined,
  stop: AbortSignal,
): ReconcileKey => {
  let tookMs = 0
  const emitted = emittedRefusals()
  return async key => {
    const found = unreported(key)
    if (!found) return { settled: true }
    await wait(clock, pauseAfter(tookMs, pauseMs), stop)
    const { reported } = found.report
    if (reported && isNew(found.hook, found.report)) {
      const began = clock.monotonic()
      const stored = await orOutOfDate(writeReport(api, found.hook, reported))
      tookMs = clock.monotonic() - began
      if (stored === outOfDate) return outOfDate
      wrote(stored)
    }
    for (const event of eventsOf(found.hook, found.report, emitted)) events.emit(event)
    return { settled: true }
  }
}
