import { at, isObject, stringAt, tryParseJson } from '../../src/api/json.ts'
import type { By } from '../../src/api/by.ts'
import type { StoredObject } from '../../src/api/object.ts'
import type { Claim, LeaseTerms } from '../../src/api/row.ts'

/** What is read of a row here, in any state. */
export interface RecordRow {
  readonly key: string
  readonly at: number
  readonly state?: string
  /** Why it was skipped. */
  readonly reason?: string
  readonly from?: number
  readonly to?: number
  readonly claim?: Claim
  /** The row that a claim has replaced. */
  readonly former?: Pick<RecordRow, 'at'>
  /** The part that it adds to, or that it ends; what it takes back of that; and how long what it adds lasts. */
  readonly group?: string
  readonly ends?: string
  readonly undoes?: number
  readonly leases?: LeaseTerms
}

/** The rows in the content of a record, which the product has written and is not judged here. */
export const rowsIn = (content: unknown): readonly RecordRow[] => {
  const rows = typeof content === 'string' ? at(tryParseJson(content), 'rows') : undefined
  return Array.isArray(rows) ? rows.filter(isRow) : []
}

/** The names of the pages that the content of a record lists. */
export const pagesIn = (content: unknown): readonly unknown[] => {
  const pages = typeof content === 'string' ? at(tryParseJson(content), 'pages') : undefined
  return Array.isArray(pages) ? pages : []
}

/** The parts in the content of a record: what something has still to end. */
export const partsIn = (content: unknown): readonly unknown[] => {
  const parts = typeof content === 'string' ? at(tryParseJson(content), 'parts') : undefined
  return Array.isArray(parts) ? parts : []
}

/** What is read of an entry of `recent` here. */
export interface RecordedDelivery {
  readonly at: number
  readonly sender?: string
  readonly by?: By
  readonly outcome: string
  readonly reason: string
  readonly from?: number
  readonly to?: number
  readonly message: string
  readonly state?: string
}

/** The deliveries that the content of a record shows to people, which the product has written and are not judged here. */
export const recentIn = (content: unknown): readonly RecordedDelivery[] => {
  const recent = typeof content === 'string' ? at(tryParseJson(content), 'recent') : undefined
  return Array.isArray(recent) ? recent.filter(isRecorded) : []
}

const isRecorded = (entry: unknown): entry is RecordedDelivery =>
  isObject(entry) && typeof entry['at'] === 'number' && stringAt(entry, 'outcome') !== undefined

/** Whether an object is a closed page of a record: its rows were in the record before. */
export const isPage = ({ content }: StoredObject): boolean =>
  typeof content === 'string' && at(tryParseJson(content), 'page') !== undefined

const isRow = (row: unknown): row is RecordRow =>
  isObject(row) && stringAt(row, 'key') !== undefined && typeof row['at'] === 'number'
