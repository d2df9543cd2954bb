import { createHash } from 'node:crypto'
import type { Row } from '../api/row.ts'
import type { Environment } from '../environment/environment.ts'
import type { Charge } from '../kube/written.ts'
import { openRows, withPages, type Memory, type Page, type RecordLimits, type RecordOwner } from './memory.ts'
import { createPage, deletePage, readPage, type PageRead } from './page-store.ts'

/** How many pages may be left behind before no further one is made: their fate shows at the next read of the record. */
const maxLeft = 4

/** A memory as it is to be stored, and the pages that it lists no longer. */
export interface Closed {
  readonly memory: Memory
  readonly gone: readonly Page[]
}

/** The pages of one record, as one process reads and writes them. */
export class Closer {
  readonly #world: Pick<Environment, 'api' | 'log'>
  readonly #owner: RecordOwner
  readonly #instance: string
  readonly #limits: RecordLimits
  readonly #charge: Charge
  #known = new Map<string, Page>()
  #made = 0
  #prepared: (Closing & { readonly before: Memory; readonly page: Page }) | undefined
  /** Those that were made here and may not be listed. */
  readonly #left = new Set<string>()

  /** `instance` is in the name of each page, which no other process can choose. */
  constructor(
    world: Pick<Environment, 'api' | 'log'>,
    owner: RecordOwner,
    instance: string,
    limits: RecordLimits,
    charge: Charge,
  ) {
    this.#world = world
    this.#owner = owner
    this.#instance = instance
    this.#limits = limits
    this.#charge = charge
  }

  /** Reads a page that the record lists, unless it is known. */
  async page(name: string): Promise<PageRead> {
    const page = this.#known.get(name)
    return page ? { read: 'found', page } : await readPage(this.#world.api, this.#owner, name)
  }

  /**
   * Stores a page with what is to be closed of a memory that is stored; undefined where nothing is. This takes its time, so
   * that what is decided on that memory is decided after it. Only what is stored is closed: a page may be left behind, and
   * must not say what never came to be.
   */
  prepare(before: Memory): Promise<void> | undefined {
    if (this.#prepared?.before === before) return undefined
    this.#prepared = undefined
    const closing = this.isCrowded ? undefined : closingOf(before, this.#limits)
    return closing && this.#make(before, closing)
  }

  /** Puts the page that was prepared into a memory that is to be stored in place of `before`. */
  close(before: Memory, memory: Memory): Closed {
    const prepared = this.#prepared
    return prepared?.before === before
      ? { memory: withPages(memory, [...prepared.kept, prepared.page]), gone: prepared.gone }
      : { memory, gone: [] }
  }

  /** A memory was stored. Deletes the pages that it lists no longer. */
  stored({ gone, memory }: Closed): void {
    this.#learn(memory)
    for (const { name } of gone) this.#remove(name)
  }

  /** So many pages may have been left behind that the record has to be read before a further one is made. */
  get isCrowded(): boolean {
    return this.#left.size >= maxLeft
  }

  /**
   * The record was read. Deletes the pages of this process that it does not list, unless a write of this process is ambiguous:
   * that may list them.
   */
  found(memory: Memory, isAmbiguous: boolean): void {
    this.#learn(memory)
    if (!isAmbiguous) for (const name of this.#left) this.#remove(name)
  }

  /** Stops tracking the pages of ambiguous writes. Such a page stays until its hook is deleted. */
  giveUp(): void {
    this.#left.clear()
  }

  #learn({ pages }: Memory): void {
    this.#known = new Map(pages?.list.map(page => [page.name, page]))
    for (const name of this.#known.keys()) this.#left.delete(name)
  }

  async #make(before: Memory, closing: Closing): Promise<void> {
    const name = nameOf(this.#owner, this.#instance, ++this.#made)
    this.#left.add(name)
    const page = { name, rows: closing.rows }
    const { sent } = await createPage(this.#world.api, this.#owner, page, this.#charge)
    if (sent === 'stored') this.#prepared = { ...closing, before, page }
    else if (sent !== 'unknown') this.#left.delete(name)
  }

  #remove(name: string): void {
    this.#left.delete(name)
    const { api, log } = this.#world
    const { namespace } = this.#owner
    void deletePage(api, this.#owner, name).then(deleted => {
      if (deleted.sent !== 'refused') return
      log.warn({ namespace, page: name, why: deleted.message }, 'a page of a record stays until its hook goes')
    })
  }
}

/** A name that is one in any namespace. */
const nameOf = ({ uid }: RecordOwner, instance: string, number: number): string =>
  `page-${createHash('sha256').update(`${uid} ${instance} ${number}`).digest('hex').slice(0, 24)}`

/** What is to be closed: a page with these rows follows those that are kept, and others are no longer listed. */
export interface Closing {
  readonly rows: readonly Row[]
  readonly kept: readonly Page[]
  readonly gone: readonly Page[]
}

/**
 * Chooses what of a memory, as it is stored, is to be closed; undefined where little is open. Small pages are joined with what
 * is closed after them, so that there are few, and each row is written again a few times at most.
 */
export const closingOf = (memory: Memory, limits: RecordLimits): Closing | undefined => {
  if (memory.rows.length < limits.open) return undefined
  const closable = openRows(memory).filter(({ state }) => state !== 'claimed')
  if (closable.length < limits.open) return undefined
  const live = new Set(memory.rows)
  const list = memory.pages?.list ?? []
  const kept = list.filter(({ rows }) => rows.some(row => live.has(row)))
  const gone = list.filter(page => !kept.includes(page))
  let rows = closable.slice(0, limits.page)
  for (let last = kept.at(-1); last && last.rows.length <= rows.length; last = kept.at(-1)) {
    const joined = [...last.rows.filter(row => live.has(row)), ...rows]
    if (joined.length > limits.page) break
    rows = joined
    gone.push(last)
    kept.pop()
  }
  return { rows, kept, gone }
}
