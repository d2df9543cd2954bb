import type { Row } from '../api/row.ts'
import { isNamedKey } from './memory.ts'

/**
 * How long a decided delivery is remembered, in milliseconds. If there are too many rows, the
 * oldest are dropped first, but never a row within its window. So a hook takes no new keys while
 * all rows are within their windows.
 */
export const rememberedMs = 24 * 3_600_000

/**
 * Finished rows in order of their decision. Rows before the index `next` have been dropped. Some of
 * the later rows may have been dropped too.
 */
interface Aged {
  readonly rows: Row[]
  next: number
}

export interface ByAge {
  named?: Aged | undefined
  unnamed?: Aged | undefined
}

/** Returns the rows by age. Rows of the same time keep their order. */
export const agedOf = (rows: readonly Row[], isNamed: boolean): Aged => ({
  rows: rows.filter(({ key, state }) => state !== 'claimed' && isNamedKey(key) === isNamed).sort((a, b) => a.at - b.at),
  next: 0,
})

/**
 * Returns whether an older row may stay when `row` is added. A claim that is newer than `row`
 * always stays, because clocks differ, and `row` may be a late report.
 */
export const isFresh = ({ at, state }: Row, row: Pick<Row, 'at'>): boolean =>
  (state === 'claimed' && at > row.at) || Math.abs(row.at - at) < rememberedMs
