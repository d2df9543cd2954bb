import type { AlertGroup } from '../api/delivery.ts'
import { keyOf } from '../api/hash.ts'
import type { Changed, OpenAct, RecentDelivery } from '../api/record.ts'
import type { Claim, ClaimedRow, Former, Report, Row } from '../api/row.ts'
import { maxRecent } from '../api/status.ts'
import type { MemoryDraft } from './draft.ts'
import { momentOf, type Memory } from './memory.ts'

/**
 * The protocol of a record: how what is remembered of deliveries changes. All processes follow it, each on a draft of the version
 * that it read, and store what follows by compare-and-swap.
 *
 * A row holds the outcome of one delivery. Its states:
 *
 * - `claimed`: a process intends a write. It is stored, or never will be, or nobody knows.
 * - `done`: the step is stored, or there was nothing to change. `acted`: the same of what is no step.
 * - `skipped`: the delivery did not count.
 * - `untold`: nobody will ever know whether the step was made. It is never made again.
 *
 * The rules:
 *
 * 1. A claim is stored before its write is sent (`decided` in judge.ts, `claiming` once all posts are folded).
 * 2. Any process may finish a claim by sending the very same write, and says so in the record first (`helped`).
 * 3. A write that is stored makes its rows `done`, whichever process has stored it and however late that is found out (`applied`).
 *    It outweighs that the claim was dropped or given up meanwhile. It does not replace what a later delivery has put in its place,
 *    and a row that a full record has forgotten since counts no second time.
 * 4. A write that was not stored and never will be takes its claims with it, and what they had replaced stands there again (`dropped`).
 * 5. A claim that nobody has helped may be dropped on the answer 409 to its write alone; any other needs evidence (`standingOf`).
 * 6. Where the history that would show it is gone, the claim becomes `untold`, and counts as a run.
 * 7. What the alerts of a group changed is a sum for each object. A step adds to it when it is known to be stored, and an undo
 *    subtracts what it took back: sums can be added in any order. What may have been taken back is not taken back again.
 * 8. What a notification reports of its alerts counts once its write is stored, or once it is skipped.
 * 9. An act is begun before anything is written for it, and stays open until its work is done or has failed (acts.ts).
 */

/** After so long, in milliseconds, no process is at work on a claim or an act any more: a delivery has four seconds. */
const abandonedMs = 10_000

/** How many alert groups of a hook are remembered, and how many firing alerts of each. */
const maxGroups = 64
const maxFiring = 128

/** How many groups may have something to take back, and for how long, in milliseconds: alerts can fire for weeks. */
const maxUndoGroups = 256
const undoKeptMs = 30 * 24 * 3_600_000

/** Of how many objects a group may have something to take back, and how many sums there are of all groups. */
const maxObjects = 16
const maxSums = 512

/** Lists the rows that one write folds. */
export const rowsOf = (draft: MemoryDraft, mark: string): readonly ClaimedRow[] =>
  draft.claims().filter(({ claim }) => claim.mark === mark)

/**
 * True if the process that stored a claim or began an act is at work on it no more. Clocks differ: a time ahead counts
 * like one as far in the past.
 */
export const isAbandoned = ({ at }: ClaimedRow | OpenAct, now: number): boolean => Math.abs(now - at) > abandonedMs

/** Lists the claims that their processes have left behind. */
export const abandonedIn = (draft: MemoryDraft, now: number): readonly Claim[] =>
  draft.claims().flatMap(row => (isAbandoned(row, now) ? row.claim : []))

/** Makes the key of a row without a name: its write's mark, and which of that write's rows it is. */
export const unnamedKey = (draft: MemoryDraft, mark: string): string => `${mark}/${rowsOf(draft, mark).length}`

/** Has the claims of a write say which count it sets, once all its posts are folded. */
export const claiming = (draft: MemoryDraft, mark: string, to: number): void => {
  const rows = rowsOf(draft, mark)
  if (rows.length > 0) draft.replace(rows.map(row => ({ ...row, claim: { ...row.claim, to } })))
}

/**
 * Has the rows of a marked write done, which is stored. They come back where another process has dropped or given them up
 * meanwhile. `madeAt` is when it was made, if that is known and was long after it was claimed.
 */
export const applied = (draft: MemoryDraft, mark: string, claimed: readonly ClaimedRow[], madeAt = -Infinity): void => {
  const done: { readonly row: ClaimedRow; readonly isGone: boolean; readonly isLost: boolean }[] = []
  for (const row of claimed) {
    const now = draft.get(row.key)
    if (now !== undefined && markOf(now) !== mark && !isFormer(now, row.former)) continue
    done.push({ row, isGone: now === undefined, isLost: now?.state === 'untold' && now.mark === mark })
  }
  for (const { row } of done) {
    const { from, key, to } = row
    draft.add({ state: 'done', key, ...momentOf(row), from, to })
  }
  const ran: ClaimedRow[] = []
  for (const { isGone, isLost, row } of done) {
    // It is older than all that a full record remembers: it was forgotten, not dropped, and has counted before.
    if (isGone && !draft.get(row.key)) continue
    // What is lost was given up before, and its run, its report and its undo were recorded then. Only its step is missing from the sum.
    if (row.report && !isLost) withReport(draft, row.report, row.at)
    if (row.undoes === undefined || !isLost) addToUndo(draft, row)
    if (!isLost) ran.push(row)
  }
  ranBy(draft, ran, madeAt)
}

/** The hook has run, or may have, by what these rows have changed: last of all, though a clock was ahead before. */
const ranBy = (draft: MemoryDraft, rows: readonly ClaimedRow[], madeAt = -Infinity): void => {
  let ranAt = -Infinity
  for (const { at, from, to } of rows) if (from !== to) ranAt = Math.max(ranAt, at)
  if (ranAt > -Infinity) draft.set({ ranAt: Math.max(madeAt, ranAt) })
}

/** The mark of the write that a row waits for, or is lost with. */
const markOf = (row: Row): string | undefined =>
  row.state === 'claimed' ? row.claim.mark : row.state === 'untold' ? row.mark : undefined

/** Whether a row is what stood in the place of another before. */
const isFormer = (row: Row, former: Former | undefined): boolean =>
  row.state !== 'claimed' && former !== undefined && row.at === former.at && row.newsAt === former.newsAt

/** Which claims are meant, and of which rows. */
export type Which = (claim: Claim, row: ClaimedRow) => boolean

/** Those of one write. */
export const ofWrite =
  (mark: string) =>
  (claim: Claim): boolean =>
    claim.mark === mark

/** A version of a target, which a claim is from. */
export type Origin = Pick<Claim, 'target' | 'uid' | 'version'>

/** Those from one version of a target: one of their writes at most is ever stored. */
export const ofVersion =
  ({ target, uid, version }: Origin) =>
  (claim: Claim): boolean =>
    claim.version === version && claim.uid === uid && claim.target === target

/** Gives up claims: it cannot be found out any more whether their writes were stored. */
export const untold = (draft: MemoryDraft, which: Which): void => {
  const rows = draft.claims().filter(row => which(row.claim, row))
  ranBy(draft, rows)
  for (const row of rows) {
    // What may have been taken back is not taken back again.
    if (row.undoes !== undefined) addToUndo(draft, row)
    if (row.report) withReport(draft, row.report, row.at)
  }
  draft.replace(rows.map(row => ({ state: 'untold', key: row.key, ...momentOf(row), mark: row.claim.mark })))
}

/** Drops claims: their deliveries count as never seen, but for what was decided before. */
export const dropped = (draft: MemoryDraft, which: Which): void => {
  for (const row of draft.claims()) {
    if (!which(row.claim, row)) continue
    if (row.former) draft.replace([{ key: row.key, ...row.former }])
    else draft.remove(row.key)
  }
  draft.set({})
}

/** How a claimed write stands in a memory. */
export type Standing =
  /** Nobody but the process that stored the claim may have sent the write. */
  | 'unhelped'
  /** Others may have sent it as well. */
  | 'helped'
  /** It is claimed no more: its outcome is known. */
  | 'settled'

/** Finds out how the write of these claims stands. */
export const standingOf = (draft: MemoryDraft, mark: string, rows: number): Standing => {
  const claimed = rowsOf(draft, mark)
  if (claimed.length === 0) return 'settled'
  return claimed.length === rows && claimed.every(({ claim }) => !claim.helped) ? 'unhelped' : 'helped'
}

/** Says that somebody else is going to send a write: the process that has claimed it can take it back no more. */
export const helped = (draft: MemoryDraft, mark: string): void => {
  const rows = rowsOf(draft, mark)
  if (rows.some(({ claim }) => !claim.helped)) {
    draft.replace(rows.map(row => ({ ...row, claim: { ...row.claim, helped: true } })))
  }
}

/** Takes back a write that nobody has helped, and that the API server has refused: it is never made. */
export const takenBack = (draft: MemoryDraft, mark: string): void => dropped(draft, ofWrite(mark))

/** What a group of alerts reports. */
export const reportOf = ({ firing, key }: AlertGroup): Report => ({
  group: keyOf(key),
  firing: firing.slice(0, maxFiring).map(alertKey),
})

/** Remembers a report of a group of alerts that was decided at `at`. */
export const withReport = (draft: MemoryDraft, { firing, group }: Report, at: number): void => {
  const { [group]: _, ...others } = draft.fields.groups
  if (firing.length === 0) return draft.set({ groups: others })
  const kept = Object.entries(others).sort(([, a], [, b]) => b.at - a.at)
  draft.set({ groups: { ...Object.fromEntries(kept.slice(0, maxGroups - 1)), [group]: { at, firing } } })
}

/** Whether every alert that fires did so when the group was last reported. */
export const allSeen = (draft: MemoryDraft, { firing, key }: AlertGroup): boolean => {
  const seen = new Set(draft.fields.groups[keyOf(key)]?.firing)
  return firing.every(alert => seen.has(alertKey(alert)))
}

/** Among the alerts of one group, 48 bits distinguish two. */
const alertKey = (alert: string): string => keyOf(alert).slice(0, 8)

/** Lists what a group of alerts has changed and nobody has taken back, one sum for each object. */
export const changedBy = ({ fields: { undo } }: Pick<MemoryDraft, 'fields'>, group: string): readonly Changed[] => {
  const { [group]: entry } = undo
  if (!entry) return []
  const { at, delta, others = [], uid } = entry
  return [{ at, uid, delta }, ...others]
}

/** Adds a row's step to the sum that its alert group will take back from that object; an undo subtracts what it took back. */
export const addToUndo = (draft: MemoryDraft, { at, claim: { uid }, from, group, to, undoes }: ClaimedRow): void => {
  if (group === undefined) return
  const { [group]: _, ...others } = draft.fields.undo
  const before = changedBy(draft, group)
  const known = before.find(sum => sum.uid === uid)
  const change = undoes === undefined ? to - from : -undoes
  const sum = { at: Math.max(at, known?.at ?? at), uid, delta: (known?.delta ?? 0) + change }
  const isKept = (then: number): boolean => at - then < undoKeptMs
  const [first, ...rest] = [...before.filter(kept => kept.uid !== uid && isKept(kept.at)), sum]
    .filter(({ delta }) => delta !== 0)
    .sort(newestFirst)
    .slice(0, maxObjects)
  let room = maxSums - rest.length - 1
  const groups = Object.entries(others)
    .filter(([, entry]) => isKept(entry.at))
    .sort(([, a], [, b]) => newestFirst(a, b))
    .slice(0, maxUndoGroups - 1)
    .filter(([other]) => (room -= changedBy(draft, other).length) >= 0)
  const entry = first && { [group]: { ...first, ...(rest.length > 0 && { others: rest }) } }
  draft.set({ undo: { ...Object.fromEntries(groups), ...entry } })
}

const newestFirst = (a: { readonly at: number }, b: { readonly at: number }): number => b.at - a.at

/** Remembers that a name could not be taken at `at`, since the record is full. */
export const refusedAt = (draft: MemoryDraft, at: number): void =>
  draft.set({ fullAt: Math.max(at, draft.fields.fullAt ?? at) })

/** Remembers that deliveries were refused at `at`, since they make the API server store too much. */
export const limitedAt = (draft: MemoryDraft, at: number): void =>
  draft.set({ limitedAt: Math.max(at, draft.fields.limitedAt ?? at) })

/** What is reported of deliveries: the newest of them, newest first, and how many ended how. */
export type Note = Pick<Memory, 'recent' | 'counts'>

/** What is reported of one delivery. */
export const noteOf = (delivery: RecentDelivery): Note => ({ recent: [delivery], counts: { [delivery.outcome]: 1 } })

/** What two notes report together. */
export const joined = (note: Note, before: Note): Note => {
  const counts = { ...before.counts }
  for (const [outcome, count] of Object.entries(note.counts)) counts[outcome] = (counts[outcome] ?? 0) + count
  const recent = [...note.recent, ...before.recent].sort((a, b) => b.at - a.at).slice(0, maxRecent)
  return { recent, counts }
}
