import { isNoLater } from '../api/believed.ts'
import { isNamedOnce, type AlertGroup } from '../api/delivery.ts'
import { keyOf } from '../api/hash.ts'
import type { Limit } from '../api/limits-schema.ts'
import type { ReasonIn } from '../api/reasons.ts'
import type { ClaimedRow, Row } from '../api/row.ts'
import { rfc3339 } from '../environment/time.ts'
import type { DeliveryContext } from './context.ts'
import type { MemoryDraft } from './draft.ts'
import { isSameCount } from './count-name.ts'
import { endOf, partKeyOf, partOn, partsWithKey, type PartOf } from './parts.ts'
import {
  allSeen,
  claimReporting,
  couldNotRun,
  endedSince,
  endsAgain,
  hasBegunAgain,
  isOfNextAlerts,
  reportedWithin,
  skippedCopiesMs,
} from './groups.ts'
import { decidedAs } from './outcomes.ts'
import type { EndedPart, Remembered } from './remembered.ts'
import { countedClaims, roomForMove, roomForRun, type Room } from './room.ts'

/** The record's decision about a delivery. */
export type Judgement =
  /** The delivery is to be run. */
  | { readonly judgement: 'new' }
  /**
   * Changes are to be taken back: the delivery's alerts have ended, and their firings changed these
   * counts. Or their lease has ended.
   */
  | { readonly judgement: 'undo'; readonly changed: readonly PartOf[] }
  /** The delivery is to be skipped. `remember`: the skip must be stored. */
  | {
      readonly judgement: 'skip'
      readonly reason: ReasonIn<'skipped'>
      readonly message: string
      readonly remember: boolean
      /** True if the delivery is a repeat that only `dedupeWindow` makes a copy. */
      readonly isRepeat?: boolean
      /** True if a newer record may say that the alerts have ended and begun again. */
      readonly mayBeNext?: boolean
      /** When the limit that is reached has room, in milliseconds since the epoch. */
      readonly opensAt?: number
    }
  /** The key was used before, for a different body. */
  | { readonly judgement: 'skip'; readonly reason: 'KeyReused'; readonly message: string; readonly remember: false }
  /**
   * The record has no room for the delivery's key. Dropping another key within its window could
   * double a step.
   */
  | { readonly judgement: 'full'; readonly message: string }
  /**
   * A claimed write blocks the delivery, and its outcome is unknown. The caller finishes that write
   * and asks again. If the claim is the delivery's own, the outcome is its answer.
   */
  | { readonly judgement: 'unfinished'; readonly row: ClaimedRow; readonly isOwn: boolean }

type Skip = Judgement & { judgement: 'skip' }
type Unfinished = Judgement & { judgement: 'unfinished' }
type Full = Judgement & { judgement: 'full' }

/** Returns a skip that must be stored. */
const skipped = (reason: Exclude<ReasonIn<'skipped'>, 'KeyReused'>, message: string): Skip => ({
  judgement: 'skip',
  reason,
  message,
  remember: true,
})

/** Returns whether a delivery needs its hook's record. */
export const isRemembered = ({ cooldownMs, delivery, ends, leasing, limits, undo }: Remembered): boolean =>
  delivery.identity !== undefined ||
  cooldownMs > 0 ||
  leasing !== undefined ||
  limits !== undefined ||
  ends !== undefined ||
  (undo && delivery.group !== undefined)

/** Returns whether a delivery may still change something: its hook is unchanged and has bytes left. */
export const mayRun = ({ isCurrent, isSpent }: Pick<DeliveryContext, 'isCurrent' | 'isSpent'>): boolean =>
  isCurrent() && !isSpent()

/**
 * Decides about a delivery at `now`, in milliseconds since the epoch. Clocks of replicas differ, so
 * a time in the future counts like a time equally far in the past.
 */
export const judge = (draft: MemoryDraft, remembered: Remembered, now: number): Judgement => {
  const judged = judgeByRows(draft, remembered, now)
  const isToBeStored = judged.judgement === 'skip' ? judged.remember : judged.judgement !== 'unfinished'
  return isToBeStored ? (full(draft, remembered, now) ?? judged) : judged
}

/** Returns why the delivery's key cannot be remembered, or undefined if it can. */
export const full = (
  draft: MemoryDraft,
  { delivery, dedupeWindowMs, signed }: Remembered,
  now: number,
): Full | undefined => {
  const windowMs = Math.max(dedupeWindowMs, signed?.withinMs ?? 0)
  if (!delivery.identity || draft.hasRoom(now, windowMs)) return undefined
  const window = windowMs > dedupeWindowMs ? 'replayWindow' : 'dedupeWindow'
  const message = `the hook's record is full: it remembers ${draft.size} deliveries, and those of the last ${windowMs / 1000} s (${window}) are not forgotten`
  return { judgement: 'full', message }
}

const judgeByRows = (draft: MemoryDraft, remembered: Remembered, now: number): Exclude<Judgement, Full> => {
  const { cooldownMs, delivery, ends, limits, signed } = remembered
  if (ends) return judgeEnd(draft, ends, now)
  const { group, identity } = delivery
  // Computed once, because the hash costs more than the search.
  const own = identity && keyOf(identity.key)
  const row = own === undefined ? undefined : draft.get(own)
  if (row) {
    const isStale = identity?.newsAt !== undefined && isNoLater(identity.newsAt, row.newsAt, row.at)
    const mayEndAgain = identity !== undefined && !isNamedOnce(identity) && endsAgain(draft, delivery)
    const isOld = identity?.repeats !== true && isStale && !mayEndAgain
    const isWithin = Math.abs(now - row.at) < copiesWithinMs(remembered, row)
    const isSame = (isWithin && !isOfNextAlerts(draft, delivery, row)) || isOld
    const isOther = isOfOther(remembered, row)
    if (row.state === 'claimed') return { judgement: 'unfinished', row, isOwn: isSame && !isOther }
    if (isSame && isOther) return reused(row)
    // An id, or the time of the event, says that it is the same report. Without them it is one more.
    const isRepeat = identity?.repeats === true || (identity?.newsAt === undefined && identity?.withinMs === undefined)
    const mayBeNext =
      group !== undefined &&
      (delivery.phase === 'resolved' || (identity?.newsAt !== undefined && row.newsAt !== undefined && !isStale))
    const reporting = isSame && mayBeNext ? claimReporting(draft, group) : undefined
    if (reporting) return { judgement: 'unfinished', row: reporting, isOwn: false }
    if (isSame) return { ...again(row, 'delivery', isRepeat), ...(mayBeNext && { mayBeNext }) }
  }
  const rest = !row && group?.mixed === false ? repeatsRest(draft, remembered, group, now) : undefined
  if (rest) return rest
  const counted = signed && draft.find(({ at, body }) => body === signed.body && Math.abs(now - at) < signed.withinMs)
  if (counted?.state === 'claimed') return { judgement: 'unfinished', row: counted, isOwn: false }
  // The new key is not stored: a sender that repeats the body with new keys could fill the record.
  if (counted) return again(counted, 'signed body')
  const over = group && delivery.phase === 'firing' && endedSince(draft, group)
  if (over === true) return skipped('Resolved', 'the alerts have ended since this beginning, as a post has said before')
  if (over) return { judgement: 'unfinished', row: over, isOwn: false }
  if (group?.mixed && allSeen(draft, group)) return skipped('PartlyResolved', 'some alerts ended and no new one fires')
  // Wait for the outcome of a claim of the same group. That claim's report of firing alerts must
  // not be stored after the end that this delivery reports.
  if (group && (group.mixed || delivery.phase === 'resolved')) {
    const reporting = claimReporting(draft, group)
    if (reporting) return { judgement: 'unfinished', row: reporting, isOwn: false }
  }
  // With a cooldown, runs and undos finish one after another. A run that is not finished comes
  // first.
  const running = cooldownMs > 0 && draft.claims().find(({ ends, from, to }) => from !== to && ends === undefined)
  if (running) return { judgement: 'unfinished', row: running, isOwn: false }
  if (isUndo(remembered)) return hasBegunAgain(draft, delivery) ? begunAgain : judgeUndo(draft, group?.key)
  if (cooldownMs > 0) {
    const sinceMs = Math.abs(now - (draft.fields.ranAt ?? -Infinity))
    if (sinceMs < cooldownMs) {
      const message = `the hook ran ${Math.round(sinceMs / 1000)} s ago and cools down for ${cooldownMs / 1000} s`
      return skipped('CoolingDown', message)
    }
  }
  return (limits && judgedByRoom(draft, roomForRun(draft, limits, now))) ?? { judgement: 'new' }
}

/**
 * Decides about a step of `delta` by the limits of a count's moves. Undefined: they have room. The
 * limits of the number of deliveries are judged before.
 */
export const judgeMove = (
  draft: MemoryDraft,
  limits: readonly Limit[],
  delta: number,
  now: number,
): Skip | Unfinished | undefined =>
  delta === 0 ? undefined : judgedByRoom(draft, roomForMove(draft, limits, delta, now))

/** Returns the decision about a delivery by the room for it. If claims decide, one of them comes first. */
const judgedByRoom = (draft: MemoryDraft, found: Room): Skip | Unfinished | undefined => {
  if (found.room === 'no') {
    const { room: _, ...why } = found
    return { judgement: 'skip', reason: 'LimitReached', remember: true, ...why }
  }
  const [row] = found.room === 'perhaps' ? countedClaims(draft) : []
  return row && { judgement: 'unfinished', row, isOwn: false }
}

/** Returns how long a further delivery with the same key is a copy of this one, in milliseconds. */
export const windowOf = ({ dedupeWindowMs, delivery }: Remembered): number =>
  delivery.identity?.withinMs ?? dedupeWindowMs

/**
 * Returns how long a further delivery with the key of a row is a copy, in milliseconds. Alerts for which
 * the hook could not run count with a later report.
 */
const copiesWithinMs = (remembered: Remembered, row: Row): number => {
  const { identity, phase } = remembered.delivery
  const reason = row.state === 'skipped' || row.state === 'acted' ? row.reason : undefined
  const wasClosed = reason !== undefined && couldNotRun.has(reason)
  const mayRunYet = wasClosed && identity?.repeats === true && phase === 'firing'
  return mayRunYet ? Math.min(windowOf(remembered), skippedCopiesMs) : windowOf(remembered)
}

/** Returns whether a delivery undoes earlier changes instead of running the hook. */
export const isUndo = ({ delivery, undo }: Remembered): boolean => undo && delivery.phase === 'resolved'

const judgeUndo = (draft: MemoryDraft, group: string | undefined): Exclude<Judgement, Full> => {
  if (group === undefined) return nothingToUndo
  const key = keyOf(group)
  const running = draft.claims().find(row => partKeyOf(row) === key)
  if (running) return { judgement: 'unfinished', row: running, isOwn: false }
  const changed = partsWithKey(draft, key)
  return changed.length > 0 ? { judgement: 'undo', changed } : nothingToUndo
}

/**
 * Decides about the end of a lease. An open claim of its part is finished first. If the part is gone or
 * not due, there is nothing to do.
 */
const judgeEnd = (
  draft: MemoryDraft,
  { count, endBefore, isDue = false, key }: EndedPart,
  now: number,
): Exclude<Judgement, Full> => {
  const running = draft.claims().find(row => partKeyOf(row) === key && isSameCount(row.claim, count))
  if (running) return { judgement: 'unfinished', row: running, isOwn: false }
  const part = partOn(draft, key, count)
  const changed = part && (isDue || endOf(part, endBefore) <= now) ? [{ part, count }] : []
  return changed.length > 0 ? { judgement: 'undo', changed } : { ...nothingToUndo, remember: false }
}

/** The decision for alerts without changes that can be taken back. */
export const nothingToUndo = skipped(
  'NothingToUndo',
  'the firings of this alert changed nothing here that could be taken back',
)

/** The decision for the end of alerts that have begun again since. */
const begunAgain: Skip = {
  ...nothingToUndo,
  message: 'the alerts have begun again since this end: nothing is taken back before their next one',
}

/** The decision for alerts whose changes are no longer the hook's to take back. */
export const setByOthers = skipped(
  'SetByOthers',
  'somebody else has set the count since the firings of this alert changed it: nothing is taken back',
)

/** Returns the decision for a repeat of alerts that were all reported as firing, with others that have ended since. */
const repeatsRest = (
  draft: MemoryDraft,
  remembered: Remembered,
  group: AlertGroup,
  now: number,
): Unfinished | Skip | undefined => {
  const { identity, phase } = remembered.delivery
  const mayRepeat = identity?.repeats === true && phase === 'firing'
  const reportedAt = mayRepeat ? reportedWithin(draft, group, windowOf(remembered), now) : undefined
  if (reportedAt === undefined) return undefined
  const reporting = claimReporting(draft, group)
  if (reporting) return { judgement: 'unfinished', row: reporting, isOwn: false }
  const message = `a report of the same alerts, with others, was decided at ${rfc3339(reportedAt)}`
  return { judgement: 'skip', reason: 'Duplicate', message, remember: false, isRepeat: true, mayBeNext: true }
}

/**
 * Returns whether a row is of a delivery with another body. A post without a body matches every row
 * with its key.
 */
export const isOfOther = ({ of }: Pick<Remembered, 'of'>, row: { readonly of?: string | undefined }): boolean =>
  of !== undefined && row.of !== undefined && of !== row.of

/**
 * Returns the decision for a key that was used before for another delivery. `row` is that
 * delivery's row.
 */
const reused = (row: Exclude<Row, ClaimedRow>): Skip => ({
  judgement: 'skip',
  reason: 'KeyReused',
  message: decidedAs(row, `a delivery with this idempotency key and another body was decided at ${rfc3339(row.at)}`),
  remember: false,
})

/** Why a key is refused whose delivery had another body, and whose act is not finished. */
export const reusedOfAct = {
  reason: 'KeyReused',
  message: 'a delivery with this idempotency key and another body is not finished yet',
} as const

/** Returns the decision for a copy of the delivery in this row. */
const again = (row: Exclude<Row, ClaimedRow>, same: 'delivery' | 'signed body', isRepeat = false): Skip => ({
  judgement: 'skip',
  reason: row.state === 'unknown' ? 'OutcomeUnknown' : 'Duplicate',
  message: decidedAs(row, `the same ${same} was decided at ${rfc3339(row.at)}`),
  remember: false,
  ...(isRepeat && { isRepeat }),
})
