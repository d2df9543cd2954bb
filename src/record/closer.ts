import { createHash } from 'node:crypto'
import type { Environment } from '../environment/environment.ts'
import type { Charge } from '../kube/written.ts'
import { type Memory, type RecordOwner, withPages, type Page } from './memory.ts'
import { createPage, deletePage, readPage, type PageRead } from './page-store.ts'
import { closingOf, type Closing, type RecordLimits } from './pages.ts'

/** How many pages may be left behind before no further one is made: their fate shows at the next read of the record. */
const maxLeft = 4

/** A memory as it is to be stored, and the pages that it lists no longer. */
export interface Closed {
  readonly memory: Memory
  readonly gone: readonly Page[]
}

/** The pages of one record, as one process reads and writes them. */
export interface Closer {
  /** Reads a page that the record lists, unless it is known. */
  page(name: string): Promise<PageRead>
  /**
   * Stores a page with what is to be closed of a memory that is stored; undefined where nothing is. This takes its time, so
   * that what is decided on that memory is decided after it. Only what is stored is closed: a page may be left behind, and
   * must not say what never came to be.
   */
  prepare(before: Memory): Promise<void> | undefined
  /** Puts the page that was prepared into a memory that is to be stored in place of `before`. */
  close(before: Memory, memory: Memory): Closed
  /** A memory was stored: what it lists no longer is deleted. */
  stored(closed: Closed): void
  /** So many pages may have been left behind that the record has to be read before a further one is made. */
  readonly isCrowded: boolean
  /** The record was read. Deletes the pages that it does not list, unless a write of this process is ambiguous: that may list them. */
  found(memory: Memory, isInDoubt: boolean): void
  /** No ambiguous write is looked for any more: a page that was made for one stays until its hook is deleted. */
  giveUp(): void
}

/** `instance` is in the name of each page, which no other process can choose. */
export const closerOf = (
  { api, log }: Pick<Environment, 'api' | 'log'>,
  owner: RecordOwner,
  instance: string,
  limits: RecordLimits,
  charge: Charge,
): Closer => {
  let known = new Map<string, Page>()
  let made = 0
  let prepared: (Closing & { readonly before: Memory; readonly page: Page }) | undefined
  /** Those that were made here and may not be listed. */
  const left = new Set<string>()

  const remove = (name: string): void => {
    left.delete(name)
    void deletePage(api, owner, name).then(deleted => {
      if (deleted.sent !== 'refused') return
      log.warn(
        { namespace: owner.namespace, page: name, why: deleted.message },
        'a page of a record stays until its hook goes',
      )
    })
  }
  const learn = ({ pages }: Memory): void => {
    known = new Map(pages?.list.map(page => [page.name, page]))
    for (const name of known.keys()) left.delete(name)
  }

  const make = async (before: Memory, closing: Closing): Promise<void> => {
    const name = nameOf(owner, instance, ++made)
    left.add(name)
    const page = { name, rows: closing.rows }
    const { sent } = await createPage(api, owner, page, charge)
    if (sent === 'stored') prepared = { ...closing, before, page }
    else if (sent !== 'unknown') left.delete(name)
  }

  return {
    page: async name => {
      const page = known.get(name)
      return page ? { read: 'found', page } : await readPage(api, owner, name)
    },
    prepare: before => {
      if (prepared?.before === before) return undefined
      prepared = undefined
      const closing = left.size < maxLeft ? closingOf(before, limits) : undefined
      return closing && make(before, closing)
    },
    close: (before, memory) =>
      prepared?.before === before
        ? { memory: withPages(memory, [...prepared.kept, prepared.page]), gone: prepared.gone }
        : { memory, gone: [] },
    stored: ({ gone, memory }) => {
      learn(memory)
      for (const { name } of gone) remove(name)
    },
    get isCrowded() {
      return left.size >= maxLeft
    },
    giveUp: () => left.clear(),
    found: (memory, isInDoubt) => {
      learn(memory)
      if (!isInDoubt) for (const name of left) remove(name)
    },
  }
}

/** A name that is one in any namespace. */
const nameOf = ({ uid }: RecordOwner, instance: string, number: number): string =>
  `page-${createHash('sha256').update(`${uid} ${instance} ${number}`).digest('hex').slice(0, 24)}`
