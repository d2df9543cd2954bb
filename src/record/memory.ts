import { recordFormat, type RecentDelivery, type StoredMemory } from '../api/record.ts'
import type { Row } from '../api/row.ts'
import { maxRecent } from '../api/status.ts'

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
  readonly rows: ReadonlySet<Row>
}

/** A hook's memory as the code uses it: with the rows of its pages, limited to what this process keeps. */
export interface Memory extends Omit<StoredMemory, 'rows' | 'pages' | 'format'> {
  /** The rows in the order of decision, including those in closed pages. */
  readonly rows: readonly Row[]
  readonly pages?: Pages
  /** The largest number of decided deliveries to remember. */
  readonly maxRows?: number
  /**
   * Why rows of deliveries that have counted may be missing. Absent if none can be. lost pages: the record
   * lists pages that are gone. deleted hook: its pages go first, and its leases keep the record.
   */
  readonly forgetful?: 'lost pages' | 'deleted hook'
}

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

export const emptyMemory: Memory = { rows: [], groups: {}, recent: [], counts: {}, writers: [] }

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

/** Returns the later of two times, or the one that is known. */
export const latest = (one: number | undefined, other: number | undefined): number | undefined =>
  one === undefined || other === undefined ? (one ?? other) : Math.max(one, other)

/** Returns the members of {@link Moment} for a row. */
export const momentOf = ({ at, body, newsAt, of }: Moment): Moment => ({ at, newsAt, body, of })

/** Returns a memory with the pages of `list` instead of its own. */
export const withPages = (memory: Memory, list: readonly Page[]): Memory => {
  const { pages: _, ...rest } = memory
  return list.length === 0 ? rest : { ...rest, pages: { list, rows: new Set(list.flatMap(({ rows }) => rows)) } }
}

/**
 * Returns whether a row's key is the hash of an idempotency key. A hash never contains a slash,
 * other keys do.
 */
export const isNamedKey = (key: string): boolean => !key.includes('/')

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
  const { forgetful: _, maxRows: __, objects, pages, parts = [], rows: ___, ...others } = memory
  return {
    format: recordFormat,
    ...others,
    ...(objects && parts.length > 0 && { objects, parts }),
    rows: openRows(memory),
    ...(pages && { pages: pages.list.map(({ name }) => name) }),
  }
}

/** A report of deliveries: the newest ones, newest first, and the number by outcome. */
export type Note = Pick<Memory, 'recent' | 'counts'>

export const noteOf = (delivery: RecentDelivery): Note => ({ recent: [delivery], counts: { [delivery.outcome]: 1 } })

export const joinedNotes = (note: Note, before: Note): Note => {
  const counts = { ...before.counts }
  for (const [outcome, count] of Object.entries(note.counts)) counts[outcome] = (counts[outcome] ?? 0) + count
  const recent = [...note.recent, ...before.recent].sort((a, b) => b.at - a.at)
  return { recent: recent.length > maxRecent ? shortList(recent) : recent, counts }
}

/** How many of the listed deliveries are kept for the end of what they began, while many others may be skipped. */
const maxOpenEnds = 3

/** Returns which deliveries of a long list stay: the newest, and of earlier ones the newest whose end is open or bad. */
const shortList = (deliveries: readonly RecentDelivery[]): readonly RecentDelivery[] => {
  const open = new Set(deliveries.filter(hasOpenEnd).slice(0, maxOpenEnds))
  let room = maxRecent - open.size
  return deliveries.filter(delivery => open.has(delivery) || room-- > 0)
}

/** Returns whether what a delivery began may still end, or has ended badly. A count is set, or a post passed on, at once. */
const hasOpenEnd = ({ outcome, reason, state, summary }: RecentDelivery): boolean =>
  outcome === 'applied' &&
  reason !== 'Forwarded' &&
  summary !== undefined &&
  (state === undefined || state === 'stalled' || state === 'failed')

export interface RecordOwner {
  readonly namespace: string
  readonly name: string
  readonly uid: string
}
