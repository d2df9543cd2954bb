import { BoundedMap } from '../environment/bounded-map.ts'
import type { Environment } from '../environment/environment.ts'
import { redacted } from '../environment/redact.ts'
import { rfc3339Micro } from '../environment/time.ts'
import { nameLength } from '../api/names.ts'
import { apiVersionOf, collectionPath, objectPath } from './paths.ts'
import { send } from './requests.ts'
import { events } from './resources.ts'

/** An object that an Event is about. */
export interface EventObject {
  readonly apiVersion: string
  readonly kind: string
  readonly namespace: string
  readonly name: string
  readonly uid?: string
  readonly resourceVersion?: string
}

/** What is to be told of an object. */
export interface EmittedEvent {
  /** The object. Its namespace is the Event's. */
  readonly regarding: EventObject
  /** A second object, which the first acts on. */
  readonly related?: EventObject | undefined
  readonly type: 'Normal' | 'Warning'
  /** Why, for machines: `TargetNotFound`. */
  readonly reason: string
  /** What was being done: `Reconcile`. */
  readonly action: string
  /** Why, for people; what is longer than 1 kB is cut. */
  readonly note: string
}

export interface EventRecorder {
  /** Writes an Event soon, or counts it to the one before. Returns at once and never throws: Events are best effort. */
  emit(event: EmittedEvent): void
}

/** One object and reason: how the next Event of it is to be written. */
interface Slot {
  /** What waits to be written: the newest note, and how often it was told. */
  due: { readonly event: EmittedEvent; count: number } | undefined
  scheduled: boolean
  triedAt: number
  /** The Event that was written last, while repeats of it are counted there. */
  written: { readonly name: string; readonly note: string; readonly count: number } | undefined
}

/** The least time between two writes about one object and reason, in milliseconds. */
const spacingMs = 10_000

/** A repeat after a longer time than this is a new Event: client-go's figure, in milliseconds. */
const seriesMs = 6 * 60_000

/** How many objects and reasons are remembered, and how many Events wait to be written. Beyond, the oldest are dropped. */
const mostSlots = 1_000
const mostWaiting = 100

const noteBytes = 1_024

/** Records `events.k8s.io/v1` Events, one after another, in the name of a controller and of this instance of it. */
export const eventRecorder = (
  environment: Environment,
  reporting: { readonly controller: string; readonly instance: string },
): EventRecorder => {
  const { clock, log, metrics } = environment
  const dropped = metrics.counter(
    'receiverhooks_events_dropped_total',
    'Events that were not written, because there were too many.',
    [],
  )
  const slots = new BoundedMap<string, Slot>(mostSlots)
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
        if (!failing) log.warn({ error }, 'an Event could not be written; further failures are not logged')
        failing = true
      }
    }
    writing = false
  }

  const enqueue = (slot: Slot): void => {
    if (waiting.length >= mostWaiting) {
      slot.scheduled = false
      slot.due = undefined
      return dropped.add({})
    }
    waiting.push(slot)
    void writeAll()
  }

  return {
    emit: event => {
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

/** Writes what is due of a slot: as one more of a series, or as an Event of its own. */
const writeDue = async (environment: Environment, reporting: Reporting, slot: Slot): Promise<void> => {
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
  { api, clock }: Environment,
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
    // A series of one is refused.
    ...(count > 1 ? { series: { count, lastObservedTime: now } } : {}),
  }
  await send(api, {
    method: 'POST',
    path: collectionPath(events, regarding.namespace),
    body: JSON.stringify(event),
  })
}

const patchSeries = async (
  { api, clock }: Environment,
  { regarding }: EmittedEvent,
  name: string,
  count: number,
): Promise<void> => {
  await send(api, {
    method: 'PATCH',
    path: objectPath(events, regarding.namespace, name),
    contentType: 'application/merge-patch+json',
    body: JSON.stringify({ series: { count, lastObservedTime: rfc3339Micro(clock.now()) } }),
  })
}

/** As in client-go, the object's name, a dot and hexadecimal digits; cut where the name is as long as names may be. */
const eventName = ({ random }: Environment, subject: string): string => {
  const suffix = `.${Buffer.from(random.bytes(8)).toString('hex')}`
  return subject.slice(0, nameLength - suffix.length).replace(/[^a-z0-9]+$/, '') + suffix
}

/** Cut to the bytes that the API server accepts, between two characters. */
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
