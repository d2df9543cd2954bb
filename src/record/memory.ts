import type { ReasonIn } from '../api/reasons.ts'
import {
  pagedFormat,
  unhelpedFormat,
  type Claim,
  type Report,
  type StoredMemory,
  type StoredRow,
} from '../api/record.ts'
import { allRows, openRows, withPages, type Page, type Pages } from './pages.ts'

/** When a delivery was decided, in milliseconds since the epoch, and by what it is known beside its key. */
export interface Moment {
  readonly at: number
  /** When what it reports happened, where it says so. */
  readonly newsAt?: number
  /** The hash of its signed body, where its hook counts one once. */
  readonly body?: string
}

interface LooseMoment {
  readonly at: number
  readonly newsAt?: number | undefined
  readonly body?: string | undefined
}

/** The step is stored, or the count was left as it was. */
interface Done {
  readonly state: 'done'
  readonly from: number
  readonly to: number
}

/** What the delivery asked for is done, and is no step. */
interface Acted {
  readonly state: 'acted'
  /** What was done, for people. */
  readonly told: string
}

/** The delivery did not count. */
interface Skipped {
  readonly state: 'skipped'
  readonly reason: string
}

/** Nobody could tell whether the step was made: it is never made again. */
interface Untold {
  readonly state: 'untold'
  /** The mark of its write: a process that has made it may still report that. */
  readonly mark?: string
}

/** How a delivery was decided before the one that claims its row now. */
export type Former = Moment & (Done | Acted | Skipped | Omit<Untold, 'mark'>)

/** A write was stored as intended, and is not known to be made. */
export interface ClaimedRow extends Moment {
  readonly state: 'claimed'
  readonly key: string
  /** The delivery's own step, of those that the write folds. */
  readonly from: number
  readonly to: number
  readonly claim: Claim
  /** The hash of the key of the alert group that is to take this step back. */
  readonly group?: string
  /** What this step takes back of its group, when it is an undo. */
  readonly undoes?: number
  /** What it reports of its group of alerts, which counts as seen once the write is made. */
  readonly report?: Report
  /** The row that stands here again if the write is never made. */
  readonly former?: Former
}

export type DoneRow = Moment & Done & { readonly key: string }
export type ActedRow = Moment & Acted & { readonly key: string }
export type SkippedRow = Moment & Skipped & { readonly key: string }
export type UntoldRow = Moment & Untold & { readonly key: string }

/** What is remembered of one delivery. docs/explanation/glossary.md draws how one state follows from another. */
export type Row = ClaimedRow | DoneRow | ActedRow | SkippedRow | UntoldRow

/** What a hook remembers, as the code works on it: each row in its state. */
export interface Memory extends Omit<StoredMemory, 'rows' | 'pages' | 'format'> {
  /** Deliveries that were decided, in that order; those in closed pages as well. */
  readonly rows: readonly Row[]
  readonly pages?: Pages
  /** How many decided deliveries are remembered at most. */
  readonly mostRows?: number
}

export const emptyMemory: Memory = { rows: [], groups: {}, undo: {}, recent: [], counts: {}, writers: [] }

/** Reads what a record holds, as any version has stored it, with its pages. */
export const memoryOf = (stored: StoredMemory, list: readonly Page[] = []): Memory => {
  const { format: _, pages: __, rows, ...others } = stored
  return withPages({ ...others, rows: allRows(list, rows.map(rowOf)) }, list)
}

/** Writes a memory in the form that is stored. Earlier versions read it: their rows have no states, only members. */
export const storedOf = (memory: Memory): StoredMemory => {
  const { mostRows: _, pages, rows: __, ...others } = memory
  return {
    format: formatOf(memory),
    ...others,
    rows: openRows(memory).map(storedRow),
    ...(pages && { pages: pages.list.map(({ name }) => name) }),
  }
}

/**
 * Earlier versions would send the write of an unhelped claim without a word, so they have to wait until there is none; and would
 * not know what is closed.
 */
const formatOf = ({ pages, rows }: Memory): number => {
  if (pages) return pagedFormat
  return rows.some(row => row.state === 'claimed' && row.claim.helped === false) ? unhelpedFormat : 1
}

/** Reads one row: what it is follows from the members that it has. */
export const rowOf = (row: StoredRow): Row => {
  const { claim, former, from = 0, group, key, report, to = 0, undoes } = row
  if (!claim) return { key, ...formerOf(row), ...(row.lost !== undefined && { mark: row.lost }) }
  return {
    state: 'claimed',
    key,
    ...momentOf(row),
    from,
    to,
    claim,
    ...(group !== undefined && { group }),
    ...(undoes !== undefined && { undoes }),
    ...(report && { report }),
    ...(former && { former: formerOf(former) }),
  }
}

/** Takes what every row has out of one, and leaves out what is not known. */
export const momentOf = ({ at, body, newsAt }: LooseMoment): Moment => ({
  at,
  ...(newsAt !== undefined && { newsAt }),
  ...(body !== undefined && { body }),
})

const formerOf = (row: NonNullable<StoredRow['former']>): Former => {
  if (row.skipped === outcomeUnknown) return { state: 'untold', ...momentOf(row) }
  if (row.skipped !== undefined) return { state: 'skipped', ...momentOf(row), reason: row.skipped }
  if (row.told !== undefined) return { state: 'acted', ...momentOf(row), told: row.told }
  return { state: 'done', ...momentOf(row), from: row.from ?? 0, to: row.to ?? 0 }
}

const outcomeUnknown: ReasonIn<'skipped'> = 'OutcomeUnknown'

/** Writes one row. */
export const storedRow = (row: Row): StoredRow => {
  switch (row.state) {
    case 'claimed': {
      const { former, state: _, ...stored } = row
      return { ...stored, ...(former && { former: storedFormer(former) }) }
    }
    case 'untold':
      return { key: row.key, ...storedFormer(row), ...(row.mark !== undefined && { lost: row.mark }) }
    case 'done':
    case 'acted':
    case 'skipped':
      return { key: row.key, ...storedFormer(row) }
  }
}

const storedFormer = (former: Former): NonNullable<StoredRow['former']> => {
  switch (former.state) {
    case 'done':
      return { ...momentOf(former), from: former.from, to: former.to }
    case 'acted':
      return { ...momentOf(former), told: former.told }
    case 'skipped':
      return { ...momentOf(former), skipped: former.reason }
    case 'untold':
      return { ...momentOf(former), skipped: outcomeUnknown }
  }
}
