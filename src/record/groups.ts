import { believedTimes, isNoLater } from '../api/believed.ts'
import type { AlertGroup, Delivery } from '../api/delivery.ts'
import { keyOf } from '../api/hash.ts'
import type { ReasonIn } from '../api/reasons.ts'
import type { OpenAct, OpenPart } from '../api/record.ts'
import type { ClaimedRow, Report } from '../api/row.ts'
import type { MemoryDraft } from './draft.ts'
import { latest, type Moment } from './memory.ts'

/**
 * What a record knows of groups of alerts: which alerts fire by the last report of their group, and
 * when the group last ended.
 */

/** How many alert groups of a hook are remembered, and how many firing alerts of each. */
const maxGroups = 64
const maxFiring = 128

/**
 * Why a hook that is in order did not run. Alerts that fire on are reported again, and their next
 * report counts if the hook can run then.
 */
export const couldNotRun: ReadonlySet<string> = new Set<ReasonIn<'skipped'>>([
  'CoolingDown',
  'JobRunning',
  'LimitReached',
  'OutsideWindow',
  'RolloutRunning',
  'Suspended',
])

/**
 * How long reports of alerts for which a hook could not run are copies of one, in milliseconds, if
 * `dedupeWindow` is not shorter. Each Alertmanager of a cluster waits 15 s longer than the one before.
 */
export const skippedCopiesMs = 40_000

type AlertReport = Pick<Delivery, 'group' | 'identity' | 'phase'>

export const reportOf = ({ beganAt, endedAt, firing, key, over, someEndedAt }: AlertGroup): Report => ({
  group: keyOf(key),
  firing: firing.slice(0, maxFiring).map(alertKey),
  endedAt,
  someEndedAt,
  beganAt,
  over: over && over.alerts.length <= maxFiring ? { ...over, alerts: over.alerts.map(alertKey) } : undefined,
})

/**
 * Stores the report of a group of alerts that was decided at `at`. If there are too many groups, those
 * that have ended are forgotten first, and then the oldest. The end of alerts that have begun again since
 * leaves those firing, and the beginning of alerts that have ended since leaves those over. `reason` says why
 * the hook did not run, if it did not.
 */
export const withReport = (draft: MemoryDraft, report: Report, at: number, reason?: string): void => {
  const { endedAt, group, someEndedAt } = report
  const { [group]: _, ...others } = draft.fields.groups
  const before = knownOf(draft, group)
  const isEarlier =
    before !== undefined &&
    ((before.firing.length > 0 && hasBegunSince(before, endedAt)) || hasEndedSince(before, report))
  const { beganAt, firing } = isEarlier ? before : report
  const entry = {
    at,
    firing,
    endedAt: latest(endedAt, before?.endedAt),
    someEndedAt: latest(someEndedAt, before?.someEndedAt),
    beganAt,
    over: report.over ?? before?.over,
    // Until a step or a report notes it, the alerts of a lease that has ended fire on.
    ended: (firing.length > 0 && before?.ended === true) || undefined,
    skipped: (firing.length > 0 && isSkipped(before?.skipped, reason)) || undefined,
  }
  const rest = Object.entries(others)
  if (rest.length >= maxGroups) {
    rest.sort(([, a], [, b]) => Number(b.firing.length > 0) - Number(a.firing.length > 0) || b.at - a.at)
    // An end takes the place of no group that fires.
    if (firing.length === 0 && rest[maxGroups - 1]?.[1].firing.length) return
    rest.length = maxGroups - 1
  }
  draft.set({ groups: { ...Object.fromEntries(rest), [group]: entry } })
}

/**
 * Notes that the lease of a group has ended at `at`, with the last of its part. Its alerts may fire on. If
 * somebody has ended it before its time, that says nothing about `for`.
 */
export const withEnd = (draft: MemoryDraft, { key, until = Infinity }: OpenPart, at: number): void => {
  const { [key]: group, ...others } = draft.fields.groups
  if (!group || group.firing.length === 0 || until > at) return
  draft.set({ groups: { ...others, [key]: { ...group, ended: true } } })
}

/** Returns what a draft knows of the group with a hash, with times as far as they are believed. */
const knownOf = (draft: MemoryDraft, group: string) => {
  const known = draft.fields.groups[group]
  return known && believedTimes(known, known.at)
}

/** A reason that leaves it open whether the hook could run for the last report. */
const keepsSkipped = 'Duplicate' satisfies ReasonIn<'skipped'>

/** Returns whether a hook could not run for the alerts of a group. A report of which some have ended changes nothing. */
const isSkipped = (before: boolean | undefined, reason: string | undefined): boolean =>
  reason !== undefined && (before === true || couldNotRun.has(reason))

/** Returns whether alerts of a group fire by its last report. */
const isFiring = (draft: MemoryDraft, { key }: Pick<AlertGroup, 'key'>): boolean =>
  (draft.fields.groups[keyOf(key)]?.firing.length ?? 0) > 0

/** Returns whether every firing alert was in the group's last report. */
export const allSeen = (draft: MemoryDraft, { firing, key }: AlertGroup): boolean => {
  const seen = new Set(draft.fields.groups[keyOf(key)]?.firing)
  return firing.every(alert => seen.has(alertKey(alert)))
}

/**
 * Returns when a group was last reported, if that is within a window, every firing alert was in it, and
 * none of them has begun since.
 */
export const reportedWithin = (
  draft: MemoryDraft,
  group: AlertGroup,
  windowMs: number,
  now: number,
): number | undefined => {
  const { at = Infinity, beganAt, skipped = false } = draft.fields.groups[keyOf(group.key)] ?? {}
  const isWithin = Math.abs(now - at) < (skipped ? Math.min(windowMs, skippedCopiesMs) : windowMs)
  return isWithin &&
    group.firing.length > 0 &&
    isNoLater(group.beganAt ?? Infinity, beganAt, at) &&
    allSeen(draft, group)
    ? at
    : undefined
}

/** Returns a short hash of an alert. 48 bits distinguish the alerts of one group. */
const alertKey = (alert: string): string => keyOf(alert).slice(0, 8)

/**
 * Returns whether a delivery ends alerts that were reported as firing since their last end. If only
 * one of two Prometheus servers saw an alert end, both ends belong to the same beginning. Without the
 * time of the end, a late copy looks the same.
 */
export const endsAgain = (draft: MemoryDraft, { group, phase }: AlertReport): boolean =>
  phase === 'resolved' &&
  group?.endedAt !== undefined &&
  isFiring(draft, group) &&
  !hasBegunAgain(draft, { group, phase })

/** Returns whether the alerts that a group reported last began after an end. */
const hasBegunSince = ({ beganAt = -Infinity }: Pick<Report, 'beganAt'>, endedAt = Infinity): boolean =>
  endedAt <= beganAt

/**
 * Returns whether a delivery is about the end of alerts that have begun again since. If it takes something
 * back, that is what the next ones have changed.
 */
export const hasBegunAgain = (draft: MemoryDraft, { group, phase }: Pick<AlertReport, 'group' | 'phase'>): boolean => {
  const known = group && knownOf(draft, keyOf(group.key))
  return phase === 'resolved' && known !== undefined && known.firing.length > 0 && hasBegunSince(known, group?.endedAt)
}

/** Returns whether alerts that a report calls firing have all ended since, by an end that was stored at `at`. */
const hasEndedSince = (
  { at, over }: Pick<Report, 'over'> & { readonly at: number },
  { beganAt = Infinity, firing }: Pick<Report, 'beganAt' | 'firing'>,
): boolean =>
  over !== undefined &&
  firing.length > 0 &&
  isNoLater(beganAt, over.firstAt, at) &&
  firing.every(alert => over.alerts.includes(alert))

/**
 * Returns whether a group's firing alerts have all ended since they began. If only an open claim says so, its row
 * is returned.
 */
export const endedSince = (draft: MemoryDraft, group: AlertGroup): ClaimedRow | boolean => {
  const began = reportOf(group)
  const isEnd = ({ at, report }: ClaimedRow): boolean =>
    report?.group === began.group && hasEndedSince({ ...report, at }, began)
  const known = draft.fields.groups[began.group]
  return draft.claims().find(isEnd) ?? (known !== undefined && hasEndedSince(known, began))
}

/** Returns an open claim that reports on a group of alerts. Its report is noted once its write is known to be stored. */
export const claimReporting = (draft: MemoryDraft, { key }: AlertGroup): ClaimedRow | undefined => {
  const reported = keyOf(key)
  return draft.claims().find(({ report }) => report?.group === reported)
}

/**
 * Stores the report of an act that is done. A report that was stored while the act was open is newer, and
 * so is the end of the act's alerts. `reason` says why the act changed nothing, if it did not.
 */
export const withReportOfAct = (
  draft: MemoryDraft,
  { at, newsAt = Infinity, report }: OpenAct,
  reason?: string,
): void => {
  if (!report) return
  const known = knownOf(draft, report.group)
  const isOutdated =
    known !== undefined && (known.at > at || (report.firing.length > 0 && newsAt <= (known.endedAt ?? 0)))
  withReport(
    draft,
    isOutdated ? { ...report, firing: known.firing, beganAt: known.beganAt } : report,
    isOutdated ? known.at : at,
    isOutdated ? keepsSkipped : reason,
  )
}

/**
 * Returns whether a delivery is about other alerts than an earlier one with its key. They fire, and an end that
 * was reported lies between the two beginnings. Or they have ended after the beginning and the end that
 * were reported last. A late copy is older. Two Prometheus servers may give one beginning two times, and one end.
 */
export const isOfNextAlerts = (
  draft: MemoryDraft,
  { group, identity, phase }: AlertReport,
  earlier: Pick<Moment, 'at' | 'newsAt'>,
): boolean => {
  const known = group && knownOf(draft, keyOf(group.key))
  const before = believedTimes(earlier, earlier.at).newsAt ?? -Infinity
  const newsAt = identity?.newsAt
  if (!known || newsAt === undefined) return false
  if (phase === 'resolved') {
    const { endedAt = 0 } = group
    return known.firing.length > 0 && endedAt > (known.beganAt ?? Infinity) && endedAt > (known.endedAt ?? 0)
  }
  if (newsAt === earlier.newsAt) return false
  const isBetween = (end: number | undefined): boolean => end !== undefined && before <= end && end < newsAt
  return isBetween(known.endedAt) || isBetween(known.someEndedAt)
}
