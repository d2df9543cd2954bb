import type { ClaimedRow, Row } from '../api/row.ts'
import { agedOf, isFresh, rememberedMs, type ByAge } from './aged.ts'
import { defaultLimits, isNamedKey, type Memory } from './memory.ts'

/**
 * A change of a hook's memory. It may run several times, each time on a draft of the newest
 * version.
 */
export type Update = (draft: MemoryDraft) => void

type Fields = { -readonly [Name in keyof Omit<Memory, 'rows'>]: Memory[Name] }

/**
 * How many finished rows without an idempotency key are kept. No copy can refer to them, but a
 * process may still report an outcome late. Such rows never displace a row with a key.
 */
const maxUnnamed = 200

/** The members that a memory may lose. */
const optional = ['overdue', 'runs'] as const

/**
 * After so many changes, the rows of a fork become a base of its own. Until then a fork costs what has
 * changed, and not what is remembered.
 */
const maxChanges = 48

/**
 * A memory that is being changed, with its rows by key, in the order of decision. It serves one
 * attempt to store the result, and is thrown away if another process wrote first.
 */
export class MemoryDraft {
  /** The members of the memory except its rows. Change them with {@link set}. */
  readonly fields: Readonly<Fields>
  readonly #fields: Fields
  /** True once the draft differs from the memory that it was made from. Only the draft sets it. */
  isChanged = false
  /** The memory that the draft was made from. Undefined if updates were in its content already. */
  readonly #original: Memory | undefined
  readonly #maxRows: number
  /** Rows that forks share. Neither they nor their places by key are ever changed. */
  #base: readonly Row[]
  #places: ReadonlyMap<string, number>
  /** The rows that have taken places of the base. Undefined where the row is gone. */
  #changed: Map<number, Row | undefined>
  /** The rows after those of the base. */
  #added: Map<string, Row>
  /** How many rows there are. Only the draft sets it. */
  size: number
  /** The claimed rows by key, in the same order as the rows. */
  #claims: Map<string, ClaimedRow>
  /** The keys of finished rows without an idempotency key. */
  #unnamed: Set<string>
  /** The times of the oldest and the newest decision, in milliseconds since the epoch. */
  #oldest = Infinity
  #newest = -Infinity
  /**
   * Finished rows by age: those with an idempotency key, and those without. Each list is computed
   * when first needed.
   */
  #aged: ByAge = {}

  /**
   * Makes a draft of a memory, or another with the content of a draft. With `stored`, the draft becomes
   * one of that memory, which must have the same rows.
   */
  constructor(of: Memory | MemoryDraft, stored?: Memory) {
    if (of instanceof MemoryDraft) {
      const { rows: _, ...fields } = stored ?? { ...of.#fields, rows: [] }
      this.#fields = fields
      this.#original = stored ?? (of.isChanged ? undefined : of.#original)
      const isLong = of.#changed.size + of.#added.size > maxChanges
      this.#base = isLong ? of.#list() : of.#base
      this.#places = isLong ? placesOf(this.#base) : of.#places
      this.#changed = new Map(isLong ? [] : of.#changed)
      this.#added = new Map(isLong ? [] : of.#added)
      this.size = of.size
      this.#claims = new Map(of.#claims)
      this.#unnamed = new Set(of.#unnamed)
      this.#oldest = of.#oldest
      this.#newest = of.#newest
    } else {
      const { rows, ...fields } = of
      this.#fields = fields
      this.#original = of
      const places = placesOf(rows)
      // Somebody may have written a key twice: the later row counts, at the place of the earlier one.
      this.#base = places.size === rows.length ? rows : [...new Map(rows.map(row => [row.key, row])).values()]
      this.#places = this.#base === rows ? places : placesOf(this.#base)
      this.#changed = new Map()
      this.#added = new Map()
      this.size = this.#base.length
      this.#claims = new Map()
      this.#unnamed = new Set()
      for (const row of this.#base) this.#store(row)
    }
    this.fields = this.#fields
    this.#maxRows = this.#fields.maxRows ?? defaultLimits.rows
  }

  /** Returns another draft with the same content. It counts as unchanged. */
  fork(): MemoryDraft {
    return new MemoryDraft(this)
  }

  /** Replaces the content by that of a fork, which must not be used afterwards. */
  adopt(fork: MemoryDraft): void {
    if (!fork.isChanged) return
    this.isChanged = true
    for (const name of optional) if (!(name in fork.#fields)) delete this.#fields[name]
    Object.assign(this.#fields, fork.#fields)
    this.#base = fork.#base
    this.#places = fork.#places
    this.#changed = fork.#changed
    this.#added = fork.#added
    this.size = fork.size
    this.#claims = fork.#claims
    this.#unnamed = fork.#unnamed
    this.#oldest = fork.#oldest
    this.#newest = fork.#newest
    this.#aged = fork.#aged
  }

  /** Returns the memory with all changes, or the original object if nothing changed. */
  memory(): Memory {
    const same = this.isChanged ? undefined : this.#original
    return same ?? { ...this.#fields, rows: this.#list() }
  }

  /**
   * Sets members of the memory. Without members, it only marks the draft as changed, so that it is
   * stored.
   */
  set(fields: Partial<Fields>): void {
    this.isChanged = true
    Object.assign(this.#fields, fields)
  }

  /** Removes a member of the memory. */
  clear(field: (typeof optional)[number]): void {
    this.isChanged = true
    delete this.#fields[field]
  }

  get(key: string): Row | undefined {
    const place = this.#placeOf(key)
    return place === undefined ? this.#added.get(key) : (this.#changed.get(place) ?? this.#base[place])
  }

  /** Returns the first row that satisfies a condition. */
  find(isWanted: (row: Row) => boolean): Row | undefined {
    return this.#list().find(isWanted)
  }

  /** Returns the claimed rows. */
  claims(): readonly ClaimedRow[] {
    return [...this.#claims.values()]
  }

  /**
   * Adds a row, which replaces an older row with its key. Drops rows that are too old or too many.
   * An open claim is dropped only after a day: without the claim, the step could run again.
   */
  add(row: Row): void {
    this.isChanged = true
    const replaced = this.get(row.key)
    // The signed body of a replaced row must not count again, so that row stays under the body's hash.
    const body = replaced?.state === 'claimed' ? undefined : replaced?.body
    const kept = replaced && body !== undefined && body !== row.body ? { ...replaced, key: body } : undefined
    const isAllFresh = row.at - this.#oldest < rememberedMs && this.#newest - row.at < rememberedMs
    for (const key of [row.key, row.body, kept?.key]) if (key !== undefined) this.#remove(key)
    if (!isAllFresh) this.#forgetStale(row)
    if (kept && kept.key !== row.key && isFresh(kept, row)) this.#store(kept)
    this.#store(row)
    this.#forgetOldest(row)
  }

  /** Stores rows in place of those with the same keys. Drops no other rows. */
  replace(rows: readonly Row[]): void {
    this.isChanged = true
    for (const row of rows) this.#store(row)
    this.#aged = {}
  }

  /** Removes the row with a key, if there is one. */
  remove(key: string): void {
    this.isChanged = true
    this.#remove(key)
  }

  /**
   * Returns whether one more row with an idempotency key has room. It may displace only rows that
   * are older than `windowMs` at `now`. Rows without such a key do not take room from it.
   */
  hasRoom(now: number, windowMs: number): boolean {
    // Old rows are mostly first. So if there is room, few rows are visited, even for many posts at
    // once.
    let wanted = this.size - this.#maxRows + 1
    if (wanted <= 0) return true
    for (const { at, key } of this.#each()) {
      if ((Math.abs(now - at) >= windowMs || !isNamedKey(key)) && --wanted === 0) return true
    }
    return false
  }

  /** Returns the place in the base of a row that is still there, or of what has replaced it. */
  #placeOf(key: string): number | undefined {
    const place = this.#places.get(key)
    if (place === undefined || !this.#changed.has(place)) return place
    return this.#changed.get(place) ? place : undefined
  }

  /** Yields the rows in order. */
  *#each(): Generator<Row, void> {
    for (const [place, row] of this.#base.entries()) {
      const now = this.#changed.has(place) ? this.#changed.get(place) : row
      if (now) yield now
    }
    yield* this.#added.values()
  }

  /** Returns the rows in order. Mostly none is gone, and copying the base is fast. */
  #list(): readonly Row[] {
    if (this.size < this.#base.length + this.#added.size) return [...this.#each()]
    const rows = [...this.#base]
    for (const [place, row] of this.#changed) if (row) rows[place] = row
    rows.push(...this.#added.values())
    return rows
  }

  #store(row: Row): void {
    const place = this.#placeOf(row.key)
    if (place !== undefined) {
      if (this.get(row.key) !== row) this.#changed.set(place, row)
    } else {
      if (!this.#added.has(row.key)) this.size += 1
      this.#added.set(row.key, row)
    }
    this.#oldest = Math.min(this.#oldest, row.at)
    this.#newest = Math.max(this.#newest, row.at)
    if (row.state === 'claimed') {
      this.#claims.set(row.key, row)
      this.#unnamed.delete(row.key)
      return
    }
    this.#claims.delete(row.key)
    const isNamed = isNamedKey(row.key)
    if (!isNamed) this.#unnamed.add(row.key)
    // Mostly it is the youngest, and is appended to the rows by age. If not, they are computed again.
    const age = isNamed ? 'named' : 'unnamed'
    const rows = this.#aged[age]?.rows
    if (rows && row.at >= (rows.at(-1)?.at ?? -Infinity)) rows.push(row)
    else if (rows) this.#aged[age] = undefined
  }

  #remove(key: string): void {
    const place = this.#placeOf(key)
    if (place !== undefined) this.#changed.set(place, undefined)
    else if (!this.#added.delete(key)) return
    this.size -= 1
    this.#claims.delete(key)
    this.#unnamed.delete(key)
  }

  /** Drops the rows that are too old, and computes the oldest and the newest time again. */
  #forgetStale(row: Row): void {
    for (const old of this.#list()) if (!isFresh(old, row)) this.#remove(old.key)
    const times = this.#list().map(({ at }) => at)
    this.#oldest = times.reduce((oldest, at) => Math.min(oldest, at), Infinity)
    this.#newest = times.reduce((newest, at) => Math.max(newest, at), -Infinity)
  }

  /**
   * Drops the oldest finished rows until there is room for `row`. It compares times, not positions:
   * a claim that finished late is the last row, but may be the oldest.
   */
  #forgetOldest({ key, state }: Row): void {
    const isNamed = isNamedKey(key)
    const named = this.size - this.#claims.size - this.#unnamed.size
    const finished = (isNamed ? named : this.#unnamed.size) + (state === 'claimed' ? 1 : 0)
    let many = finished - (isNamed ? this.#maxRows : maxUnnamed)
    if (many <= 0) return
    const aged = (this.#aged[isNamed ? 'named' : 'unnamed'] ??= agedOf(this.#list(), isNamed))
    while (many > 0 && aged.next < aged.rows.length) {
      const oldest = aged.rows[aged.next++]
      if (!oldest || this.get(oldest.key) !== oldest) continue
      this.#remove(oldest.key)
      many -= 1
    }
  }
}

/** Returns the place of each row by its key. */
const placesOf = (rows: readonly Row[]): ReadonlyMap<string, number> =>
  new Map(rows.map(({ key }, place) => [key, place]))
