import { createHash } from 'node:crypto'
import type { Row } from '../api/row.ts'
import type { Environment } from '../environment/environment.ts'
import type { Charge } from '../kube/written.ts'
import { openRows, withPages, type Memory, type Page, type RecordLimits, type RecordOwner } from './memory.ts'
import { createPage, deletePage, readPage, type PageRead } from './page-store.ts'

/**
 * How many pages of this process may be unlisted before it makes no more. The next read of the
 * record shows which of them are listed.
 */
const maxLeft = 4

const pagesRefused =
  'the API server refuses a page of a record, so the record grows and each post costs more: allow more ReceiverHookRecords'

/** A memory to be stored, and the pages that it no longer lists. */
export interface Closed {
  readonly memory: Memory
  readonly gone: readonly Page[]
}

/** The pages of one record, as one process reads and writes them. */
export class RecordPages {
  readonly #world: Pick<Environment, 'api' | 'log'>
  readonly #owner: RecordOwner
  readonly #instance: string
  readonly #limits: RecordLimits
  readonly #charge: Charge
  #known = new Map<string, Page>()
  #made = 0
  #prepared: (Closing & { readonly before: Memory; readonly page: Page }) | undefined
  #isRefused = false
  /** Pages of this process that may be unlisted. */
  readonly #left = new Set<string>()

  /** `instance` is part of each page's name, so that processes choose different names. */
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

  /** Returns a listed page, from the cache or else from a read. */
  async page(name: string): Promise<PageRead> {
    const page = this.#known.get(name)
    return page ? { read: 'found', page } : await readPage(this.#world.api, this.#owner, name)
  }

  /**
   * Stores a page with the rows that should leave the record. `before` is a stored memory. Returns
   * undefined if no page is to be made now. Only stored rows may be put into a page, because an
   * unlisted page must not contain rows that were never stored. The write takes time, so decide
   * about deliveries only after it.
   */
  prepare(before: Memory): Promise<void> | undefined {
    if (this.#prepared?.before === before) return undefined
    this.#prepared = undefined
    if (this.isCrowded || before.rows.length < this.#limits.open) return undefined
    const closing = closingOf(before, this.#limits)
    return closing && this.#make(before, closing)
  }

  /**
   * Puts the page prepared for `before` into the memory that will replace `before`. If there is
   * none, leaves the memory as it is.
   */
  close(before: Memory, memory: Memory): Closed {
    const prepared = this.#prepared
    return prepared?.before === before
      ? { memory: withPages(memory, [...prepared.kept, prepared.page]), gone: prepared.gone }
      : { memory, gone: [] }
  }

  /** Notes that a memory was stored. Deletes the pages that it no longer lists. */
  stored({ gone, memory: { pages } }: Closed): void {
    this.#known = new Map(pages?.list.map(page => [page.name, page]))
    for (const name of this.#known.keys()) this.#left.delete(name)
    for (const { name } of gone) this.#remove(name)
  }

  /** Returns whether so many pages may be unlisted that the record must be read before another is made. */
  get isCrowded(): boolean {
    return this.#left.size >= maxLeft
  }

  /**
   * Notes that the record was read. Deletes this process's pages that the record does not list.
   * While a write is ambiguous, no page is deleted: that write may list it.
   */
  found(memory: Memory, isAmbiguous: boolean): void {
    this.stored({ gone: [], memory })
    if (!isAmbiguous) for (const name of this.#left) this.#remove(name)
  }

  /** Stops tracking the pages of ambiguous writes. Such a page exists until its hook is deleted. */
  giveUp(): void {
    this.#left.clear()
  }

  async #make(before: Memory, closing: Closing): Promise<void> {
    const name = nameOf(this.#owner, this.#instance, ++this.#made)
    this.#left.add(name)
    const page = { name, rows: closing.rows }
    const made = await createPage(this.#world.api, this.#owner, page, this.#charge)
    if (made.sent === 'stored') this.#prepared = { ...closing, before, page }
    else if (made.sent !== 'unknown') this.#left.delete(name)
    if (made.sent === 'refused') this.#refused(made.message)
  }

  /** Logs once why no page can be made. Until one can, each write stores all rows again. */
  #refused(why: string): void {
    if (this.#isRefused) return
    this.#isRefused = true
    const { name: hook, namespace } = this.#owner
    this.#world.log.warn({ namespace, hook, why }, pagesRefused)
  }

  #remove(name: string): void {
    this.#left.delete(name)
    const { api, log } = this.#world
    const { namespace } = this.#owner
    void deletePage(api, this.#owner, name).then(deleted => {
      if (deleted.sent !== 'refused') return
      log.warn({ namespace, page: name, why: deleted.message }, 'a page of a record stays until its hook is deleted')
    })
  }
}

/** Returns a page name that is unique in the namespace. */
const nameOf = ({ uid }: RecordOwner, instance: string, number: number): string =>
  `page-${createHash('sha256').update(`${uid} ${instance} ${number}`).digest('hex').slice(0, 24)}`

/**
 * A page to be made: it contains `rows` and is listed after the pages in `kept`. The pages in
 * `gone` are no longer listed.
 */
export interface Closing {
  readonly rows: readonly Row[]
  readonly kept: readonly Page[]
  readonly gone: readonly Page[]
}

/**
 * Returns which rows of a stored memory to put into a page, or undefined if few are open. Small
 * pages are joined with the new one. So pages stay few, and each row is rewritten only a few times.
 */
export const closingOf = (memory: Memory, limits: RecordLimits): Closing | undefined => {
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
