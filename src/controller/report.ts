import type { ReceiverHook } from '../api/hook.ts'
import type { StoredObject } from '../api/object.ts'
import type { ApiConnection, Clock } from '../environment/environment.ts'
import { wait } from '../environment/wait.ts'
import type { EventRecorder } from '../kube/events.ts'
import { pauseAfter } from '../environment/backoff.ts'
import { eventsOf, isNew, writeReport, Emitted, type DeliveryReport } from './deliveries.ts'
import { outdatedEvent } from './events.ts'
import { clearRecorded } from './leases.ts'
import { orOutOfDate, outOfDate, type ReconcileKey } from './queue.ts'

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

/** A hook whose status lacks something. Without a report, its record is gone, and its status shows what was in it. */
export interface Unreported {
  readonly hook: ReceiverHook
  readonly report: DeliveryReport | undefined
}

/**
 * Returns the work that writes reports into statuses and makes Events. `unreported` returns a hook
 * and its report, or undefined if there is nothing to report. If a hook was deleted or is not
 * cached yet, its next delivery brings the report back.
 */
export const reportWork = (
  { api, clock, events, wrote }: Reporting,
  unreported: (key: string) => Unreported | undefined,
  stop: AbortSignal,
): ReconcileKey => {
  let tookMs = 0
  const emitted = new Emitted(clock.now())
  return async key => {
    const found = unreported(key)
    if (!found) return { isFinal: true }
    await wait(clock, pauseAfter(tookMs, pauseMs), stop)
    const { hook, report } = found
    const write = writeOf(api, hook, report)
    if (write) {
      const began = clock.monotonic()
      const stored = await orOutOfDate(write())
      tookMs = clock.monotonic() - began
      if (stored === outOfDate) return outOfDate
      wrote(stored)
    }
    if (report) for (const event of eventsOf(hook, report, emitted)) events.emit(event)
    return { isFinal: true }
  }
}

/** Returns what writes the status of a hook. Undefined if the status says all of the report already. */
const writeOf = (api: ApiConnection, hook: ReceiverHook, report: DeliveryReport | undefined) => {
  if (!report) return () => clearRecorded(api, hook)
  const { reported } = report
  return reported && isNew(hook, report) ? () => writeReport(api, hook, report, reported) : undefined
}

/** Returns a function that makes an Event of why the status of a hook is outdated, unless the hook is gone. */
export const stuckReport =
  (events: EventRecorder, hookOf: (key: string) => ReceiverHook | undefined) =>
  (key: string, error: unknown): void => {
    const hook = hookOf(key)
    if (hook) events.emit(outdatedEvent(hook, error))
  }
