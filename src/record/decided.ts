import { believedTimes } from '../api/believed.ts'
import { keyOf } from '../api/hash.ts'
import type { ReasonIn } from '../api/reasons.ts'
import type { Claim, Former, LeaseTerms, Row } from '../api/row.ts'
import type { MemoryDraft } from './draft.ts'
import type { Remembered } from './remembered.ts'
import { partKeyFor, setEndsWithHook } from './lease-terms.ts'
import { latest, momentOf } from './memory.ts'
import { reportOf, withReport } from './groups.ts'
import { unnamedKey } from './protocol.ts'

/** The members of a row for a decision, besides key and time. */
export type Decision =
  | {
      readonly state: 'claimed'
      readonly from: number
      readonly to: number
      readonly claim: Claim
      readonly undoes?: number
      readonly on?: string
      readonly leases?: LeaseTerms
      readonly ends?: string
      readonly keep?: number
    }
  | { readonly state: 'skipped'; readonly reason: ReasonIn<'skipped'> }

/** Stores the decision about a delivery at `at`. */
export const decided = (
  draft: MemoryDraft,
  { delivery, leasing, of, signed, undo }: Remembered,
  at: number,
  decision: Decision,
): void => {
  const { group, identity } = delivery
  const named = identity && keyOf(identity.key)
  const before = named === undefined ? undefined : draft.get(named)
  // Another Prometheus may repeat alerts with an earlier beginning. The later one is kept, so that late copies stay copies.
  const newsAt = latest(identity?.newsAt, before && believedTimes(before, before.at).newsAt)
  const moment = momentOf({ at, newsAt, body: signed?.body, of })
  if (decision.state === 'skipped') {
    if (named !== undefined) draft.add({ key: named, ...moment, ...decision })
    if (group) withReport(draft, reportOf(group), at, decision.reason)
    return
  }
  const key = named ?? unnamedKey(draft, decision.claim.mark)
  const former = before && formerOf(before)
  const part = leasing || (undo && group) ? partKeyFor(delivery, leasing, undo, at) : undefined
  if (decision.leases && leasing) setEndsWithHook(draft, leasing.endsWithHook === true)
  draft.add({
    key,
    ...moment,
    ...(part !== undefined && { group: part }),
    ...(group && { report: reportOf(group) }),
    ...(former && { former }),
    ...decision,
  })
}

/** Returns what a new claim must keep of the row that it replaces. */
const formerOf = (row: Row): Former | undefined => {
  if (row.state === 'claimed') return undefined
  const { key: _, ...former } = row
  if (former.state !== 'unknown') return former
  const { mark: __, ...unknown } = former
  return unknown
}
