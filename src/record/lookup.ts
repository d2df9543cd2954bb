import type { Row } from './memory.ts'

/**
 * What is known of the rows of a memory as a whole. A record remembers thousands of deliveries, and each post asks for a few
 * of them: so nobody goes through all of them for that.
 */
export interface Lookup {
  /** Finds the row of a key; the last one, where a record that others have edited has several. */
  get(key: string): Row | undefined
  /** Lists all rows of some keys. */
  all(keys: readonly (string | undefined)[]): readonly Row[]
  /** No row was decided before, or after, these: in milliseconds since the epoch. */
  readonly oldest: number
  readonly newest: number
  /** How many finished rows have a name, and how many have none. */
  readonly named: number
  readonly unnamed: number
}

/** A hash has no such character. */
export const isNamedKey = (key: string): boolean => !key.includes('/')

/** Says what is known of rows. They must not change any more. */
export const lookupOf = (rows: readonly Row[]): Lookup => {
  const known = lookups.get(rows)
  if (known) return known
  const built = build(rows)
  lookups.set(rows, built)
  return built
}

/** Concludes from what is known of rows what is known of `next`: the same without those that are removed, and with others. */
export const derive = (
  rows: readonly Row[],
  next: readonly Row[],
  removed: readonly Row[],
  added: readonly Row[],
): void => {
  const known = lookups.get(rows)
  if (!known?.isUnique) return
  const changes = new Map(known.changes)
  let { named, newest, oldest, unnamed } = known
  const count = (row: Row, by: number): void => {
    if (row.state === 'claimed') return
    if (isNamedKey(row.key)) named += by
    else unnamed += by
  }
  for (const row of removed) {
    changes.set(row.key, undefined)
    count(row, -1)
  }
  for (const row of added) {
    count(row, 1)
    oldest = Math.min(oldest, row.at)
    newest = Math.max(newest, row.at)
    // What stays of a row may be forgotten for the row that replaced it.
    if (!removed.includes(row)) changes.set(row.key, row)
  }
  if (changes.size > mostChanges || new Set(added.map(({ key }) => key)).size < added.length) return
  lookups.set(next, layered(next, { base: known.base, changes, named, newest, oldest, unnamed }, true))
}

/** Beyond so many changes the rows are gone through again, when they are next asked for. */
const mostChanges = 64

/** The rows of a base by their keys, and what has changed since. The base is shared, and never changes. */
interface Layers extends Pick<Lookup, 'named' | 'newest' | 'oldest' | 'unnamed'> {
  readonly base: ReadonlyMap<string, Row>
  readonly changes: ReadonlyMap<string, Row | undefined>
}

interface Layered extends Lookup, Layers {
  /** Whether each key is that of one row. */
  readonly isUnique: boolean
}

const lookups = new WeakMap<readonly Row[], Layered>()

const layered = (rows: readonly Row[], layers: Layers, isUnique: boolean): Layered => {
  const get = (key: string): Row | undefined =>
    layers.changes.has(key) ? layers.changes.get(key) : layers.base.get(key)
  return {
    ...layers,
    isUnique,
    get,
    all: keys => {
      const wanted = new Set(keys.filter(key => key !== undefined))
      return isUnique
        ? [...wanted].map(get).filter(row => row !== undefined)
        : rows.filter(({ key }) => wanted.has(key))
    },
  }
}

const build = (rows: readonly Row[]): Layered => {
  const base = new Map<string, Row>()
  let [named, unnamed, oldest, newest] = [0, 0, Infinity, -Infinity]
  for (const row of rows) {
    base.set(row.key, row)
    if (row.state !== 'claimed' && isNamedKey(row.key)) named += 1
    else if (row.state !== 'claimed') unnamed += 1
    oldest = Math.min(oldest, row.at)
    newest = Math.max(newest, row.at)
  }
  const layers = { base, changes: new Map<string, undefined>(), named, newest, oldest, unnamed }
  return layered(rows, layers, base.size === rows.length)
}
