import { believedTimes } from '../api/believed.ts'
import { keyOf } from '../api/hash.ts'
import type { ReasonIn } from '../api/reasons.ts'
import type { OpenAct } from '../api/record.ts'
import type { Claim, ClaimedRow, Former, Row } from '../api/row.ts'
import { groupedBy } from '../environment/grouped.ts'
import { isFresh } from './aged.ts'
import type { MemoryDraft } from './draft.ts'
import { reportOf, withEnd, withReport } from './groups.ts'
import { partKeyFor, setEndsWithHook } from './lease-terms.ts'
import { latest, momentOf } from './memory.ts'
import { addToPart, closePart, partKeyOf, partOn } from './parts.ts'
import type { Remembered } from './remembered.ts'
import { addSteps } from './runs.ts'

/**
 * The protocol of a record: the states of a row, and the rules by which processes change it. Each
 * process works on a draft of the version that it read, and stores the result by compare-and-swap.
 * This file does no I/O.
 *
 * The states of a row, which holds the outcome of one delivery:
 *
 * - `claimed`: a process intends a write. It is stored, or never will be, or its outcome is unknown.
 * - `done`: the step is stored, or nothing had to change. `acted`: an act is done.
 * - `skipped`: the delivery did not count.
 * - `unknown`: the outcome of the write can never be found out. The step is never made again.
 *
 * The rules:
 *
 * 1. A claim is stored before its write is sent (`decided`, then `claiming`).
 * 2. Any process may finish a claim with the very same write, but first notes that (`helped`).
 * 3. A stored write makes its rows `done`, whichever process sent it and however late that is
 *    found out (`applied`), even if the claim was dropped or given up. It does not replace the row
 *    of a later delivery. A row that the record has forgotten, since it is full or since its pages are
 *    lost, does not count a second time.
 * 4. If a write will never be stored, the rows before its claims are restored (`dropped`).
 * 5. A 409 lets a process drop its claim if nobody has helped. Other claims need evidence
 *    (`standingOf`).
 * 6. If the history with the outcome is gone, the claim becomes `unknown` and counts as a run.
 * 7. What can be taken back are parts, to which steps add in any order once they are stored
 *    (parts.ts). An undo or the end of a lease subtracts what it took back, or may have taken back.
 * 8. A notification's report of its alerts counts once its write is stored or it is skipped.
 * 9. An act is begun before its first write, and open until its work is done or has failed.
 * 10. What limits count are runs, which are added with rule 3 or 6, or with the beginning of an act
 *    (runs.ts). A limit is judged again once the claims are settled that could reach it.
 */

/**
 * After this time in milliseconds, no process works on a claim or an act any more. A delivery has
 * four seconds.
 */
export const abandonedMs = 10_000

/** Returns the claimed rows of the write with this mark. */
export const rowsOf = (draft: MemoryDraft, mark: string): readonly ClaimedRow[] =>
  draft.claims().filter(({ claim }) => claim.mark === mark)

/**
 * Returns whether the process that stored a claim or began an act has stopped working on it. Clocks
 * differ, so a time in the future counts like a time equally far in the past.
 */
export const isAbandoned = (begun: ClaimedRow | OpenAct, now: number): boolean =>
  Math.abs(now - lastBegunAt(begun)) > abandonedMs

/** Returns when a claim or an act was begun, or when a process took up an act that was left. */
export const lastBegunAt = (
  begun: Pick<ClaimedRow | OpenAct, 'at'> & { readonly takenAt?: number | undefined },
): number => begun.takenAt ?? begun.at

/** A claimed write with its rows. */
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

/**
 * Returns the key of a row without an idempotency key: the mark of its write, and the row's number
 * in it.
 */
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
    ...(part !== undefined && { group: part }),
    ...(group && { report: reportOf(group) }),
    ...(former && { former }),
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
  const done: { readonly row: ClaimedRow; readonly isGone: boolean; readonly isLost: boolean }[] = []
  for (const row of claimed) {
    const now = draft.get(row.key)
    const isOpen = now?.state === 'claimed' && now.claim.mark === mark
    const isLost = now?.state === 'unknown' && now.mark === mark
    // Another row with the key is of a later delivery.
    if (now && !isOpen && !isLost && !isFormer(now, row.former)) continue
    done.push({ row, isGone: now === undefined, isLost })
  }
  for (const { row } of done) {
    const { from, key, on, to } = row
    draft.add({ state: 'done', key, ...momentOf(row), from, to, ...(on !== undefined && { on }) })
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

/** Selects the claims of one write. */
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

/** Takes back the claim of a write whose only attempt had a conflict. It is never made. */
export const takenBack = (draft: MemoryDraft, mark: string): void => dropped(draft, ofWrite(mark))

/** Stores that a key was refused at `at` because the record is full. */
export const refusedAt = (draft: MemoryDraft, at: number): void =>
  draft.set({ fullAt: Math.max(at, draft.fields.fullAt ?? at) })

/** Stores that deliveries were refused at `at` because they store too much. */
export const limitedAt = (draft: MemoryDraft, at: number): void =>
  draft.set({ limitedAt: Math.max(at, draft.fields.limitedAt ?? at) })
