import { isDeepStrictEqual } from 'node:util'
import type { ReceiverHook } from '../api/hook.ts'
import { isReason, reasons, type ReasonIn } from '../api/reasons.ts'
import type { StoredObject } from '../api/object.ts'
import { deliveryOutcomes, parseContent, type StoredMemory, type RecentDelivery } from '../api/record.ts'
import { resultOf, type HookStatus } from '../api/status.ts'
import { parseTime, rfc3339 } from '../environment/time.ts'
import type { ApiConnection } from '../environment/environment.ts'
import type { EmittedEvent } from '../kube/events.ts'
import { adviceOf, objectsOf, sentBy } from './events.ts'
import { conditionsOf, leasesIn, overdueInWords, overruledAt } from './leases.ts'
import { patchBetween, writeStatus } from './status.ts'
import { limitEvent, limitsUsed } from './used-limits.ts'
import { BoundedMap } from '../environment/bounded-map.ts'

/**
 * How long after a refusal a replica may store it in the record, in milliseconds. By then, the
 * status may show later deliveries of another replica.
 */
const lateMs = 10_000

/** A hook's deliveries in the form of its status. */
type Reported = { readonly [Name in 'lastDelivery' | 'recent' | 'counts']: NonNullable<HookStatus[Name]> }

/** What Events warn of: the reason, and the time in a record at which it was last so. */
const warnings = [
  ['RecordFull', 'fullAt'],
  ['WritesLimited', 'limitedAt'],
  ['LeaseTooShort', 'tooShortAt'],
  ['OutcomeUnknown', 'unknownAt'],
] as const

/** What a record reports about a hook's deliveries. Times are in milliseconds since the epoch. */
export interface DeliveryReport extends Partial<
  Pick<StoredMemory, (typeof warnings)[number][1] | 'confirmation' | 'overdue' | 'runs'>
> {
  readonly hookUid: string
  /** Undefined before the first decided delivery. */
  readonly reported: Reported | undefined
  /** The time of the newest event in this report, by the trigger's clock. */
  readonly newestAt: number
  /** What the hook has leased. Undefined if there is nothing. */
  readonly leased?: Pick<StoredMemory, 'objects' | 'overdue' | 'parts'> | undefined
}

/**
 * Returns the report in a record. It says nothing if the record cannot be parsed. Returns undefined if the
 * record is empty or has no owner, and for a page: only the record has the name of its hook.
 */
export const deliveryReportOf = (record: StoredObject): DeliveryReport | undefined => {
  const [owner] = record.metadata.ownerReferences ?? []
  if (owner === undefined || owner.name !== record.metadata.name) return undefined
  const hookUid = owner.uid
  const parsed = parseContent(record['content'])
  // It is there, and a later version knows what is in it.
  if (parsed.content !== 'known') return { hookUid, newestAt: 0, reported: undefined }
  const { confirmation, fullAt, limitedAt, objects = [], overdue, recent, runs, tooShortAt, unknownAt } = parsed.memory
  const said = { confirmation, fullAt, limitedAt, overdue, runs, tooShortAt, unknownAt }
  // An undo takes back what has no end.
  const parts = (parsed.memory.parts ?? []).filter(({ until }) => until !== undefined)
  const times = [recent[0]?.at, confirmation?.at, fullAt, limitedAt, tooShortAt, unknownAt, overdue?.at]
  const timesOfAll = times.filter(at => at !== undefined)
  // What was leased may be all that is known: its process died before it could report its post.
  const known = timesOfAll.length > 0 ? timesOfAll : parts.map(({ at }) => at)
  if (known.length === 0) return undefined
  return {
    ...said,
    hookUid,
    newestAt: Math.max(...known),
    reported: reportedBy(parsed.memory),
    leased: parts.length === 0 ? undefined : { objects, parts, ...(overdue && { overdue }) },
  }
}

const reportedBy = ({ counts, recent }: StoredMemory): Reported | undefined => {
  const deliveries = recent.map(deliveryOf)
  const [newest] = deliveries
  const all = Object.fromEntries(deliveryOutcomes.map(outcome => [outcome, counts[outcome] ?? 0]))
  return newest && { lastDelivery: { ...newest, result: resultOf(newest) }, recent: deliveries, counts: all }
}

const deliveryOf = ({ at, ...delivery }: RecentDelivery): Reported['recent'][number] => ({
  time: rfc3339(at),
  ...delivery,
})

/** Returns whether the report belongs to this hook and differs from its status. */
export const isNew = (hook: ReceiverHook, report: DeliveryReport): boolean => {
  const { metadata, status } = hook
  const { hookUid, reported } = report
  if (hookUid !== metadata.uid || reported === undefined) return false
  const { counts, lastDelivery, leases, limits, recent } = status ?? {}
  const leased = leasesOf(hook, report)
  return (
    !isDeepStrictEqual(reported, { lastDelivery, recent, counts }) ||
    !isDeepStrictEqual(leased, leases) ||
    conditionsOf(hook, report.overdue, leased) !== status?.conditions ||
    !isDeepStrictEqual(usedOf(hook, report), limits)
  )
}

const usedOf = ({ spec }: ReceiverHook, { newestAt, runs }: DeliveryReport): HookStatus['limits'] =>
  limitsUsed(spec.limits, runs, newestAt)

const leasesOf = ({ spec, status }: ReceiverHook, { leased }: DeliveryReport): HookStatus['leases'] => {
  const endBefore = parseTime(spec.endBefore ?? '')
  const before = Number.isNaN(endBefore) ? undefined : endBefore
  return leased && leasesIn(leased, status?.target, before, overruledAt(status))
}

/** Writes a report into its hook's status. Resolves with the stored hook. Throws the API server's errors. */
export const writeReport = (
  api: ApiConnection,
  hook: ReceiverHook,
  report: DeliveryReport,
  reported: Reported,
): Promise<StoredObject> => {
  const leases = leasesOf(hook, report)
  const limits = usedOf(hook, report)
  const status = { ...reported, leases, limits, conditions: conditionsOf(hook, report.overdue, leases) }
  return writeStatus(api, hook, patchBetween(hook.status ?? {}, status))
}

/** Returns the Events for the part of the report that the status does not show yet. */
export const eventsOf = (hook: ReceiverHook, report: DeliveryReport, emitted: Emitted): readonly EmittedEvent[] =>
  [
    confirmationEvent(hook, report, emitted),
    ...warnings.map(([reason, time]) => eventOfLast(hook, reason, report[time], emitted)),
    overdueEvent(hook, report, emitted),
    limitEvent(hook, report.reported?.recent),
    outcomeEvent(hook, report),
    ...stalledEvents(hook, report),
  ].filter(event => event !== undefined)

const confirmationEvent = (
  hook: ReceiverHook,
  { confirmation }: DeliveryReport,
  emitted: Emitted,
): EmittedEvent | undefined => {
  // Times in a status are whole seconds. A second Event in the same second is better than a missing
  // Event.
  if (!confirmation || Math.floor(confirmation.at / 1000) * 1000 < reportedUntil(hook)) return undefined
  if (!emitted.noteFirst(hook, 'SubscriptionToConfirm', confirmation.at)) return undefined
  // A long note is cut at its end, so the link comes first.
  const note = `open ${confirmation.link} to let ${confirmation.subject || 'the sender'} post to this hook`
  return { ...objectsOf(hook), type: 'Warning', reason: 'SubscriptionToConfirm', action: 'Deliver', note }
}

/**
 * Returns whether deliveries of this hook were refused after the last delivery in its status, or
 * shortly before it, or whether its leases need a person. This does not change the status.
 */
export const isRefusing = (hook: ReceiverHook, report: DeliveryReport): boolean =>
  report.hookUid === hook.metadata.uid &&
  (report.overdue !== undefined || warnings.some(([, time]) => isUnreported(hook, report[time])))

/**
 * Returns whether `at` is later than the last delivery in the status, or at most {@link lateMs}
 * earlier. False if `at` is undefined.
 */
const isUnreported = (hook: ReceiverHook, at: number | undefined): at is number =>
  at !== undefined && at + lateMs >= reportedUntil(hook)

/**
 * Returns the time of the last delivery in the status, in milliseconds since the epoch. -Infinity
 * if the status has none.
 */
const reportedUntil = ({ status }: ReceiverHook): number =>
  status?.lastDelivery ? parseTime(status.lastDelivery.time) : -Infinity

/**
 * Returns the Event for what happened last at `at`, such as a refusal or an early end. Notes that time in
 * `emitted`. Undefined if an Event has reported it already, or if the status shows a much later delivery.
 */
const eventOfLast = (
  hook: ReceiverHook,
  reason: ReasonIn<'event'>,
  at: number | undefined,
  emitted: Emitted,
): EmittedEvent | undefined => {
  if (!isUnreported(hook, at) || !emitted.noteFirst(hook, reason, at)) return undefined
  const { means, todo } = reasons[reason]
  return { ...objectsOf(hook), type: 'Warning', reason, action: 'Deliver', note: `${means} ${adviceOf(todo)}` }
}

/** Returns the Event for leases that could not end. Undefined if one has reported it already. */
const overdueEvent = (hook: ReceiverHook, { overdue }: DeliveryReport, emitted: Emitted): EmittedEvent | undefined => {
  if (!overdue || !emitted.noteOther(hook, 'LeaseOverdue', overdue.at)) return undefined
  const { todo } = reasons.LeaseOverdue
  const note = `${overdueInWords(overdue)}. ${todo}`
  return { ...objectsOf(hook), type: 'Warning', reason: 'LeaseOverdue', action: 'Deliver', note }
}

/**
 * Returns the Event for the last delivery in the report. Undefined if the status shows the same
 * outcome and reason.
 */
const outcomeEvent = (hook: ReceiverHook, { reported }: DeliveryReport): EmittedEvent | undefined => {
  const { status } = hook
  if (!reported) return undefined
  const { message, outcome, reason } = reported.lastDelivery
  const before = status?.lastDelivery
  if (before?.outcome === outcome && before.reason === reason) return undefined
  if (reason === 'LimitReached') return undefined
  const { means, todo } = isReason(reason) ? reasons[reason] : { means: reason, todo: 'Nothing.' }
  const what = message ?? means
  const advice = adviceOf(todo)
  return {
    ...objectsOf(hook),
    type: outcome === 'failed' || outcome === 'rejected' || reason === 'OutcomeUnknown' ? 'Warning' : 'Normal',
    reason,
    action: 'Deliver',
    note: `${what.replace(/\.$/, '')}${reason === 'LeaseEnded' ? '' : sentBy(reported.lastDelivery)}${advice === '' ? '' : `. ${advice}`}`,
  }
}

/** Returns an Event for each stalled rollout and each failed Job in the report that the status does not show yet. */
const stalledEvents = (hook: ReceiverHook, { reported }: DeliveryReport): readonly EmittedEvent[] => {
  const known = hook.status?.recent?.filter(isStalled) ?? []
  const stalled = reported?.recent.filter(isStalled) ?? []
  const isKnown = (delivery: Reported['recent'][number]): boolean =>
    known.some(other => isDeepStrictEqual({ ...other, stateMessage: '' }, { ...delivery, stateMessage: '' }))
  return stalled
    .filter(delivery => !isKnown(delivery))
    .map(delivery => {
      const { state, stateMessage } = delivery
      const reason = state === 'failed' ? 'JobFailed' : 'RolloutStalled'
      const { means, todo } = reasons[reason]
      const what = `${stateMessage ?? means.replace(/\.$/, '')}${sentBy(delivery)}`
      return { ...objectsOf(hook), type: 'Warning', reason, action: 'Deliver', note: `${what}. ${todo}` }
    })
}

const isStalled = ({ state }: Reported['recent'][number]): boolean => state === 'stalled' || state === 'failed'

/** How long an earlier leader may have been gone before it has reported something, in milliseconds. */
const unreportedMs = 10 * 60_000

/** Which refusals, confirmations and late leases Events have reported. */
export class Emitted {
  /** The time of the last one, in milliseconds since the epoch, by the hook's uid and the reason. */
  readonly #times = new BoundedMap<string, number>(20_000)
  /** An earlier leader has reported what was before this time, in milliseconds since the epoch. */
  readonly #before: number

  /** A term begins at `now`, in milliseconds since the epoch. */
  constructor(now: number) {
    this.#before = now - unreportedMs
  }

  /** Notes that an Event reports this time of a hook and reason. Returns false if one has done so before. */
  noteFirst(hook: ReceiverHook, reason: string, at: number): boolean {
    return at >= this.#before && this.noteOther(hook, reason, at)
  }

  /** Does the same for what lasts: each leader reports it again. */
  noteOther({ metadata }: ReceiverHook, reason: string, at: number): boolean {
    const key = `${metadata.uid} ${reason}`
    if (this.#times.get(key) === at) return false
    this.#times.set(key, at)
    return true
  }
}
