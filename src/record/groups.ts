import type { AlertGroup, Delivery } from '../api/delivery.ts'
import { keyOf } from '../api/hash.ts'
import type { ClaimedRow, Report } from '../api/row.ts'
import type { MemoryDraft } from './draft.ts'
import { latest } from './memory.ts'

/**
 * What a record knows of groups of alerts: which alerts fire by the last report of their group, and
 * when the group last ended.
 */

/** How many alert groups of a hook are remembered, and how many firing alerts of each. */
const maxGroups = 64
const maxFiring = 128

/** What a delivery says of a group of alerts. */
type AlertReport = Pick<Delivery, 'group' | 'phase'>

/** Returns a group's report for the record. */
export const reportOf = ({ beganAt, endedAt, firing, key }: AlertGroup): Report => ({
  group: keyOf(key),
  firing: firing.slice(0, maxFiring).map(alertKey),
  ...(beganAt !== undefined && firing.length > 0 && { beganAt }),
  ...(endedAt !== undefined && { endedAt }),
})

/**
 * Stores the report of a group of alerts that was decided at `at`. If there are too many groups, those
 * that have ended are forgotten first, and then the oldest.
 */
export const withReport = (draft: MemoryDraft, report: Report, at: number): void => {
  const { [report.group]: before, ...others } = draft.fields.groups
  const lastEnd = latest(report.endedAt, before?.endedAt)
  const isEarlier = before !== undefined && isEarlierEnd(before, report.endedAt)
  const { beganAt, firing } = isEarlier ? before : report
  const entry = {
    at,
    firing,
    ...(beganAt !== undefined && { beganAt }),
    ...(lastEnd !== undefined && { endedAt: lastEnd }),
    ...(isEarlier && before.ended && { ended: true }),
  }
  const kept = Object.entries(others).sort(
    ([, a], [, b]) => Number(b.firing.length > 0) - Number(a.firing.length > 0) || b.at - a.at,
  )
  draft.set({ groups: { ...Object.fromEntries(kept.slice(0, maxGroups - 1)), [report.group]: entry } })
}

/** Returns whether alerts of a group fire by its last report. */
const isFiring = (draft: MemoryDraft, { key }: Pick<AlertGroup, 'key'>): boolean =>
  (draft.fields.groups[keyOf(key)]?.firing.length ?? 0) > 0

/** Returns whether every firing alert was in the group's last report. */
export const allSeen = (draft: MemoryDraft, { firing, key }: AlertGroup): boolean => {
  const seen = new Set(draft.fields.groups[keyOf(key)]?.firing)
  return firing.every(alert => seen.has(alertKey(alert)))
}

/** Returns a short hash of an alert. 48 bits distinguish the alerts of one group. */
const alertKey = (alert: string): string => keyOf(alert).slice(0, 8)

/**
 * Returns whether a delivery ends alerts that were reported as firing since their last end. If only
 * one of two Prometheus servers saw an alert end, both ends belong to the same beginning.
 */
export const endsAgain = (draft: MemoryDraft, { group, phase }: AlertReport): boolean =>
  phase === 'resolved' && group !== undefined && isFiring(draft, group)

/** A group of alerts in a record. */
type KnownGroup = MemoryDraft['fields']['groups'][string]

/** Returns whether alerts that ended at `endedAt` had ended before those began that fire now. */
const isEarlierEnd = ({ beganAt, firing }: KnownGroup, endedAt: number | undefined): boolean =>
  firing.length > 0 && beganAt !== undefined && endedAt !== undefined && endedAt < beganAt

/** Returns whether a delivery is about the end of alerts that have begun again since. */
export const hasBegunAgain = (draft: MemoryDraft, { group, phase }: AlertReport): boolean => {
  const known = group && draft.fields.groups[keyOf(group.key)]
  return known !== undefined && phase === 'resolved' && isEarlierEnd(known, group?.endedAt)
}

/** Returns an open claim that reports on a group of alerts. Its report is noted once its write is known to be stored. */
export const claimReporting = (draft: MemoryDraft, { key }: AlertGroup): ClaimedRow | undefined => {
  const reported = keyOf(key)
  return draft.claims().find(({ report }) => report?.group === reported)
}

/**
 * Returns whether a delivery is about alerts that began after the end of those before: they fire, and
 * the last report was about that end, or they have ended since. The alerts of a late copy began before
 * that end. Two Prometheus servers may give one beginning two times.
 */
export const isOfNextAlerts = (draft: MemoryDraft, { group, phase }: AlertReport): boolean => {
  const known = group && draft.fields.groups[keyOf(group.key)]
  if (!known || group.beganAt === undefined || known.endedAt === undefined) return false
  const isTurned = phase === (known.firing.length > 0 ? 'resolved' : 'firing')
  return isTurned && group.beganAt > known.endedAt
}
