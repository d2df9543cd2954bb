import { derive, isNamedKey, lookupOf, type Lookup } from './lookup.ts'
import type { Memory, Row } from './memory.ts'
import { defaultLimits } from './pages.ts'

/** A change of a hook's memory. Pure: it may run many times, on whatever is newest. */
export type Update = (memory: Memory) => Memory

/**
 * How long a decided delivery is remembered, in milliseconds. Of more than a record holds the oldest are forgotten first. No row is
 * forgotten within its window, so a hook takes no further names while so many rows are that young.
 */
const rememberedMs = 24 * 3_600_000

/**
 * How many finished rows of deliveries without a name are kept: no copy of those comes, but a process may still tell late what
 * became of one. They force out no name.
 */
const mostUnnamed = 200

/**
 * Adds a row in place of an older one of its key, and forgets what is too old or too much. An open claim is never too
 * much: it would be executed again. After a day nobody can tell what became of it.
 */
export const withRow =
  (row: Row): Update =>
  memory => {
    const lookup = lookupOf(memory.rows)
    const replaced = lookup.get(row.key)
    const kept = replaced && knownByBody(replaced, row)
    const added = kept && isFresh(kept, row) ? [kept, row] : [row]
    const takenOver = lookup.all([row.key, row.body, kept?.key])
    const isAllFresh = row.at - lookup.oldest < rememberedMs && lookup.newest - row.at < rememberedMs
    const stale = isAllFresh ? [] : memory.rows.filter(old => !isFresh(old, row) && !takenOver.includes(old))
    const left = [...without(memory.rows, [...takenOver, ...stale]), ...added]
    const forgotten = tooMany(left, row, lookup, memory.mostRows)
    const rows = without(left, forgotten)
    // Where rows are too old, what was known of their times is no longer worth much.
    if (stale.length === 0) derive(memory.rows, rows, [...takenOver, ...forgotten], added)
    return { ...memory, rows }
  }

/** Clocks differ, and what is told late is old: a claim that is newer than the row stays. */
const isFresh = ({ at, state }: Row, row: Row): boolean =>
  (state === 'claimed' && at > row.at) || Math.abs(row.at - at) < rememberedMs

/** Lists the finished rows that are too many beside `row`, which stands last: the oldest of them. */
const tooMany = (rows: readonly Row[], row: Row, before: Lookup, mostRows = defaultLimits.rows): readonly Row[] => {
  const named = isNamedKey(row.key)
  const most = named ? mostRows : mostUnnamed
  // There are no more than before, but for what stays of the row that was replaced.
  if ((named ? before.named : before.unnamed) + 1 < most) return []
  const isDone = (old: Row): boolean => old !== row && old.state !== 'claimed' && isNamedKey(old.key) === named
  let done = 0
  let oldest: Row | undefined
  for (const old of rows) {
    if (!isDone(old)) continue
    done += 1
    if (oldest === undefined || old.at < oldest.at) oldest = old
  }
  const many = done + 1 - most
  if (many <= 0 || oldest === undefined) return []
  if (many === 1) return [oldest]
  // By age, not by place: what is found out late of an old claim stands last.
  return rows
    .filter(isDone)
    .toSorted((a, b) => a.at - b.at)
    .slice(0, many)
}

const without = (rows: readonly Row[], removed: readonly Row[]): readonly Row[] => {
  const [only] = removed
  if (only === undefined) return rows
  if (removed.length === 1) return rows.toSpliced(rows.lastIndexOf(only), 1)
  const all = new Set(removed)
  return rows.filter(row => !all.has(row))
}

/**
 * What stays of a row that another of its key takes the place of: its signed body has counted and must not count again, so
 * the row is known by that body from now on.
 */
const knownByBody = (old: Row, { body }: Row): Row | undefined =>
  old.state === 'claimed' || old.body === undefined || old.body === body ? undefined : { ...old, key: old.body }

/** True if a further row forces none out that is younger than `windowMs` at `now`. */
export const hasRoom = ({ mostRows = defaultLimits.rows, rows }: Memory, now: number, windowMs: number): boolean => {
  // The oldest mostly stand first: so few are looked at where there is room, also by each of many posts at once.
  let wanted = rows.length - mostRows + 1
  if (wanted <= 0) return true
  return rows.some(({ at, key }) => (Math.abs(now - at) >= windowMs || !isNamedKey(key)) && --wanted === 0)
}
