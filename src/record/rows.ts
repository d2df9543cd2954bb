import type { Row } from '../api/row.ts'
import { isNamedKey, keep, lookupFor, lookupOf, type Lookup } from './lookup.ts'
import type { Memory } from './memory.ts'
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
export const withRow = (row: Row): Update => withRows([row])

/** Adds rows one after another. The list is copied once: a full record has thousands of rows, and a write ends a hundred of them. */
export const withRows =
  (added: readonly Row[]): Update =>
  memory => {
    if (added.length === 0) return memory
    const rows = [...memory.rows]
    const known = added.reduce((lookup, row) => add(rows, lookup, row, memory.mostRows), lookupOf(memory.rows))
    keep(rows, known)
    return { ...memory, rows }
  }

/** Adds a row to a list of which `before` is known. Answers what is known of it then. */
const add = (rows: Row[], before: Lookup, row: Row, mostRows: number | undefined): Lookup => {
  const replaced = before.get(row.key)
  const kept = replaced && knownByBody(replaced, row)
  const added = kept && isFresh(kept, row) ? [kept, row] : [row]
  const takenOver = before.all([row.key, row.body, kept?.key])
  const isAllFresh = row.at - before.oldest < rememberedMs && before.newest - row.at < rememberedMs
  const stale = isAllFresh ? [] : rows.filter(old => !isFresh(old, row) && !takenOver.includes(old))
  remove(rows, [...takenOver, ...stale])
  rows.push(...added)
  // Where rows are too old, what was known of their times is no longer worth much.
  const after = stale.length === 0 ? before.changed(takenOver, added, rows) : lookupFor(rows)
  const forgotten = tooMany(after, row, mostRows)
  if (forgotten.length === 0) return after
  remove(rows, forgotten)
  return after.changed(forgotten, [], rows)
}

/** Clocks differ, and what is told late is old: a claim that is newer than the row stays. */
const isFresh = ({ at, state }: Row, row: Row): boolean =>
  (state === 'claimed' && at > row.at) || Math.abs(row.at - at) < rememberedMs

/**
 * Lists the finished rows that are too many, with room for `row` once it is finished: the oldest by age, not by place. What is
 * found out late of an old claim stands last, and may be the oldest itself.
 */
const tooMany = (rows: Lookup, { key, state }: Row, mostRows = defaultLimits.rows): readonly Row[] => {
  const isNamed = isNamedKey(key)
  const finished = (isNamed ? rows.named : rows.unnamed) + (state === 'claimed' ? 1 : 0)
  const many = finished - (isNamed ? mostRows : mostUnnamed)
  return many > 0 ? rows.first(isNamed, many) : []
}

const remove = (rows: Row[], removed: readonly Row[]): void => {
  const [only] = removed
  if (only === undefined) return
  if (removed.length === 1) {
    // The oldest mostly stands first, and a claim last.
    rows.splice(rows[0] === only ? 0 : rows.lastIndexOf(only), 1)
    return
  }
  const all = new Set(removed)
  let left = 0
  for (const row of rows) if (!all.has(row)) rows[left++] = row
  rows.length = left
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
