import type { ClaimedRow, Row } from '../api/row.ts'

/** Says in words how a delivery was decided. `when` is the beginning of the sentence. */
export const decidedAs = (row: Exclude<Row, ClaimedRow>, when: string): string => {
  switch (row.state) {
    case 'done':
      return `${when}: the count went from ${row.from} to ${row.to}`
    case 'acted':
      return `${when}: ${row.summary}`
    case 'skipped':
      return `${when}: it was skipped (${row.reason})`
    case 'unknown':
      return `${when}: it was skipped (OutcomeUnknown)`
  }
}
