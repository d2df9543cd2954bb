import type { Row } from '../api/row.ts'
import { openRows, type Memory, type Page } from './memory.ts'

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
