import { isDeepStrictEqual } from 'node:util'
import type { RecentDelivery } from '../api/record.ts'
import type { ClaimedRow, DoneRow, Row } from '../api/row.ts'
import type { Settled, SettlementState } from '../api/settlement.ts'
import { isHoldShown } from './count-name.ts'
import type { MemoryDraft } from './draft.ts'

/**
 * Says in words how a delivery was decided. `when` is the beginning of the sentence, and `aim` is what the hook
 * changes for a time, as it calls it.
 */
export const decidedAs = (row: Exclude<Row, ClaimedRow>, when: string, aim: string | undefined): string => {
  switch (row.state) {
    case 'done':
      return `${when}: ${heldAs(row, aim) ?? `the count went from ${row.from} to ${row.to}`}`
    case 'acted':
      return `${when}: ${row.summary}`
    case 'skipped':
      return `${when}: it was skipped (${row.reason})`
    case 'unknown':
      return `${when}: it was skipped (OutcomeUnknown)`
  }
}

/** Says in words what a step did to a hold. Undefined if the hook holds nothing. */
export const heldAs = ({ from, to }: Pick<DoneRow, 'from' | 'to'>, aim: string | undefined): string | undefined => {
  if (aim === undefined || !isHoldShown(aim)) return undefined
  if (from === to) return `there was nothing to hold: ${aim} already`
  return `it ${from < to ? 'began' : 'stopped'} holding ${aim}`
}

const unknownState = { state: undefined, stateMessage: undefined }

/**
 * Stores the outcome of a reported delivery, if it is still among the newest. `before` is the
 * stored outcome. Of reports that look alike, the first with that outcome is changed.
 */
export const withState = (
  draft: MemoryDraft,
  delivery: RecentDelivery,
  before: SettlementState | undefined,
  now: Settled,
): void => {
  const { recent } = draft.fields
  const index = recent.findIndex(
    each => each.state === before && isDeepStrictEqual({ ...each, ...unknownState }, { ...delivery, ...unknownState }),
  )
  if (index >= 0) draft.set({ recent: recent.with(index, { ...delivery, ...now }) })
}
