import type { AlertGroup } from '../api/delivery.ts'
import { keyOf } from '../api/hash.ts'
import type { RecentDelivery } from '../api/record.ts'
import type { Claim, Report, ClaimedRow, DoneRow, Former, Row } from '../api/row.ts'
import { mostRecent } from '../api/status.ts'
import { keep, lookupOf } from './lookup.ts'
import { momentOf, type Memory } from './memory.ts'
import { withRows, type Update } from './rows.ts'
import { withUndo } from './undo.ts'

/** How many alert groups of a hook are remembered, and how many firing alerts of each. */
const mostGroups = 64
const mostFiring = 128

/** Makes the key of a row without a name: its write's mark, and which of that write's rows it is. */
export const unnamedKey = (memory: Memory, mark: string): string => `${mark}/${rowsOf(memory, mark).length}`

/** A name could not be taken at `at`, since the record is full. */
export const refusedAt =
  (at: number): Update =>
  memory => ({ ...memory, fullAt: Math.max(at, memory.fullAt ?? at) })

/** Deliveries were refused at `at`, since they make the API server store too much. */
export const limitedAt =
  (at: number): Update =>
  memory => ({ ...memory, limitedAt: Math.max(at, memory.limitedAt ?? at) })

/** Lists the rows that are claimed. */
export const claimsIn = (memory: Memory): readonly ClaimedRow[] => memory.rows.filter(row => row.state === 'claimed')

/** Lists the rows that one write folds. */
export const rowsOf = (memory: Memory, mark: string): readonly ClaimedRow[] =>
  claimsIn(memory).filter(({ claim }) => claim.mark === mark)

/** The claims of a write say which count it sets, once all its posts are folded. */
export const claiming =
  (mark: string, to: number): Update =>
  memory => {
    const drafts = rowsOf(memory, mark)
    if (drafts.length === 0) return memory
    const claims = drafts.map(row => ({ ...row, claim: { ...row.claim, to } }))
    const rows: Row[] = [...memory.rows]
    // They were added last.
    for (const [index, draft] of drafts.entries()) rows[rows.lastIndexOf(draft)] = claims[index] ?? draft
    keep(rows, lookupOf(memory.rows).changed(drafts, claims, rows))
    return { ...memory, rows }
  }

/**
 * A marked write is stored: its rows are done. They come back where someone has dropped them meanwhile, or could not tell
 * what became of it. `madeAt` is when it was made, where that is known and was long after it was claimed.
 */
export const applied =
  (mark: string, claimed: readonly ClaimedRow[], madeAt = -Infinity): Update =>
  memory => {
    const present = lookupOf(memory.rows)
    const done = claimed.filter(({ former, key }) => {
      const now = present.get(key)
      return now === undefined || markOf(now) === mark || isFormer(now, former)
    })
    const isLost = ({ key }: Row): boolean => {
      const row = present.get(key)
      return row?.state === 'untold' && row.mark === mark
    }
    const next = done.reduce(
      (so, row) => {
        if (!isLost(row)) return withUndo(row)(reported(row)(so))
        // The row was given up before, and its run, its report and its undo were recorded then. Only its step is missing from the sum.
        return row.undoes === undefined ? withUndo(row)(so) : so
      },
      withRows(done.map(finished))(memory),
    )
    const ran = done.filter(row => !isLost(row))
    return ranBy(next, ran, madeAt)
  }

/** The hook has run, or may have, by what these rows have changed: last of all, though a clock was ahead before. */
const ranBy = (memory: Memory, rows: readonly ClaimedRow[], madeAt = -Infinity): Memory => {
  const ran = rows.filter(({ from, to }) => from !== to).map(({ at }) => at)
  return ran.length === 0 ? memory : { ...memory, ranAt: Math.max(madeAt, ...ran) }
}

/** The mark of the write that a row waits for, or is lost with. */
const markOf = (row: Row): string | undefined =>
  row.state === 'claimed' ? row.claim.mark : row.state === 'untold' ? row.mark : undefined

const finished = (row: ClaimedRow): DoneRow => ({
  state: 'done',
  key: row.key,
  ...momentOf(row),
  from: row.from,
  to: row.to,
})

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

/** Nobody can tell any more whether these marked writes were stored: what they were for is never executed again. */
export const untold =
  (which: Which): Update =>
  memory => {
    const meant = claimsIn(memory).filter(row => which(row.claim, row))
    return {
      ...meant.reduce(
        // What may have been taken back is not taken back again.
        (so, row) => reported(row)(row.undoes === undefined ? so : withUndo(row)(so)),
        ranBy(memory, meant),
      ),
      rows: memory.rows.map(row => {
        if (row.state !== 'claimed' || !which(row.claim, row)) return row
        return { state: 'untold', key: row.key, ...momentOf(row), mark: row.claim.mark }
      }),
    }
  }

/**
 * These marked writes were not stored and never will be: their deliveries count as never seen, but for what was decided
 * before.
 */
export const dropped =
  (which: Which): Update =>
  memory => ({
    ...memory,
    rows: memory.rows.flatMap(row => {
      if (row.state !== 'claimed' || !which(row.claim, row)) return [row]
      return row.former ? [{ key: row.key, ...row.former }] : []
    }),
  })

/** What a group of alerts reports. */
export const reportOf = ({ firing, key }: AlertGroup): Report => ({
  group: keyOf(key),
  firing: firing.slice(0, mostFiring).map(alertKey),
})

/** A report of a group of alerts was decided at `at`. */
export const withReport =
  ({ firing, group }: Report, at: number): Update =>
  memory => {
    const { [group]: _, ...others } = memory.groups
    if (firing.length === 0) return { ...memory, groups: others }
    const kept = Object.entries(others).sort(([, a], [, b]) => b.at - a.at)
    return { ...memory, groups: { ...Object.fromEntries(kept.slice(0, mostGroups - 1)), [group]: { at, firing } } }
  }

/** The report that came with a row. */
const reported =
  ({ at, report }: ClaimedRow): Update =>
  memory =>
    report ? withReport(report, at)(memory) : memory

/** Whether every alert that fires did so when the group was last reported. */
export const allSeen = (memory: Memory, { firing, key }: AlertGroup): boolean => {
  const seen = new Set(memory.groups[keyOf(key)]?.firing)
  return firing.every(alert => seen.has(alertKey(alert)))
}

/** Among the alerts of one group, 48 bits tell two apart. */
const alertKey = (alert: string): string => keyOf(alert).slice(0, 8)

/** A sender asks a person to confirm something. */
export const toConfirm =
  (confirmation: NonNullable<Memory['confirmation']>): Update =>
  memory => ({ ...memory, confirmation })

/** What is told of deliveries: the newest of them, newest first, and how many ended how. */
export type Note = Pick<Memory, 'recent' | 'counts'>

/** What is told of some deliveries. */
export const noteOf = (deliveries: readonly RecentDelivery[]): Note => {
  const counts: Record<string, number> = {}
  for (const { outcome } of deliveries) counts[outcome] = (counts[outcome] ?? 0) + 1
  return { recent: deliveries.toReversed(), counts }
}

/** What two notes tell together. */
export const joined = (note: Note, before: Note): Note => {
  const counts = { ...before.counts }
  for (const [outcome, count] of Object.entries(note.counts)) counts[outcome] = (counts[outcome] ?? 0) + count
  const recent = [...note.recent, ...before.recent].sort((a, b) => b.at - a.at).slice(0, mostRecent)
  return { recent, counts }
}

/** Deliveries were answered. */
export const noted =
  (note: Note): Update =>
  memory => ({ ...memory, ...joined(note, memory) })
