import type { Delivery } from '../api/delivery.ts'
import { keyOf } from '../api/hash.ts'
import type { ReasonIn } from '../api/reasons.ts'
import type { Claim, ClaimedRow, Former, LeaseTerms, Row } from '../api/row.ts'
import { rfc3339 } from '../environment/time.ts'
import { decidedAs } from './decided-as.ts'
import type { MemoryDraft } from './draft.ts'
import { momentOf } from './memory.ts'
import { partKeyFor, setEndsWithHook, type Leasing } from './lease-terms.ts'
import { endOf, isSameCount, partKeyOf, partOn, partsWithKey, type CountName, type PartOf } from './parts.ts'
import { allSeen, reportOf, unnamedKey, withReport } from './protocol.ts'

/** What the record needs to know of a delivery and its hook. */
export interface Remembered {
  readonly delivery: Pick<Delivery, 'identity' | 'group' | 'phase'>
  /** True if the end of an alert takes back the changes of its firings. */
  readonly undo: boolean
  /** How long a second delivery with the same key is a copy, in milliseconds. */
  readonly dedupeWindowMs: number
  /** The shortest time between two runs of the hook, in milliseconds. */
  readonly cooldownMs: number
  /** The signed body. Present only if the hook counts a signed body only once within some time. */
  readonly signed?: Signed | undefined
  /**
   * The beginning of the hash of the body that was sent with the sender's key. Undefined if the
   * post has no such key, or no body.
   */
  readonly of?: string | undefined
  /** How long the delivery's step lasts. Undefined: for good. */
  readonly leasing?: Leasing | undefined
  /** The part that this step ends. Undefined if a delivery asks for the step. */
  readonly ends?: EndedPart | undefined
}

/** A part whose lease is to end. */
export interface EndedPart {
  readonly key: string
  readonly count: CountName
  /** What was leased before this moment ends by then, in milliseconds since the epoch. */
  readonly endBefore?: number | undefined
}

/** The hash of a signed body, and how long it counts only once, in milliseconds. */
export interface Signed {
  readonly body: string
  readonly withinMs: number
}

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

/** Returns whether a delivery needs its hook's record. */
export const isRemembered = ({ cooldownMs, delivery, ends, leasing, undo }: Remembered): boolean =>
  delivery.identity !== undefined ||
  cooldownMs > 0 ||
  leasing !== undefined ||
  ends !== undefined ||
  (undo && delivery.group !== undefined)

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
): (Judgement & { judgement: 'full' }) | undefined => {
  const windowMs = Math.max(dedupeWindowMs, signed?.withinMs ?? 0)
  if (!delivery.identity || draft.hasRoom(now, windowMs)) return undefined
  const window = windowMs > dedupeWindowMs ? 'replayWindow' : 'dedupeWindow'
  const message = `the hook's record is full: it remembers ${draft.size} deliveries, and those of the last ${windowMs / 1000} s (${window}) are not forgotten`
  return { judgement: 'full', message }
}

const judgeByRows = (
  draft: MemoryDraft,
  remembered: Remembered,
  now: number,
): Exclude<Judgement, { judgement: 'full' }> => {
  const { cooldownMs, delivery, ends, signed } = remembered
  if (ends) return judgeEnd(draft, ends, now)
  const { group, identity } = delivery
  // Computed once, because the hash costs more than the search.
  const own = identity && keyOf(identity.key)
  const row = own === undefined ? undefined : draft.get(own)
  if (row) {
    const isOld = isStale(identity?.newsAt, row.newsAt) && !endsAgain(draft, delivery)
    const isSame = Math.abs(now - row.at) < windowOf(remembered) || isOld
    const isOther = isOfOther(remembered, row)
    if (row.state === 'claimed') return { judgement: 'unfinished', row, isOwn: isSame && !isOther }
    if (isSame && isOther) return reused(row)
    // An id, or the time of the event, says that it is the same report. Without them it is one more.
    const isRepeat = identity?.newsAt === undefined && identity?.withinMs === undefined
    if (isSame) return again(row, 'delivery', isRepeat)
  }
  const counted = signed && draft.find(({ at, body }) => body === signed.body && Math.abs(now - at) < signed.withinMs)
  if (counted?.state === 'claimed') return { judgement: 'unfinished', row: counted, isOwn: false }
  // The new key is not stored: a sender that repeats the body with new keys could fill the record.
  if (counted) return again(counted, 'signed body')
  if (group?.mixed && allSeen(draft, group)) {
    const message = 'some alerts ended and no new one fires'
    return { judgement: 'skip', reason: 'PartlyResolved', message, remember: true }
  }
  // Wait for the outcome of a claim of the same group. That claim's report of firing alerts must
  // not be stored after the end that this delivery reports.
  if (group && (group.mixed || delivery.phase === 'resolved')) {
    const reported = keyOf(group.key)
    const reporting = draft.claims().find(({ report }) => report?.group === reported)
    if (reporting) return { judgement: 'unfinished', row: reporting, isOwn: false }
  }
  // With a cooldown, runs and undos finish one after another. A run that is not finished comes
  // first.
  const running = cooldownMs > 0 && draft.claims().find(({ ends, from, to }) => from !== to && ends === undefined)
  if (running) return { judgement: 'unfinished', row: running, isOwn: false }
  if (isUndo(remembered)) return judgeUndo(draft, group?.key)
  if (cooldownMs > 0) {
    const sinceMs = Math.abs(now - (draft.fields.ranAt ?? -Infinity))
    if (sinceMs < cooldownMs) {
      const message = `the hook ran ${Math.round(sinceMs / 1000)} s ago and cools down for ${cooldownMs / 1000} s`
      return { judgement: 'skip', reason: 'CoolingDown', message, remember: true }
    }
  }
  return { judgement: 'new' }
}

/** Returns how long a further delivery with the same key is a copy of this one, in milliseconds. */
export const windowOf = ({ dedupeWindowMs, delivery }: Remembered): number =>
  delivery.identity?.withinMs ?? dedupeWindowMs

/** Returns whether a delivery undoes earlier changes instead of running the hook. */
export const isUndo = ({ delivery, undo }: Remembered): boolean => undo && delivery.phase === 'resolved'

const judgeUndo = (draft: MemoryDraft, group: string | undefined): Exclude<Judgement, { judgement: 'full' }> => {
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
  { count, endBefore, key }: EndedPart,
  now: number,
): Exclude<Judgement, { judgement: 'full' }> => {
  const running = draft.claims().find(row => partKeyOf(row) === key && isSameCount(row.claim, count))
  if (running) return { judgement: 'unfinished', row: running, isOwn: false }
  const part = partOn(draft, key, count)
  const changed = part && endOf(part, endBefore) <= now ? [{ part, count }] : []
  return changed.length > 0 ? { judgement: 'undo', changed } : { ...nothingToUndo, remember: false }
}

/** The decision for alerts without changes that can be taken back. */
export const nothingToUndo: Judgement & { judgement: 'skip' } = {
  judgement: 'skip',
  reason: 'NothingToUndo',
  message: 'the firings of this alert changed nothing here that could be taken back',
  remember: true,
}

/** The decision for alerts whose changes are no longer the hook's to take back. */
export const setByOthers: Judgement & { judgement: 'skip' } = {
  judgement: 'skip',
  reason: 'SetByOthers',
  message: 'somebody else has set the count since the firings of this alert changed it: nothing is taken back',
  remember: true,
}

/**
 * Returns whether a delivery ends alerts that were reported as firing since their last end. If only
 * one of two Prometheus servers saw an alert end, both ends belong to the same beginning.
 */
const endsAgain = ({ fields: { groups } }: MemoryDraft, { group, phase }: Remembered['delivery']): boolean =>
  phase === 'resolved' && group !== undefined && groups[keyOf(group.key)] !== undefined

const isStale = (newsAt: number | undefined, known: number | undefined): boolean =>
  newsAt !== undefined && known !== undefined && newsAt <= known

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
const reused = (row: Exclude<Row, ClaimedRow>): Judgement & { judgement: 'skip' } => ({
  judgement: 'skip',
  reason: 'KeyReused',
  message: decidedAs(row, `a delivery with this idempotency key and another body was decided at ${rfc3339(row.at)}`),
  remember: false,
})

/** Returns the decision for a copy of the delivery in this row. */
const again = (
  row: Exclude<Row, ClaimedRow>,
  same: 'delivery' | 'signed body',
  isRepeat = false,
): Judgement & { judgement: 'skip' } => ({
  judgement: 'skip',
  reason: row.state === 'untold' ? 'OutcomeUnknown' : 'Duplicate',
  message: decidedAs(row, `the same ${same} was decided at ${rfc3339(row.at)}`),
  remember: false,
  ...(isRepeat && { isRepeat }),
})

/** The members of a row for a decision, besides key and time. */
export type Decision =
  | {
      readonly state: 'claimed'
      readonly from: number
      readonly to: number
      readonly claim: Claim
      readonly undoes?: number
      readonly on?: string
      readonly leases?: LeaseTerms
      readonly ends?: string
    }
  | { readonly state: 'skipped'; readonly reason: ReasonIn<'skipped'> }

/** Stores the decision about a delivery at `at`. */
export const decided = (
  draft: MemoryDraft,
  { delivery, leasing, of, signed, undo }: Remembered,
  at: number,
  decision: Decision,
): void => {
  const { group, identity } = delivery
  const moment = momentOf({ at, newsAt: identity?.newsAt, body: signed?.body, of })
  if (decision.state === 'skipped') {
    if (identity) draft.add({ key: keyOf(identity.key), ...moment, ...decision })
    if (group) withReport(draft, reportOf(group), at)
    return
  }
  const key = identity ? keyOf(identity.key) : unnamedKey(draft, decision.claim.mark)
  const former = formerOf(draft.get(key))
  const part = partKeyFor(delivery, leasing, undo, at)
  if (decision.leases && leasing) setEndsWithHook(draft, leasing.endsWithHook === true)
  draft.add({
    key,
    ...moment,
    ...(part !== undefined && { group: part }),
    ...(group && { report: reportOf(group) }),
    ...(former && { former }),
    ...decision,
  })
}

/** Returns what a new claim must keep of the row that it replaces. */
const formerOf = (row: Row | undefined): Former | undefined => {
  if (!row || row.state === 'claimed') return undefined
  const { key: _, ...former } = row
  if (former.state !== 'untold') return former
  const { mark: __, ...untold } = former
  return untold
}
