import { BoundedMap } from '../environment/bounded-map.ts'
import type { Environment } from '../environment/environment.ts'
import { redacted } from '../environment/redact.ts'
import { rfc3339Micro } from '../environment/time.ts'
import { nameLength } from '../api/names.ts'
import { apiVersionOf, collectionPath, objectPath } from './paths.ts'
import { sendMergePatch, send } from './requests.ts'
import { events } from './resources.ts'

/** A reference to an object, in the form that an Event has. */
export interface EventObject {
  readonly apiVersion: string
  readonly kind: string
  readonly namespace: string
  readonly name: string
  readonly uid?: string
  readonly resourceVersion?: string
}

export interface EmittedEvent {
  /** The object that the Event is about. The Event is created in its namespace. */
  readonly regarding: EventObject
  /** A second object, on which the first one acts. */
  readonly related?: EventObject | undefined
  readonly type: 'Normal' | 'Warning'
  /** The reason for machines, such as `TargetNotFound`. */
  readonly reason: string
  /** What the reporting controller was doing, such as `Reconcile`. */
  readonly action: string
  /** The reason for people. It is cut at 1 KiB. */
  readonly note: string
}

export interface EventRecorder {
  /**
   * Writes an Event soon, or counts it in the previous one. Returns at once and never throws:
   * Events are best effort.
   */
  emit(event: EmittedEvent): void
}

type EventEnvironment = Pick<Environment, 'api' | 'clock' | 'log' | 'metrics' | 'random'>

/** What is remembered of the Events about one object and reason. */
interface Slot {
  /** The Event to write next, with the newest note, and how often it occurred. Undefined if none waits. */
  due: { readonly event: EmittedEvent; count: number } | undefined
  scheduled: boolean
  triedAt: number
  /**
   * The last written Event. Undefined if none was written, or if the last write failed: the next
   * write then creates an Event.
   */
  written: { readonly name: string; readonly note: string; readonly count: number } | undefined
}

/** The shortest time between two writes about one object and reason, in milliseconds. */
const spacingMs = 10_000

/**
 * The longest time between two writes of one series of repeats, in milliseconds. A later repeat is
 * a new Event. client-go uses the same value.
 */
const seriesMs = 6 * 60_000

/**
 * The largest number of pairs of object and reason that are remembered, and of Events that wait.
 * Beyond the first number the oldest pair is forgotten; beyond the second a new Event is dropped.
 */
const maxSlots = 1_000
const maxWaiting = 100

const noteBytes = 1_024

/** Writes `events.k8s.io/v1` Events one after another, with the names of a controller and of its instance. */
export const eventRecorder = (
  environment: EventEnvironment,
  reporting: { readonly controller: string; readonly instance: string },
): EventRecorder => {
  const { clock, log, metrics } = environment
  const dropped = metrics.counter(
    'receiverhooks_events_dropped_total',
    'Events that were not written because there were too many.',
    [],
  )
  const emitted = metrics.counter('receiverhooks_events_total', 'Events about hooks and their targets, by reason.', [
    'type',
    'reason',
  ])
  const slots = new BoundedMap<string, Slot>(maxSlots)
  const waiting: Slot[] = []
  let writing = false
  let failing = false

  const writeAll = async (): Promise<void> => {
    if (writing) return
    writing = true
    for (let slot = waiting.shift(); slot !== undefined; slot = waiting.shift()) {
      try {
        await writeDue(environment, reporting, slot)
        failing = false
      } catch (error) {
        if (!failing) log.warn({ error }, "can't write an Event; further failures are not logged")
        failing = true
      }
    }
    writing = false
  }

  const enqueue = (slot: Slot): void => {
    if (waiting.length >= maxWaiting) {
      slot.scheduled = false
      slot.due = undefined
      return dropped.add({})
    }
    waiting.push(slot)
    void writeAll()
  }

  return {
    emit: event => {
      emitted.add({ type: event.type, reason: event.reason })
      const slot = slotOf(slots, event)
      if (slot.due?.event.note === event.note) slot.due.count++
      else slot.due = { event, count: 1 }
      if (slot.scheduled) return
      slot.scheduled = true
      const waitMs = slot.triedAt + spacingMs - clock.monotonic()
      if (waitMs > 0) clock.after(waitMs, () => enqueue(slot))
      else enqueue(slot)
    },
  }
}

const slotOf = (slots: BoundedMap<string, Slot>, { regarding, reason }: EmittedEvent): Slot => {
  const key = [regarding.kind, regarding.namespace, regarding.name, regarding.uid, reason].join('/')
  const known = slots.get(key)
  if (known !== undefined) return known
  const slot = { due: undefined, scheduled: false, triedAt: -Infinity, written: undefined }
  slots.set(key, slot)
  return slot
}

type Reporting = Parameters<typeof eventRecorder>[1]

/** Writes the next Event: as an update of a series, or as a new object. */
const writeDue = async (environment: EventEnvironment, reporting: Reporting, slot: Slot): Promise<void> => {
  const { due, triedAt, written } = slot
  slot.due = undefined
  slot.scheduled = false
  slot.triedAt = environment.clock.monotonic()
  slot.written = undefined
  if (due === undefined) return
  const { event } = due
  const repeated = written?.note === event.note && slot.triedAt - triedAt < seriesMs
  const series = repeated ? { name: written.name, count: written.count + due.count } : undefined
  const name = series?.name ?? eventName(environment, event.regarding.name)
  const count = series?.count ?? due.count
  await (series === undefined
    ? createEvent(environment, reporting, event, name, count)
    : patchSeries(environment, event, name, count))
  slot.written = { name, note: event.note, count }
}

const createEvent = async (
  { api, clock }: EventEnvironment,
  { controller, instance }: Reporting,
  { regarding, related, type, reason, action, note }: EmittedEvent,
  name: string,
  count: number,
): Promise<void> => {
  const now = rfc3339Micro(clock.now())
  const event = {
    apiVersion: apiVersionOf(events),
    kind: events.kind,
    metadata: { name, namespace: regarding.namespace },
    eventTime: now,
    reportingController: controller,
    reportingInstance: instance,
    regarding,
    ...(related && { related }),
    type,
    reason,
    action,
    note: shortened(redacted(note)),
    // An Event that occurred once has no series, because the API server rejects a series with the
    // count 1.
    ...(count > 1 ? { series: { count, lastObservedTime: now } } : {}),
  }
  await send(api, {
    method: 'POST',
    path: collectionPath(events, regarding.namespace),
    body: JSON.stringify(event),
  })
}

const patchSeries = async (
  { api, clock }: EventEnvironment,
  { regarding }: EmittedEvent,
  name: string,
  count: number,
): Promise<void> => {
  const series = { count, lastObservedTime: rfc3339Micro(clock.now()) }
  await sendMergePatch(api, objectPath(events, regarding.namespace, name), { series })
}

/**
 * Returns the name of an Event as in client-go: the object's name, a dot and hexadecimal digits. A
 * long name is cut.
 */
const eventName = ({ random }: EventEnvironment, subject: string): string => {
  const suffix = `.${Buffer.from(random.bytes(8)).toString('hex')}`
  return subject.slice(0, nameLength - suffix.length).replace(/[^a-z0-9]+$/, '') + suffix
}

/** Cuts a note to the bytes that the API server accepts, without splitting a character. */
const shortened = (note: string): string => {
  const bytes = Buffer.from(note)
  if (bytes.length <= noteBytes) return note
  const mark = '…'
  return (
    bytes
      .subarray(0, noteBytes - Buffer.byteLength(mark))
      .toString()
      .replace(/\uFFFD+$/, '') + mark
  )
}
