import { believedTimes, isNoLater } from '../api/believed.ts'
import { isNamedOnce, type AlertGroup } from '../api/delivery.ts'
import { keyOf } from '../api/hash.ts'
import type { Limit } from '../api/limits-schema.ts'
import type { ReasonIn } from '../api/reasons.ts'
import type { Claim, ClaimedRow, Former, Row } from '../api/row.ts'
import { groupedBy } from '../environment/grouped.ts'
import { rfc3339 } from '../environment/time.ts'
import { isFresh, type MemoryDraft } from './draft.ts'
import { isSameCount } from './count-name.ts'
import { isAbandoned } from './due.ts'
import {
  allSeen,
  claimReporting,
  couldNotRun,
  endedSince,
  endsAgain,
  hasBegunAgain,
  isOfNextAlerts,
  reportedWithin,
  reportOf,
  skippedCopiesMs,
  withEnd,
  withReport,
} from './groups.ts'
import { partKeyFor, setEndsWithHook } from './lease-terms.ts'
import { latest, momentOf } from './memory.ts'
import { addToPart, closePart, endOf, partKeyOf, partOn, partsWithKey } from './parts.ts'
import { decidedAs } from './outcomes.ts'
import { isOfOther, isUndo, windowOf, type EndedPart, type Remembered } from './context.ts'
import { countedClaims, roomForMove, roomForRun, type Room } from './room.ts'
import {
  begunAgain,
  nothingToUndo,
  rememberedSkip,
  type Full,
  type Judgement,
  type Skip,
  type Unfinished,
} from './ruling.ts'
import { addSteps } from './runs.ts'

/**
 * The protocol of a record: what the row of a delivery says, who may change it, and why that is safe.
 *
 * Many processes receive the posts of a hook, and any of them may die at any moment. They agree
 * through the record alone. Each works on a draft of the version that it read, and stores the result
 * by compare-and-swap. If another process wrote first, it decides again on the newest version. This
 * file does no I/O.
 *
 * ```
 * (no row) ── decided, claiming ──▶ claimed ── applied ──▶ done
 *     │                              │   ├──── dropped ──▶ the row before, or none
 *     │                              │   └──── givenUp ──▶ unknown
 *     ├── decided ──▶ skipped        └─ helped: still claimed, but not by one process alone
 *     └── acted ────▶ acted             (acts.ts)
 * ```
 *
 * `judge` says whether a delivery counts. If it does, its step is claimed, in the place of a finished
 * row with the same key.
 *
 * - `claimed`: a process intends a marked write, and the row holds all of it. The claim is stored before
 *   the write is sent. The write names the version that it replaces. So it takes effect at most once,
 *   even if many processes send it, and nobody needs a lock.
 * - `helped`: another process is going to send the write too. This is stored before it does.
 * - `done`: the step is stored, or nothing had to change. Any process that has seen the stored write may
 *   say so, however late, even if the claim was dropped or given up meanwhile. For what is stored stays
 *   stored. Only the row of a later delivery stays as it is.
 * - `dropped`: the write will never be stored. The evidence is a later version of the target without the
 *   write's mark. The process of the claim may also go by a 409, as long as nobody has helped:
 *   nobody else can have sent the write (`standingOf`).
 * - `unknown`: the history with the outcome is gone. The step is never made again. It counts as a run,
 *   and what it may have taken back counts as taken.
 * - `skipped`: the delivery did not count. `acted`: its act is done, or has failed.
 *
 * A delivery that meets the claim of its own key finishes it first, whichever process claimed it. So it
 * does with any other claim that could change the decision about it. A finished row makes it a copy, as
 * long as its window lasts.
 *
 * What else a record keeps changes together with the rows:
 *
 * - Parts are what can be taken back (parts.ts). A step adds to its part once it is stored, in any order.
 *   An undo, or the end of a lease, subtracts what it took or may have taken.
 * - A report says which alerts of a group fire (groups.ts). It counts once its write is stored, or its
 *   delivery is skipped.
 * - Runs are what limits count (runs.ts). They are added once the step is stored, or its outcome lost.
 * - A row may be forgotten, because the record is full or its pages are lost. It does not count again.
 */

/**
 * Decides about a delivery at `now`, in milliseconds since the epoch. Clocks of replicas differ, so
 * a time in the future counts like a time equally far in the past.
 */
export const judge = (draft: MemoryDraft, remembered: Remembered, now: number): Judgement => {
  const judged = judgeByRows(draft, remembered, now)
  const isToBeStored = judged.judgement === 'skip' ? judged.remember : judged.judgement !== 'unfinished'
  return isToBeStored ? (whyFull(draft, remembered, now) ?? judged) : judged
}

/** Returns why the delivery's key cannot be remembered, or undefined if it can. */
export const whyFull = (
  draft: MemoryDraft,
  { delivery, dedupeWindowMs, signed }: Remembered,
  now: number,
): Full | undefined => {
  const windowMs = Math.max(dedupeWindowMs, signed?.withinMs ?? 0)
  if (!delivery.identity || draft.hasRoom(now, windowMs)) return undefined
  const window = windowMs > dedupeWindowMs ? 'replayWindow' : 'dedupeWindow'
  const message = `the hook's record is full: it remembers ${draft.size} deliveries, and must keep those of the last ${windowMs / 1000} s (${window})`
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
    if (isSame && isOther) return asReused(row, remembered)
    // An id, or the time of the event, says that it is the same report. Without them it is one more.
    const isRepeat = identity?.repeats === true || (identity?.newsAt === undefined && identity?.withinMs === undefined)
    const mayBeNext =
      group !== undefined &&
      (delivery.phase === 'resolved' || (identity?.newsAt !== undefined && row.newsAt !== undefined && !isStale))
    const reporting = isSame && mayBeNext ? claimReporting(draft, group) : undefined
    if (reporting) return finishFirst(reporting)
    if (isSame) return { ...asCopy(row, remembered, 'delivery', isRepeat), ...(mayBeNext && { mayBeNext }) }
  }
  const rest = !row && group?.mixed === false ? repeatsRest(draft, remembered, group, now) : undefined
  if (rest) return rest
  const counted = signed && draft.find(({ at, body }) => body === signed.body && Math.abs(now - at) < signed.withinMs)
  if (counted?.state === 'claimed') return finishFirst(counted)
  // The new key is not stored: a sender that repeats the body with new keys could fill the record.
  if (counted) return asCopy(counted, remembered, 'signed body')
  const over = group && delivery.phase === 'firing' && endedSince(draft, group)
  if (over === true) return rememberedSkip('Resolved', 'an earlier post reported that these alerts are over')
  if (over) return finishFirst(over)
  if (group?.mixed && allSeen(draft, group))
    return rememberedSkip('PartlyResolved', 'some alerts have ended and no new one is firing')
  // Wait for the outcome of a claim of the same group. That claim's report of firing alerts must
  // not be stored after the end that this delivery reports.
  if (group && (group.mixed || delivery.phase === 'resolved')) {
    const reporting = claimReporting(draft, group)
    if (reporting) return finishFirst(reporting)
  }
  // With a cooldown, runs and undos finish one after another. A run that is not finished comes
  // first.
  const running = cooldownMs > 0 && draft.claims().find(({ ends, from, to }) => from !== to && ends === undefined)
  if (running) return finishFirst(running)
  if (isUndo(remembered)) return hasBegunAgain(draft, delivery) ? begunAgain : judgeUndo(draft, group?.key)
  if (cooldownMs > 0) {
    const sinceMs = Math.abs(now - (draft.fields.ranAt ?? -Infinity))
    if (sinceMs < cooldownMs) {
      const message = `the hook ran ${Math.round(sinceMs / 1000)} s ago, and its cooldown is ${cooldownMs / 1000} s`
      return rememberedSkip('CoolingDown', message)
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
  return row && finishFirst(row)
}

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

/** Returns that an open claim decides about a delivery, and has to be finished before. */
const finishFirst = (row: ClaimedRow): Unfinished => ({ judgement: 'unfinished', row, isOwn: false })

const judgeUndo = (draft: MemoryDraft, group: string | undefined): Exclude<Judgement, Full> => {
  if (group === undefined) return nothingToUndo
  const key = keyOf(group)
  const running = draft.claims().find(row => partKeyOf(row) === key)
  if (running) return finishFirst(running)
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
  if (running) return finishFirst(running)
  const part = partOn(draft, key, count)
  const changed = part && (isDue || endOf(part, endBefore) <= now) ? [{ part, count }] : []
  return changed.length > 0 ? { judgement: 'undo', changed } : { ...nothingToUndo, remember: false }
}

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
  if (reporting) return finishFirst(reporting)
  const message = `a report that includes these alerts was decided at ${rfc3339(reportedAt)}`
  return { judgement: 'skip', reason: 'Duplicate', message, remember: false, isRepeat: true, mayBeNext: true }
}

/** Returns the decision for a key that was used before for another delivery. `row` is that delivery's row. */
const asReused = (row: Exclude<Row, ClaimedRow>, { leasing }: Remembered): Skip => ({
  judgement: 'skip',
  reason: 'KeyReused',
  message: decidedAs(
    row,
    `a delivery with this idempotency key and another body was decided at ${rfc3339(row.at)}`,
    leasing?.aim,
  ),
  remember: false,
})

/** Returns the decision for a copy of the delivery in this row. */
const asCopy = (
  row: Exclude<Row, ClaimedRow>,
  { leasing }: Remembered,
  same: 'delivery' | 'signed body',
  isRepeat = false,
): Skip => ({
  judgement: 'skip',
  reason: row.state === 'unknown' ? 'OutcomeUnknown' : 'Duplicate',
  message: decidedAs(row, `the same ${same} was decided at ${rfc3339(row.at)}`, leasing?.aim),
  remember: false,
  ...(isRepeat && { isRepeat }),
})

/** Returns the key of a row without an idempotency key: the mark of its write, and the row's number in it. */
export const unnamedKey = (draft: MemoryDraft, mark: string): string => `${mark}/${rowsOf(draft, mark).length}`

/** The members of a row for a decision, besides key and time. */
export type Decision =
  | Pick<ClaimedRow, 'state' | 'from' | 'to' | 'claim' | 'undoes' | 'on' | 'leases' | 'ends' | 'keep'>
  | { readonly state: 'skipped'; readonly reason: ReasonIn<'skipped'> }

/** Stores the decision about a delivery at `at`. */
export const decided = (
  draft: MemoryDraft,
  { delivery, leasing, of, signed, undo }: Remembered,
  at: number,
  decision: Decision,
): void => {
  const { group, identity } = delivery
  // A claim that is dropped now may have taken something back, which must not be taken back again.
  for (const row of draft.claims()) if (row.undoes !== undefined && !isFresh(row, { at })) giveUpStale(draft, at)
  const named = identity && keyOf(identity.key)
  const before = named === undefined ? undefined : draft.get(named)
  // Another Prometheus may repeat alerts with an earlier beginning. The later one is kept, so that late copies stay copies.
  const newsAt = before ? latest(identity?.newsAt, believedTimes(before, before.at).newsAt) : identity?.newsAt
  const moment = momentOf({ at, newsAt, body: signed?.body, of })
  if (decision.state === 'skipped') {
    if (named !== undefined) draft.add({ key: named, ...moment, ...decision })
    if (group) withReport(draft, reportOf(group), at, decision.reason)
    return
  }
  const key = named ?? unnamedKey(draft, decision.claim.mark)
  const former = before && formerOf(before)
  const part = leasing || (undo && group) ? partKeyFor(delivery, leasing, undo, at) : undefined
  if (decision.leases && leasing) setEndsWithHook(draft, leasing.endsWithHook === true)
  draft.add({
    key,
    ...moment,
    group: part,
    report: group && reportOf(group),
    former,
    ...decision,
  })
}

/** Gives up the claims that the record forgets with a row of `at`. */
const giveUpStale = (draft: MemoryDraft, at: number): void => givenUp(draft, (_, row) => !isFresh(row, { at }), at)

/** Returns what a new claim must keep of the row that it replaces. */
const formerOf = (row: Row): Former | undefined => {
  if (row.state === 'claimed') return undefined
  const { key: _, ...former } = row
  if (former.state !== 'unknown') return former
  const { mark: __, ...unknown } = former
  return unknown
}

/** Stores in the claims of a write which count it sets, once all its posts are folded. Returns their rows. */
export const claiming = (draft: MemoryDraft, mark: string, to: number): readonly ClaimedRow[] => {
  const rows: ClaimedRow[] = []
  for (const row of draft.claims()) if (row.claim.mark === mark) rows.push({ ...row, claim: { ...row.claim, to } })
  if (rows.length > 0) draft.replace(rows)
  return rows
}

/**
 * Marks the rows of a stored write as done. Rows that another process dropped or gave up are added
 * again. `madeAt` is the time of the write, if it is known and much later than the claim.
 */
export const applied = (draft: MemoryDraft, mark: string, claimed: readonly ClaimedRow[], madeAt = -Infinity): void => {
  const done = openRowsOf(draft, mark, claimed)
  for (const { row } of done) {
    const { from, key, on, to } = row
    draft.add({ state: 'done', key, ...momentOf(row), from, to, on })
  }
  const toCome = done.length > 1 ? new Set(done.map(({ row }) => partKeyOf(row))) : undefined
  const ran: ClaimedRow[] = []
  // Without limits, the record of most hooks has no runs.
  let isLimited = draft.fields.runs !== undefined
  for (const { isGone, isLost, row } of done) {
    // A missing row that is not kept now either is older than the oldest row of a full record. So it
    // was forgotten, not dropped, and has counted before. It may have been in a page that is lost, too: to
    // count it twice would take back a lease twice.
    if (isGone && (draft.fields.forgetful !== undefined || !draft.get(row.key))) continue
    // A lost row was given up before. Its run, report and undo were recorded then, so only its step
    // is missing in the sum.
    if (row.report && !isLost) withReport(draft, row.report, row.at)
    const ended = row.ends === undefined ? undefined : partOn(draft, row.ends, row.claim)
    const hasPart = row.group !== undefined || row.ends !== undefined
    if (hasPart && (row.undoes === undefined || !isLost)) addToPart(draft, row, toCome)
    if (ended && !partOn(draft, ended.key, row.claim)) withEnd(draft, ended, row.at)
    if (!isLost) ran.push(row)
    isLimited ||= row.keep !== undefined
  }
  ranBy(draft, ran, madeAt)
  if (isLimited) addSteps(draft, mark, ran, madeAt)
}

/** Returns the rows of a write that are to be done now. Another row with the key of one is of a later delivery. */
const openRowsOf = (draft: MemoryDraft, mark: string, claimed: readonly ClaimedRow[]) =>
  claimed.flatMap(row => {
    const now = draft.get(row.key)
    const isOpen = now?.state === 'claimed' && now.claim.mark === mark
    const isLost = now?.state === 'unknown' && now.mark === mark
    return now && !isOpen && !isLost && !isFormer(now, row.former) ? [] : [{ row, isGone: now === undefined, isLost }]
  })

/**
 * Notes that the hook ran, or may have run, because of these rows. The time of this run replaces
 * the stored one, even a later one, which may be from a fast clock.
 */
const ranBy = (draft: MemoryDraft, rows: readonly ClaimedRow[], madeAt = -Infinity): void => {
  let ranAt = -Infinity
  // The end of a lease is no run: no delivery asked for it.
  for (const { at, ends, from, to } of rows) if (from !== to && ends === undefined) ranAt = Math.max(ranAt, at)
  if (ranAt > -Infinity) draft.set({ ranAt: Math.max(madeAt, ranAt) })
}

/** Returns whether a row is the one that a claim has replaced and keeps as `former`. */
const isFormer = (row: Row, former: Former | undefined): boolean =>
  row.state !== 'claimed' && former !== undefined && row.at === former.at && row.newsAt === former.newsAt

/** A selection of claims. Returns true for those that are meant. */
export type Which = (claim: Claim, row: ClaimedRow) => boolean

export const ofWrite =
  (mark: string) =>
  (claim: Claim): boolean =>
    claim.mark === mark

/** The version of a target that a claim was computed from. */
export type Origin = Pick<Claim, 'target' | 'uid' | 'version'>

/** Selects the claims from one version of a target. At most one of their writes is ever stored. */
export const ofVersion =
  ({ target, uid, version }: Origin) =>
  (claim: Claim): boolean =>
    claim.version === version && claim.uid === uid && claim.target === target

/** Gives up claims, because it was found at `foundAt` that nobody can know whether their writes were stored. */
export const givenUp = (draft: MemoryDraft, which: Which, foundAt: number): void => {
  const rows = draft.claims().filter(row => which(row.claim, row))
  ranBy(draft, rows)
  for (const [mark, ofMark] of groupedBy(rows, ({ claim }) => claim.mark)) addSteps(draft, mark, ofMark)
  for (const row of rows) {
    // The step may have been made, so nothing is taken back a second time.
    if (row.ends !== undefined) closePart(draft, row.ends, row.claim)
    else if (row.undoes !== undefined) addToPart(draft, row)
    // People are notified, because no part says any more that something is to be taken back.
    if (row.ends !== undefined || row.leases !== undefined) draft.set({ unknownAt: foundAt })
    if (row.report) withReport(draft, row.report, row.at)
  }
  draft.replace(rows.map(row => ({ state: 'unknown', key: row.key, ...momentOf(row), mark: row.claim.mark })))
}

/** Drops claims. Each row becomes what it was before its claim, or is removed if it was new. */
export const dropped = (draft: MemoryDraft, which: Which): void => {
  for (const row of draft.claims()) {
    if (!which(row.claim, row)) continue
    if (row.former) draft.replace([{ key: row.key, ...row.former }])
    else draft.remove(row.key)
  }
  draft.set({})
}

/** The state of a claimed write in a memory. */
export type Standing =
  /** Only the process that stored the claim may have sent the write. */
  | 'unhelped'
  /** Other processes may have sent the write too. */
  | 'helped'
  /** The write is no longer claimed: its outcome was decided. */
  | 'settled'

/** Returns the state of the write with this mark, which was claimed with `rows` rows. */
export const standingOf = (draft: MemoryDraft, mark: string, rows: number): Standing => {
  const claimed = rowsOf(draft, mark)
  if (claimed.length === 0) return 'settled'
  return claimed.length === rows && claimed.every(({ claim }) => !claim.helped) ? 'unhelped' : 'helped'
}

/**
 * Notes that another process is going to send a write. The process that claimed it can no longer
 * take it back.
 */
export const helped = (draft: MemoryDraft, mark: string): void => {
  const rows = rowsOf(draft, mark)
  if (rows.some(({ claim }) => !claim.helped)) {
    draft.replace(rows.map(row => ({ ...row, claim: { ...row.claim, helped: true } })))
  }
}

export const rowsOf = (draft: MemoryDraft, mark: string): readonly ClaimedRow[] =>
  draft.claims().filter(({ claim }) => claim.mark === mark)

export interface ClaimedWrite {
  readonly claim: Claim
  readonly claimed: readonly ClaimedRow[]
}

/** A claim that blocks a delivery. */
export interface OpenClaim extends ClaimedWrite {
  /** True if its process no longer works on it. */
  readonly isOver: boolean
}

export const openClaimOf = (draft: MemoryDraft, row: ClaimedRow, now: number): OpenClaim => ({
  claim: row.claim,
  claimed: rowsOf(draft, row.claim.mark),
  isOver: isAbandoned(row, now),
})

/** Returns the claims of processes that no longer work on them. */
export const abandonedIn = (draft: MemoryDraft, now: number): readonly Claim[] =>
  draft.claims().flatMap(row => (isAbandoned(row, now) ? row.claim : []))

/** Stores that a key was refused at `at` because the record is full. */
export const refusedAt = (draft: MemoryDraft, at: number): void =>
  draft.set({ fullAt: Math.max(at, draft.fields.fullAt ?? at) })

/** Stores that deliveries were refused at `at` because they store too much. */
export const limitedAt = (draft: MemoryDraft, at: number): void =>
  draft.set({ limitedAt: Math.max(at, draft.fields.limitedAt ?? at) })
