import type { ClaimedRow, Row } from '../api/row.ts'
import { defaultLimits, type Memory } from './memory.ts'

/** A change of a hook's memory. It may run many times, each time on a draft of the newest version. */
export type Update = (draft: MemoryDraft) => void

type Fields = { -readonly [Name in keyof Omit<Memory, 'rows'>]: Memory[Name] }

/**
 * How long a decided delivery is remembered, in milliseconds. Of more than a record holds the oldest are forgotten first. No row is
 * forgotten within its window, so a hook takes no further names while so many rows are that young.
 */
const rememberedMs = 24 * 3_600_000

/**
 * How many finished rows of deliveries without a name are kept: no copy of those comes, but a process may still report the
 * outcome of one late. They force out no name.
 */
const maxUnnamed = 200

/** True for the key of a delivery with a name: a hash has no such character. */
const isNamedKey = (key: string): boolean => !key.includes('/')

/**
 * A memory that is being changed: its rows in a map, by their keys and in the order in which they were decided. It is made for one
 * attempt to store what follows from it, changed in place, and thrown away where another process came first.
 */
export class MemoryDraft {
  /** All that a memory holds but its rows. Assign to it through {@link set}. */
  readonly #fields: Fields
  /** The memory that was copied; undefined once something differs from it. */
  #same: Memory | undefined
  #isChanged = false
  #rows: Map<string, Row>
  /** Those of the rows that are claimed, in the same order. */
  #claims: Map<string, ClaimedRow>
  /** How many finished rows have a name, and how many have none. */
  #named = 0
  #unnamed = 0
  /** No row was decided before, or after, these: in milliseconds since the epoch. */
  #oldest = Infinity
  #newest = -Infinity
  /** The finished rows with a name, and those without one, by age; made when they are first asked for. */
  #aged: ByAge = {}

  constructor(of: Memory | MemoryDraft) {
    if (of instanceof MemoryDraft) {
      this.#fields = { ...of.#fields }
      this.#same = of.#same
      this.#rows = new Map(of.#rows)
      this.#claims = new Map(of.#claims)
      this.#named = of.#named
      this.#unnamed = of.#unnamed
      this.#oldest = of.#oldest
      this.#newest = of.#newest
      return
    }
    const { rows, ...fields } = of
    this.#fields = fields
    this.#same = of
    this.#rows = new Map()
    this.#claims = new Map()
    for (const row of rows) this.#store(row)
  }

  /** Another draft with what is in this one. It counts as unchanged. */
  fork(): MemoryDraft {
    return new MemoryDraft(this)
  }

  /** Takes over what is in a fork of this draft, which is not used any more. */
  adopt(fork: MemoryDraft): void {
    if (!fork.#isChanged) return
    this.#touch()
    Object.assign(this.#fields, fork.#fields)
    this.#rows = fork.#rows
    this.#claims = fork.#claims
    this.#named = fork.#named
    this.#unnamed = fork.#unnamed
    this.#oldest = fork.#oldest
    this.#newest = fork.#newest
    this.#aged = fork.#aged
  }

  /** Whether anything has been changed since the draft was made. */
  get isChanged(): boolean {
    return this.#isChanged
  }

  /** The memory as it is now: the very one that the draft was made of where nothing differs. */
  memory(): Memory {
    return (this.#same ??= { ...this.#fields, rows: [...this.#rows.values()] })
  }

  /** All that a memory holds but its rows. */
  get fields(): Readonly<Fields> {
    return this.#fields
  }

  /** Sets members of the memory; none at all has it stored as it is. */
  set(fields: Partial<Fields>): void {
    this.#touch()
    Object.assign(this.#fields, fields)
  }

  get size(): number {
    return this.#rows.size
  }

  get(key: string): Row | undefined {
    return this.#rows.get(key)
  }

  /** Finds the first row that is wanted. */
  find(isWanted: (row: Row) => boolean): Row | undefined {
    for (const row of this.#rows.values()) if (isWanted(row)) return row
    return undefined
  }

  /** The rows that are claimed. */
  claims(): readonly ClaimedRow[] {
    return [...this.#claims.values()]
  }

  /**
   * Adds a row in place of an older one of its key, and forgets what is too old or too much. An open claim is never too
   * much: it would be executed again. After a day its outcome can no longer be found out.
   */
  add(row: Row): void {
    this.#touch()
    const replaced = this.#rows.get(row.key)
    const kept = replaced && knownByBody(replaced, row)
    const isAllFresh = row.at - this.#oldest < rememberedMs && this.#newest - row.at < rememberedMs
    for (const key of [row.key, row.body, kept?.key]) if (key !== undefined) this.#remove(key)
    if (!isAllFresh) this.#forgetStale(row)
    if (kept && kept.key !== row.key && isFresh(kept, row)) this.#store(kept)
    this.#store(row)
    this.#forgetOldest(row)
  }

  /** Puts other rows in the place of those that are there, by their keys. */
  replace(rows: readonly Row[]): void {
    this.#touch()
    for (const row of rows) this.#store(row)
    this.#aged = {}
  }

  /** Removes the row of a key, if there is one. */
  remove(key: string): void {
    this.#touch()
    this.#remove(key)
  }

  /** True if a further row forces none out that is younger than `windowMs` at `now`. */
  hasRoom(now: number, windowMs: number): boolean {
    // The oldest mostly stand first: so few are looked at where there is room, also by each of many posts at once.
    let wanted = this.#rows.size - this.#maxRows + 1
    if (wanted <= 0) return true
    for (const { at, key } of this.#rows.values()) {
      if ((Math.abs(now - at) >= windowMs || !isNamedKey(key)) && --wanted === 0) return true
    }
    return false
  }

  get #maxRows(): number {
    return this.#fields.maxRows ?? defaultLimits.rows
  }

  #touch(): void {
    this.#isChanged = true
    this.#same = undefined
  }

  #store(row: Row): void {
    this.#count(this.#rows.get(row.key), -1)
    this.#rows.set(row.key, row)
    this.#count(row, 1)
    this.#oldest = Math.min(this.#oldest, row.at)
    this.#newest = Math.max(this.#newest, row.at)
    if (row.state === 'claimed') {
      this.#claims.set(row.key, row)
      return
    }
    this.#claims.delete(row.key)
    addTo(this.#aged, row)
  }

  #remove(key: string): void {
    this.#count(this.#rows.get(key), -1)
    this.#rows.delete(key)
    this.#claims.delete(key)
  }

  #count(row: Row | undefined, by: 1 | -1): void {
    if (!row || row.state === 'claimed') return
    if (isNamedKey(row.key)) this.#named += by
    else this.#unnamed += by
  }

  /** Where rows are too old, what was known of their times is no longer worth much. */
  #forgetStale(row: Row): void {
    const all = [...this.#rows.values()]
    for (const old of all) if (!isFresh(old, row)) this.#remove(old.key)
    const times = [...this.#rows.values()].map(({ at }) => at)
    this.#oldest = times.reduce((oldest, at) => Math.min(oldest, at), Infinity)
    this.#newest = times.reduce((newest, at) => Math.max(newest, at), -Infinity)
  }

  /**
   * Forgets the finished rows that are too many, with room for `row` once it is finished: the oldest by age, not by place. What is
   * found out late of an old claim stands last, and may be the oldest itself.
   */
  #forgetOldest({ key, state }: Row): void {
    const isNamed = isNamedKey(key)
    const finished = (isNamed ? this.#named : this.#unnamed) + (state === 'claimed' ? 1 : 0)
    let many = finished - (isNamed ? this.#maxRows : maxUnnamed)
    if (many <= 0) return
    const aged = (this.#aged[isNamed ? 'named' : 'unnamed'] ??= agedOf(this.#rows.values(), isNamed))
    while (many > 0 && aged.next < aged.rows.length) {
      const oldest = aged.rows[aged.next++]
      if (!oldest || this.#rows.get(oldest.key) !== oldest) continue
      this.#remove(oldest.key)
      many -= 1
    }
  }
}

/** Finished rows in the order in which they were decided. Those before `next` are forgotten, and of the others some may be. */
interface Aged {
  readonly rows: Row[]
  next: number
}

interface ByAge {
  named?: Aged | undefined
  unnamed?: Aged | undefined
}

/** Those of one moment stay in their order. */
const agedOf = (rows: Iterable<Row>, isNamed: boolean): Aged => ({
  rows: [...rows]
    .filter(({ key, state }) => state !== 'claimed' && isNamedKey(key) === isNamed)
    .sort((a, b) => a.at - b.at),
  next: 0,
})

/** Adds a row to those by age: mostly it is the youngest. */
const addTo = (aged: ByAge, row: Row): void => {
  const name = isNamedKey(row.key) ? 'named' : 'unnamed'
  const { rows } = aged[name] ?? {}
  if (!rows) return
  if (row.at >= (rows.at(-1)?.at ?? -Infinity)) rows.push(row)
  else aged[name] = undefined
}

/** Clocks differ, and what is reported late is old: a claim that is newer than the row stays. */
const isFresh = ({ at, state }: Row, row: Row): boolean =>
  (state === 'claimed' && at > row.at) || Math.abs(row.at - at) < rememberedMs

/**
 * What stays of a row that another of its key takes the place of: its signed body has counted and must not count again, so
 * the row is known by that body from now on.
 */
const knownByBody = (old: Row, { body }: Row): Row | undefined =>
  old.state === 'claimed' || old.body === undefined || old.body === body ? undefined : { ...old, key: old.body }
