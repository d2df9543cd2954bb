import type { OpenPart } from '../api/record.ts'
import type { Claim, ClaimedRow, LeaseTerms, StepBounds } from '../api/row.ts'
import { isLeaseClaim } from '../record/due.ts'
import { keyOf } from '../api/hash.ts'
import type { DeliveryContext } from '../record/context.ts'
import type { MemoryDraft } from '../record/draft.ts'
import type { Judgement } from '../record/ruling.ts'
import { movesEnd, partKeyFor, reportsFiring, termsOf, untilOf, type Leasing } from '../record/lease-terms.ts'
import { isSameCount, shownCount, type CountName } from '../record/count-name.ts'
import {
  addToPart,
  allParts,
  endOf,
  extendPart,
  maxObjects,
  partKeyOf,
  partNow,
  partOn,
  partsWithKey,
  setPartAside,
} from '../record/parts.ts'
import { allSeen } from '../record/groups.ts'
import { largestCount, takeBackWithin } from './arithmetic.ts'
import type { Plan } from './steps.ts'

/** A count at the moment when a delivery is decided. */
export interface LeasedCount extends CountName {
  readonly from: number
  /** What somebody else has last set the count to. */
  readonly word: number
  readonly now: number
}

/** The write of which a delivery becomes a part. */
export interface LeasedWrite {
  readonly claim: Claim
  readonly now: number
}

/** The bounds of a hook that sets none: no count is beyond them. */
const anyCount: StepBounds = { min: 0, max: largestCount }

/** Returns the terms of a delivery's step, which its hook leases. */
export const termsFor = (
  delivery: DeliveryContext['delivery'],
  leasing: Leasing,
  bounds: StepBounds | undefined,
  on: Pick<LeasedCount, 'from' | 'word' | 'now'>,
): LeaseTerms => termsOf(delivery, leasing, bounds ?? anyCount, on)

/** Returns the arithmetic of the end of a part: that of an undo, within the part's own bounds. */
export const endPlanOf = ({ high = largestCount, low = 0 }: OpenPart): Plan => takeBackWithin({ min: low, max: high })

/**
 * Returns whether a lease of one more count has room. Counts whose parts have no end make room, and
 * are dropped.
 */
export const hasRoomFor = (draft: MemoryDraft, name: CountName): boolean => {
  const counts: CountName[] = []
  const add = (count: CountName): void => {
    if (!counts.some(known => isSameCount(known, count))) counts.push(count)
  }
  for (const { count, part } of allParts(draft.fields)) if (part.until !== undefined) add(count)
  for (const row of draft.claims()) if (isLeaseClaim(row)) add(row.claim)
  return counts.length < maxObjects || counts.some(known => isSameCount(known, name))
}

/** The reasons for which a report of firing alerts makes no step, and still moves the end of their lease. */
const reporting: ReadonlySet<string> = new Set(['CoolingDown', 'LimitReached', 'PartlyResolved'])

/** Returns whether a decision not to make a step is a report that moves the end of a lease all the same. */
export const isReport = (judged: Judgement & { judgement: 'skip' }): boolean => {
  if (judged.reason === 'Duplicate') return 'isRepeat' in judged && judged.isRepeat
  return reporting.has(judged.reason)
}

/** A delivery, and how its hook leases. */
type LeasingDelivery = Pick<DeliveryContext, 'delivery' | 'leasing'>

/** Returns the key of the part that the alerts of a delivery share. Undefined if they share none. */
const groupKeyOf = ({ delivery, leasing }: LeasingDelivery): string | undefined =>
  leasing && delivery.group && keyOf(delivery.group.key)

/**
 * Returns a part with the end that it has now. Undefined if there is no part, or if it is to end at once because
 * `endBefore` has passed: no report moves its end any more.
 */
const openPart = (part: OpenPart | undefined, { endBefore }: Leasing, now: number): OpenPart | undefined => {
  if (part?.until === undefined) return part
  const until = endOf(part, endBefore)
  return until < part.until && until <= now ? undefined : { ...part, until }
}

/**
 * Moves the end of a group's lease, if a delivery reports that alerts of the group fire, and if that
 * moves it far enough. `judged` is the decision to skip the delivery. Undefined: it is a step that the
 * plan refused. Returns when the lease ends now, or undefined if there is none.
 */
export const reportedEnd = (
  draft: MemoryDraft,
  context: LeasingDelivery,
  terms: LeaseTerms,
  write: LeasedWrite,
  judged: (Judgement & { judgement: 'skip' }) | undefined,
): number | undefined => {
  const { delivery, leasing } = context
  const { claim, now } = write
  const key = groupKeyOf(context)
  if (key === undefined || !leasing) return undefined
  const open = openPart(partNow(withMade(draft, key, write), key, claim), leasing, now)
  const part = partNow(draft, key, claim)
  const isReported = (!judged || isReport(judged)) && reportsFiring(delivery)
  if (!isReported || !open || !movesEnd(open, terms, leasing)) return open?.until
  // What is only claimed yet cannot be moved, so no time is sure.
  if (!part) return undefined
  // What changed nothing says nothing about the bounds of what was changed.
  extendPart(draft, key, claim, { ...terms, low: part.low ?? terms.low, high: part.high ?? terms.high })
  return terms.until
}

/**
 * Returns when the lease of a delivery's alerts ends, for a delivery that is skipped by what is known of
 * the record. `moves`: the delivery moves the end, so the record must be written. Undefined if its
 * alerts lease nothing of the count `target`.
 */
export const leaseAfter = (
  draft: MemoryDraft,
  context: LeasingDelivery,
  target: string,
  judged: Judgement & { judgement: 'skip' },
  now: number,
): { readonly moves: boolean; readonly until: number | undefined } | undefined => {
  const key = groupKeyOf(context)
  const { leasing } = context
  if (key === undefined || !leasing) return undefined
  const part = partsWithKey(draft, key).find(({ count: { target: known, uid } }) =>
    isSameCount({ target: known, uid }, { target, uid }),
  )?.part
  const open = openPart(part, leasing, now)
  if (!open) return undefined
  const moves =
    isReport(judged) && reportsFiring(context.delivery) && movesEnd(open, { until: untilOf(leasing, now) }, leasing)
  return { moves, until: open.until }
}

/** Moves the end of the leases of a delivery's alerts, which a gate skips, at the count that the hook is aimed at. */
export const reportedAtGate = (draft: MemoryDraft, context: LeasingDelivery, now: number): void => {
  const key = groupKeyOf(context)
  const { leasing } = context
  if (key === undefined || !leasing || !reportsFiring(context.delivery)) return
  const until = untilOf(leasing, now)
  for (const { count, part } of partsWithKey(draft, key)) {
    const open = openPart(part, leasing, now)
    if (!open || shownCount(count.target) !== leasing.aim || !movesEnd(open, { until }, leasing)) continue
    extendPart(draft, key, count, { until, low: part.low ?? 0, high: part.high ?? largestCount })
  }
}

/** Returns when the lease of a step ends. It ends together with the earlier steps of its group. */
export const endOfGroup = (
  draft: MemoryDraft,
  context: LeasingDelivery,
  terms: LeaseTerms,
  write: LeasedWrite,
): number => {
  const before = partOf(draft, context, write)
  return Math.max(terms.until, before?.until === undefined ? 0 : endOf(before, context.leasing?.endBefore))
}

/** Returns whether the alerts of a delivery have leased some of a count already. */
export const hasPart = (draft: MemoryDraft, context: LeasingDelivery, write: LeasedWrite): boolean =>
  partOf(draft, context, write) !== undefined

const partOf = (draft: MemoryDraft, context: LeasingDelivery, write: LeasedWrite): OpenPart | undefined => {
  const key = groupKeyOf(context)
  return key === undefined ? undefined : partNow(withMade(draft, key, write), key, write.claim)
}

/**
 * Returns a draft in which the part of a key is as a write will leave it. This includes the other claims of the write,
 * and those that were surely made before it. After an undo among these, nothing of the earlier part lasts longer.
 */
const withMade = (draft: MemoryDraft, key: string, { claim }: LeasedWrite): MemoryDraft => {
  const claims = draft.claims().filter(row => isSameCount(row.claim, claim))
  const made = claimsUpTo(claims, claim).filter(row => partKeyOf(row) === key)
  if (made.length === 0) return draft
  const settled = draft.fork()
  for (const row of made) addToPart(settled, row)
  return settled
}

/** Returns the claims of a write, and of those before it. Each claim names the mark that its write has replaced. */
const claimsUpTo = (claims: readonly ClaimedRow[], { before, mark }: Claim): readonly ClaimedRow[] => {
  const marks = new Set([mark, before])
  for (const known of marks) {
    for (const row of claims) if (row.claim.mark === known) marks.add(row.claim.before)
  }
  return claims.filter(row => marks.has(row.claim.mark))
}

/**
 * Makes room for the step of a delivery next to what its alerts have leased, if that ends apart from it. What was leased
 * before `endBefore` is to end once that has passed, and would take the new lease with it. If the hook leases nothing any
 * more, the step is for good. Returns an open claim that comes first, if there is one.
 */
export const makeWay = (
  draft: MemoryDraft,
  { delivery, leasing, undo }: Pick<DeliveryContext, 'delivery' | 'leasing' | 'undo'>,
  name: CountName,
  now: number,
): ClaimedRow | undefined => {
  const key = partKeyFor(delivery, leasing, undo, now)
  const { endBefore = Infinity } = leasing ?? {}
  const part = key === undefined || (leasing && endBefore > now) ? undefined : partOn(draft, key, name)
  if (part?.until === undefined || (leasing && part.at >= endBefore)) return undefined
  const running = draft.claims().find(row => partKeyOf(row) === key && isSameCount(row.claim, name))
  if (!running) setPartAside(draft, part, endOf(part, endBefore))
  return running
}

/**
 * Returns an open claim of another write that takes back what the alerts of a delivery have leased of a count, if there
 * is one. It comes first: what is leased after it lasts only as long as that says itself.
 */
export const claimBefore = (draft: MemoryDraft, context: LeasingDelivery, claim: Claim): ClaimedRow | undefined => {
  const key = groupKeyOf(context)
  if (key === undefined) return undefined
  const isBefore = (row: ClaimedRow): boolean => row.undoes !== undefined && row.claim.mark !== claim.mark
  return draft.claims().find(row => isBefore(row) && partKeyOf(row) === key && isSameCount(row.claim, claim))
}

/** Notes that alerts fire on although their lease has ended: `for` is too short for their sender. */
export const noteFiresOn = (draft: MemoryDraft, context: LeasingDelivery, now: number): void => {
  const ended = endedGroup(draft, context)
  if (!ended) return
  const { entry, group, key } = ended
  const { ended: _, ...firing } = entry
  const isShort = allSeen(draft, group)
  draft.set({ groups: { ...draft.fields.groups, [key]: firing }, ...(isShort && { tooShortAt: now }) })
}

/** Returns whether {@link noteFiresOn} has something to note of a delivery. */
export const firesOn = (draft: MemoryDraft, context: LeasingDelivery): boolean =>
  endedGroup(draft, context) !== undefined

const endedGroup = (draft: MemoryDraft, context: LeasingDelivery) => {
  const key = groupKeyOf(context)
  const { group } = context.delivery
  const entry = key === undefined ? undefined : draft.fields.groups[key]
  if (key === undefined || !group || entry?.ended !== true || !reportsFiring(context.delivery)) return undefined
  return { entry, group, key }
}

/** Why a lease has no room. */
export const tooManyCounts = `the hook's record is full: it has leases on ${maxObjects} counts, and each keeps its place until it ends`

/** Returns a row whose step nobody takes back. A step that takes back is still noted. */
export const withoutPart = (row: ClaimedRow): ClaimedRow => {
  if (row.undoes !== undefined) return row
  const { group: _, leases: __, ...rest } = row
  return rest
}
