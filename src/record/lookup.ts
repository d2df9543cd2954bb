import type { Row } from '../api/row.ts'

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
  /**
   * Lists so many finished rows, with a name or without one, that were decided before all others; of one moment, those that
   * stand first.
   */
  first(isNamed: boolean, count: number): readonly Row[]
  /** Concludes what is known of `rows`: the same without those that are removed, and with others at their end. */
  changed(removed: readonly Row[], added: readonly Row[], rows: readonly Row[]): Lookup
}

/** A hash has no such character. */
export const isNamedKey = (key: string): boolean => !key.includes('/')

/** Says what is known of rows. They must not change any more. */
export const lookupOf = (rows: readonly Row[]): Lookup => {
  const known = lookups.get(rows)
  if (known) return known
  const built = lookupFor(rows)
  keep(rows, built)
  return built
}

/** Keeps what is known of rows. They must not change any more. */
export const keep = (rows: readonly Row[], lookup: Lookup): void => void lookups.set(rows, lookup)

const lookups = new WeakMap<readonly Row[], Lookup>()

/** Goes through rows. */
export const lookupFor = (rows: readonly Row[]): Lookup => {
  const byKey = new Map<string, Row>()
  let [named, unnamed, oldest, newest] = [0, 0, Infinity, -Infinity]
  for (const row of rows) {
    byKey.set(row.key, row)
    if (row.state !== 'claimed' && isNamedKey(row.key)) named += 1
    else if (row.state !== 'claimed') unnamed += 1
    oldest = Math.min(oldest, row.at)
    newest = Math.max(newest, row.at)
  }
  const aged = new Map<boolean, readonly Row[]>()
  const base: Base = {
    get: key => byKey.get(key),
    byAge: isNamed => {
      const sorted = aged.get(isNamed) ?? agedOf(rows, isNamed)
      aged.set(isNamed, sorted)
      return sorted
    },
  }
  const layers = { base, changes: new Map<string, undefined>(), named, newest, oldest, unnamed }
  return layered(rows, layers, byKey.size === rows.length)
}

/** Beyond so many changes the rows are gone through again. */
const mostChanges = 64

/** Rows by their keys, and those that are finished by their age. It is shared, and never changes. */
interface Base {
  get(key: string): Row | undefined
  /** Lists the finished rows with a name, or without one, in the order in which they were decided. */
  byAge(isNamed: boolean): readonly Row[]
}

/** The rows of a base, and what has changed since, in the order in which those rows stand. */
interface Layers extends Pick<Lookup, 'named' | 'newest' | 'oldest' | 'unnamed'> {
  readonly base: Base
  readonly changes: ReadonlyMap<string, Row | undefined>
}

/** `isUnique` says whether each key is that of one row. */
const layered = (rows: readonly Row[], layers: Layers, isUnique: boolean): Lookup => {
  const get = (key: string): Row | undefined =>
    layers.changes.has(key) ? layers.changes.get(key) : layers.base.get(key)
  return {
    ...layers,
    get,
    all: keys => {
      const wanted = new Set(keys.filter(key => key !== undefined))
      return isUnique
        ? [...wanted].map(get).filter(row => row !== undefined)
        : rows.filter(({ key }) => wanted.has(key))
    },
    first: (isNamed, count) => firstOf(layers, isNamed, count),
    changed: (removed, added, next) => {
      const changed = isUnique ? changedLayers(layers, removed, added) : undefined
      return changed ? layered(next, changed, true) : lookupFor(next)
    },
  }
}

/** Undefined where there are too many changes, or two of one key. */
const changedLayers = (layers: Layers, removed: readonly Row[], added: readonly Row[]): Layers | undefined => {
  const changes = new Map(layers.changes)
  let { named, newest, oldest, unnamed } = layers
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
    // It stands at the end, though its key may have been changed before.
    changes.delete(row.key)
    changes.set(row.key, row)
  }
  if (changes.size > mostChanges || new Set(added.map(({ key }) => key)).size < added.length) return undefined
  return { base: layers.base, changes, named, newest, oldest, unnamed }
}

const firstOf = ({ base, changes }: Layers, isNamed: boolean, count: number): readonly Row[] => {
  const found: Row[] = []
  const added = agedOf([...changes.values()], isNamed)
  let next = 0
  const addBefore = (at: number): void => {
    for (let row = added[next]; row && row.at < at && found.length < count; row = added[++next]) found.push(row)
  }
  for (const row of base.byAge(isNamed)) {
    if (found.length >= count) break
    if (changes.has(row.key)) continue
    addBefore(row.at)
    if (found.length < count) found.push(row)
  }
  addBefore(Infinity)
  return found
}

/** Sorts the finished rows with a name, or without one, by their age. Those of one moment stay in their order. */
const agedOf = (rows: readonly (Row | undefined)[], isNamed: boolean): readonly Row[] =>
  rows
    .filter(row => row !== undefined)
    .filter(({ key, state }) => state !== 'claimed' && isNamedKey(key) === isNamed)
    .sort((a, b) => a.at - b.at)
