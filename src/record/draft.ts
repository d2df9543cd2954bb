import type { ClaimedRow, Row } from '../api/row.ts'
import { defaultLimits, isNamedKey, type Memory } from './memory.ts'

/**
 * How long a decided delivery is remembered, in milliseconds. If there are too many rows, the
 * oldest are dropped first, but never a row within its window. So a hook takes no new keys while
 * all rows are within their windows.
 */
const rememberedMs = 24 * 3_600_000

/**
 * Finished rows in order of their decision. Rows before the index `next` have been dropped. Some of
 * the later rows may have been dropped too.
 */
interface Aged {
  readonly rows: Row[]
  next: number
}

interface ByAge {
  named?: Aged | undefined
  unnamed?: Aged | undefined
}

/** Returns the rows by age. Rows of the same time keep their order. */
const agedOf = (rows: readonly Row[], isNamed: boolean): Aged => ({
  rows: rows.filter(({ key, state }) => state !== 'claimed' && isNamedKey(key) === isNamed).sort((a, b) => a.at - b.at),
  next: 0,
})

/**
 * Returns whether an older row may stay when `row` is added. A claim that is newer than `row`
 * always stays, because clocks differ, and `row` may be a late report.
 */
export const isFresh = ({ at, state }: Row, row: Pick<Row, 'at'>): boolean =>
  (state === 'claimed' && at > row.at) || Math.abs(row.at - at) < rememberedMs

/** A change of a hook's memory. It may run several times, each time on a draft of the newest version. */
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
 * A memory that is being changed, with its rows in a map by key, in the order of decision. It serves one
 * attempt to store the result, and is thrown away if another process wrote first.
 */
export class MemoryDraft {
  /** The members of the memory except its rows. Change them with {@link set}. */
  readonly fields: Readonly<Fields>
  readonly #fields: Fields
  #isChanged = false
  /** The memory that the draft was made from. Undefined if updates were in its content already. */
  readonly #original: Memory | undefined
  readonly #maxRows: number
  #rows: Map<string, Row>
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

  constructor(of: Memory | MemoryDraft) {
    if (of instanceof MemoryDraft) {
      this.#fields = { ...of.#fields }
      this.#original = of.#isChanged ? undefined : of.#original
      this.#rows = new Map(of.#rows)
      this.#claims = new Map(of.#claims)
      this.#unnamed = new Set(of.#unnamed)
      this.#oldest = of.#oldest
      this.#newest = of.#newest
    } else {
      const { rows, ...fields } = of
      this.#fields = fields
      this.#original = of
      this.#rows = new Map()
      this.#claims = new Map()
      this.#unnamed = new Set()
      for (const row of rows) this.#store(row)
    }
    this.fields = this.#fields
    this.#maxRows = this.#fields.maxRows ?? defaultLimits.rows
  }

  /** Returns whether the draft differs from the memory that it was made from. */
  get isChanged(): boolean {
    return this.#isChanged
  }

  /** Returns another draft with the same content. It counts as unchanged. */
  fork(): MemoryDraft {
    return new MemoryDraft(this)
  }

  /** Replaces the content by that of a fork, which must not be used afterwards. */
  adopt(fork: MemoryDraft): void {
    if (!fork.#isChanged) return
    this.#isChanged = true
    for (const name of optional) if (!(name in fork.#fields)) delete this.#fields[name]
    Object.assign(this.#fields, fork.#fields)
    this.#rows = fork.#rows
    this.#claims = fork.#claims
    this.#unnamed = fork.#unnamed
    this.#oldest = fork.#oldest
    this.#newest = fork.#newest
    this.#aged = fork.#aged
  }

  /** Returns the memory with all changes, or the original object if nothing changed. */
  memory(): Memory {
    const same = this.#isChanged ? undefined : this.#original
    return same ?? { ...this.#fields, rows: [...this.#rows.values()] }
  }

  /**
   * Sets members of the memory. Without members, it only marks the draft as changed, so that it is
   * stored.
   */
  set(fields: Partial<Fields>): void {
    this.#isChanged = true
    Object.assign(this.#fields, fields)
  }

  /** Removes a member of the memory. */
  clear(field: (typeof optional)[number]): void {
    this.#isChanged = true
    delete this.#fields[field]
  }

  get size(): number {
    return this.#rows.size
  }

  get(key: string): Row | undefined {
    return this.#rows.get(key)
  }

  /** Returns the first row that satisfies a condition. */
  find(isWanted: (row: Row) => boolean): Row | undefined {
    for (const row of this.#rows.values()) if (isWanted(row)) return row
    return undefined
  }

  claims(): readonly ClaimedRow[] {
    return [...this.#claims.values()]
  }

  /**
   * Adds a row, which replaces an older row with its key. Drops rows that are too old or too many.
   * An open claim is dropped only after a day: without the claim, the step could run again.
   */
  add(row: Row): void {
    this.#isChanged = true
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
    this.#isChanged = true
    for (const row of rows) this.#store(row)
    this.#aged = {}
  }

  remove(key: string): void {
    this.#isChanged = true
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
    for (const { at, key } of this.#rows.values()) {
      if ((Math.abs(now - at) >= windowMs || !isNamedKey(key)) && --wanted === 0) return true
    }
    return false
  }

  #store(row: Row): void {
    this.#rows.set(row.key, row)
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
    this.#rows.delete(key)
    this.#claims.delete(key)
    this.#unnamed.delete(key)
  }

  /** Drops the rows that are too old, and computes the oldest and the newest time again. */
  #forgetStale(row: Row): void {
    for (const old of [...this.#rows.values()]) if (!isFresh(old, row)) this.#remove(old.key)
    const times = [...this.#rows.values()].map(({ at }) => at)
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
    const aged = (this.#aged[isNamed ? 'named' : 'unnamed'] ??= agedOf([...this.#rows.values()], isNamed))
    while (many > 0 && aged.next < aged.rows.length) {
      const oldest = aged.rows[aged.next++]
      if (!oldest || this.get(oldest.key) !== oldest) continue
      this.#remove(oldest.key)
      many -= 1
    }
  }
}
