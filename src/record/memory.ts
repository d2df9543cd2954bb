import { recordFormat, type StoredMemory } from '../api/record.ts'
import type { Row } from '../api/row.ts'

/**
 * Closed pages: rows that are finished and stored, in objects of their own next to the record. What is closed never changes;
 * a row of the same key that is open, or in a later page, stands in its place.
 */
export interface Page {
  /** Of its object. No other page has had it, or will. */
  readonly name: string
  readonly rows: readonly Row[]
}

/** The pages that a record lists, the oldest first. */
export interface Pages {
  readonly list: readonly Page[]
  /** All rows in them. */
  readonly rows: ReadonlySet<Row>
}

/** What a hook remembers, as the code works on it: with the rows of its pages, within the limits of this process. */
export interface Memory extends Omit<StoredMemory, 'rows' | 'pages' | 'format'> {
  /** Deliveries that were decided, in that order; those in closed pages as well. */
  readonly rows: readonly Row[]
  readonly pages?: Pages
  /** How many decided deliveries are remembered at most. */
  readonly maxRows?: number
}

/** How much a record holds. */
export interface RecordLimits {
  /** How many decided deliveries are remembered. */
  readonly rows: number
  /** How many finished rows are open before they are closed. */
  readonly open: number
  /** How many rows a page holds at most. */
  readonly page: number
}

/**
 * 4,000 rows are 410 kB in etcd, and a moment's work to look through. A record with 16 open ones is 4 kB where no alerts are, and a page
 * of 512 rows 52 kB: each row is written some six times until it is in one.
 */
export const defaultLimits: RecordLimits = { rows: 4000, open: 16, page: 512 }

export const emptyMemory: Memory = { rows: [], groups: {}, undo: {}, recent: [], counts: {}, writers: [] }

/** When a delivery was decided, in milliseconds since the epoch, and by what it is known besides its key. */
export interface Moment {
  readonly at: number
  readonly newsAt?: number | undefined
  readonly body?: string | undefined
  readonly of?: string | undefined
}

/** Takes what every row has out of one, and leaves out what is not known. */
export const momentOf = ({ at, body, newsAt, of }: Moment) => ({
  at,
  ...(newsAt !== undefined && { newsAt }),
  ...(body !== undefined && { body }),
  ...(of !== undefined && { of }),
})

/** Puts other pages into a memory. */
export const withPages = (memory: Memory, list: readonly Page[]): Memory => {
  const { pages: _, ...rest } = memory
  return list.length === 0 ? rest : { ...rest, pages: { list, rows: new Set(list.flatMap(({ rows }) => rows)) } }
}

/** Lists the rows of a memory that are in none of its pages. */
export const openRows = ({ pages, rows }: Memory): readonly Row[] =>
  pages ? rows.filter(row => !pages.rows.has(row)) : rows

/** Puts the rows of pages before those that are open, without what others of their key stand in the place of. */
const allRows = (list: readonly Page[], open: readonly Row[]): readonly Row[] => {
  const taken = new Set(open.map(({ key }) => key))
  const found: (readonly Row[])[] = [open]
  for (const { rows } of list.toReversed()) {
    found.unshift(rows.filter(({ key }) => !taken.has(key)))
    for (const { key } of rows) taken.add(key)
  }
  return found.flat()
}

/** Puts what a record holds and its pages together. */
export const memoryOf = (stored: StoredMemory, list: readonly Page[] = []): Memory => {
  const { format: _, pages: __, rows, ...others } = stored
  return withPages({ ...others, rows: allRows(list, rows) }, list)
}

/** Takes a memory apart: what its record holds, without the rows in its pages. */
export const storedOf = (memory: Memory): StoredMemory => {
  const { maxRows: _, pages, rows: __, ...others } = memory
  return {
    format: recordFormat,
    ...others,
    rows: openRows(memory),
    ...(pages && { pages: pages.list.map(({ name }) => name) }),
  }
}

/** The hook that a record belongs to. */
export interface RecordOwner {
  readonly namespace: string
  readonly name: string
  readonly uid: string
}
