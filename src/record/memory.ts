import { recordFormat, type StoredMemory } from '../api/record.ts'
import type { Row } from '../api/row.ts'
import { allRows, openRows, withPages, type Page, type Pages } from './pages.ts'

/** What a hook remembers, as the code works on it: with the rows of its pages, within the limits of this process. */
export interface Memory extends Omit<StoredMemory, 'rows' | 'pages' | 'format'> {
  /** Deliveries that were decided, in that order; those in closed pages as well. */
  readonly rows: readonly Row[]
  readonly pages?: Pages
  /** How many decided deliveries are remembered at most. */
  readonly mostRows?: number
}

export const emptyMemory: Memory = { rows: [], groups: {}, undo: {}, recent: [], counts: {}, writers: [] }

/** When a delivery was decided, in milliseconds since the epoch, and by what it is known besides its key. */
export interface Moment {
  readonly at: number
  readonly newsAt?: number | undefined
  readonly body?: string | undefined
}

/** Takes what every row has out of one, and leaves out what is not known. */
export const momentOf = ({ at, body, newsAt }: Moment) => ({
  at,
  ...(newsAt !== undefined && { newsAt }),
  ...(body !== undefined && { body }),
})

/** Puts what a record holds and its pages together. */
export const memoryOf = (stored: StoredMemory, list: readonly Page[] = []): Memory => {
  const { format: _, pages: __, rows, ...others } = stored
  return withPages({ ...others, rows: allRows(list, rows) }, list)
}

/** Takes a memory apart: what its record holds, without the rows in its pages. */
export const storedOf = (memory: Memory): StoredMemory => {
  const { mostRows: _, pages, rows: __, ...others } = memory
  return {
    format: recordFormat,
    ...others,
    rows: openRows(memory),
    ...(pages && { pages: pages.list.map(({ name }) => name) }),
  }
}
