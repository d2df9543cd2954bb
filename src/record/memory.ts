import { recordFormat, type StoredMemory } from '../api/record.ts'
import type { Row } from '../api/row.ts'

/**
 * A closed page: finished rows in an object of their own next to the record. A page never changes.
 * If several rows have one key, the row in the record itself counts, or else that in the latest
 * page.
 */
export interface Page {
  /** The name of the page's object. Names are never reused. */
  readonly name: string
  readonly rows: readonly Row[]
}

/** The pages that a record lists, oldest first. */
export interface Pages {
  readonly list: readonly Page[]
  /** All rows in these pages. */
  readonly rows: ReadonlySet<Row>
}

/**
 * A hook's memory as the code uses it: with the rows of its pages, limited to what this process
 * keeps.
 */
export interface Memory extends Omit<StoredMemory, 'rows' | 'pages' | 'format'> {
  /** The rows in the order of decision, including those in closed pages. */
  readonly rows: readonly Row[]
  readonly pages?: Pages
  /** The largest number of decided deliveries to remember. */
  readonly maxRows?: number
}

/** The limits of a record. */
export interface RecordLimits {
  /** How many decided deliveries are remembered at most. */
  readonly rows: number
  /** How many finished rows are stored in the record itself before they go into a page. */
  readonly open: number
  /** The largest number of rows in a page. */
  readonly page: number
}

/**
 * 4,000 rows take 410 kB in etcd and little time to search. A record with 16 open rows and no
 * alerts takes 4 kB, a page of 512 rows 52 kB. A row is written some six times before it is in a
 * page of 512 rows.
 */
export const defaultLimits: RecordLimits = { rows: 4000, open: 16, page: 512 }

export const emptyMemory: Memory = { rows: [], groups: {}, undo: {}, recent: [], counts: {}, writers: [] }

/**
 * When a delivery was decided, in milliseconds since the epoch, and what identifies the delivery in
 * addition to its key.
 */
export interface Moment {
  readonly at: number
  readonly newsAt?: number | undefined
  readonly body?: string | undefined
  readonly of?: string | undefined
}

/** Returns the members of {@link Moment} for a row. Undefined members are left out. */
export const momentOf = ({ at, body, newsAt, of }: Moment) => ({
  at,
  ...(newsAt !== undefined && { newsAt }),
  ...(body !== undefined && { body }),
  ...(of !== undefined && { of }),
})

/** Returns a memory with the pages of `list` instead of its own. */
export const withPages = (memory: Memory, list: readonly Page[]): Memory => {
  const { pages: _, ...rest } = memory
  return list.length === 0 ? rest : { ...rest, pages: { list, rows: new Set(list.flatMap(({ rows }) => rows)) } }
}

/** Returns the rows of a memory that are in none of its pages. */
export const openRows = ({ pages, rows }: Memory): readonly Row[] =>
  pages ? rows.filter(row => !pages.rows.has(row)) : rows

/** Returns the rows of all pages, then the open ones. Rows that were replaced are left out. */
const allRows = (list: readonly Page[], open: readonly Row[]): readonly Row[] => {
  const taken = new Set(open.map(({ key }) => key))
  const found: (readonly Row[])[] = [open]
  for (const { rows } of list.toReversed()) {
    found.unshift(rows.filter(({ key }) => !taken.has(key)))
    for (const { key } of rows) taken.add(key)
  }
  return found.flat()
}

/** Joins the content of a record with its pages. */
export const memoryOf = (stored: StoredMemory, list: readonly Page[] = []): Memory => {
  const { format: _, pages: __, rows, ...others } = stored
  return withPages({ ...others, rows: allRows(list, rows) }, list)
}

/** Returns what the record of a memory stores: everything except the rows in its pages. */
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
