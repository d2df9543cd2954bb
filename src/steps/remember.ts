import type { AlertGroup } from '../api/delivery.ts'
import { mostRecent } from '../api/status.ts'
import { keyOf, type Claim, type Memory, type RecentDelivery, type Report, type Row } from '../api/record.ts'

/** How long a decided delivery is remembered, and how many of a hook at most: the oldest are forgotten first. */
const rememberedMs = 24 * 3_600_000
const mostRows = 1000

/** How many alert groups of a hook are remembered, and how many firing alerts of each. */
const mostGroups = 64
const mostFiring = 128

/** How many groups may have something to take back, and for how long: alerts can fire for weeks. */
const mostUndo = 256
const undoMs = 30 * 24 * 3_600_000

/** A change of a hook's memory. Pure: it may run many times, on whatever is newest. */
export type Update = (memory: Memory) => Memory

/** Adds a row in place of an older one of its key, and forgets what is too old or too much. An open claim is never too
 * much: it would be executed again. After a day nobody can tell what became of it. */
export const withRow =
  (row: Row): Update =>
  memory => {
    // Clocks differ, and what is told late is old: a claim that is newer than the row stays.
    const isFresh = ({ at, claim }: Row): boolean => (claim && at > row.at) || Math.abs(row.at - at) < rememberedMs
    const fresh = memory.rows.filter(old => old.key !== row.key && isFresh(old))
    const done = fresh.filter(({ claim }) => !claim)
    const forgettable = new Set(done.slice(0, Math.max(0, done.length + 1 - mostRows)))
    return { ...memory, rows: [...fresh.filter(old => !forgettable.has(old)), row] }
  }

/** The rows whose write is this one. */
export const rowsOf = (memory: Memory, mark: string): readonly Row[] =>
  memory.rows.filter(({ claim }) => claim?.mark === mark)

/**
 * A marked write is stored: its rows are done. They come back where someone has dropped them meanwhile, or could not tell
 * what became of it. `madeAt` is when it was made, where that is known and was long after it was claimed.
 */
export const applied =
  (mark: string, claimed: readonly Row[], madeAt = -Infinity): Update =>
  memory => {
    const present = new Map(memory.rows.map(row => [row.key, row]))
    const done = claimed.filter(({ former, key }) => {
      const now = present.get(key)
      return now === undefined || now.claim?.mark === mark || now.lost === mark || isFormer(now, former)
    })
    const isLost = ({ key }: Row): boolean => present.get(key)?.lost === mark
    const next = done.reduce((so, row) => {
      if (!isLost(row)) return withRow(finished(row))(withUndo(row)(reported(row)(so)))
      // That it ran, what it reported and what it took back was told when it was given up, and may be over by now.
      return withRow(finished(row))(row.undoes === undefined ? withUndo(row)(so) : so)
    }, memory)
    const ran = done.filter(row => !isLost(row))
    return ranBy(next, ran, madeAt)
  }

/** The hook has run, or may have, by what these rows have changed: last of all, though a clock was ahead before. */
const ranBy = (memory: Memory, rows: readonly Row[], madeAt = -Infinity): Memory => {
  const ran = rows.filter(({ from, to }) => from !== to).map(({ at }) => at)
  return ran.length === 0 ? memory : { ...memory, ranAt: Math.max(madeAt, ...ran) }
}

const finished = (row: Row): Row => {
  const { claim: _, former: __, report: ___, ...done } = row
  return done
}

/** Whether a row is what stood in the place of another before. */
const isFormer = (row: Row, former: Row['former']): boolean =>
  row.claim === undefined && former !== undefined && row.at === former.at && row.newsAt === former.newsAt

/** What a row's step adds to what its group takes back, or has taken back of it. */
const withUndo =
  ({ at, claim, from = 0, group, to = 0, undoes }: Row): Update =>
  memory => {
    if (group === undefined || !claim) return memory
    const { [group]: before, ...others } = memory.undo
    const isSame = before?.uid === claim.uid
    const isLate = before !== undefined && isEarlier(at, claim, before)
    // What is found out late of a target that has been replaced says nothing of the one that is there.
    if (isLate && !isSame) return memory
    const known = isSame ? before.delta : 0
    const delta = undoes === undefined ? known + to - from : known - undoes
    const { target } = claim
    const version = isLate ? (before.version ?? claim.version) : claim.version
    const kept = Object.entries(others)
      .filter(([, entry]) => at - entry.at < undoMs)
      .sort(([, a], [, b]) => b.at - a.at)
      .slice(0, mostUndo - 1)
    const entry = delta === 0 ? {} : { [group]: { at, uid: claim.uid, target, version, delta } }
    return { ...memory, undo: { ...Object.fromEntries(kept), ...entry } }
  }

/**
 * Whether a step came before the last one that is known. Versions tell, whatever the clocks say, but those of two targets
 * tell nothing: where a hook was aimed at another one, what was decided first came first.
 */
const isEarlier = (at: number, { target, version }: Claim, known: Memory['undo'][string]): boolean => {
  if (known.target !== undefined && known.target !== target) return at < known.at
  return known.version !== undefined && BigInt(version) < BigInt(known.version)
}

/** Which claims are meant, and of which rows. */
export type Which = (claim: Claim, row: Row) => boolean

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
    const meant = memory.rows.filter(row => row.claim && which(row.claim, row))
    return {
      ...meant.reduce(
        // What may have been taken back is not taken back again.
        (so, row) => reported(row)(row.undoes === undefined ? so : withUndo(row)(so)),
        ranBy(memory, meant),
      ),
      rows: memory.rows.map(row => {
        const { at, claim, key, newsAt } = row
        if (!claim || !which(claim, row)) return row
        const lost = claim.mark
        return { key, at, ...(newsAt === undefined ? {} : { newsAt }), skipped: 'OutcomeUnknown', lost }
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
      if (!row.claim || !which(row.claim, row)) return [row]
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
  ({ at, report }: Row): Update =>
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

/** What is told of one delivery. */
export const noteOf = (delivery: RecentDelivery): Note => ({ recent: [delivery], counts: { [delivery.outcome]: 1 } })

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
