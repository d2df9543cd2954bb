import type { ClaimedRow, Claim } from '../api/row.ts'
import type { Clock, Environment } from '../environment/environment.ts'
import type { Acting } from '../kube/acting.ts'
import { abandonedMs, dueOf, owedIn } from '../record/due.ts'
import { actingIn, type DeliveryContext, type EndedPart } from '../record/context.ts'
import { MemoryDraft, type Update } from '../record/draft.ts'
import type { Ledger } from '../record/ledger.ts'
import { joinedNotes, type Memory, type RecordOwner } from '../record/memory.ts'
import { isHold, isSameCount, shownCount } from '../record/count-name.ts'
import { allParts, endOf, partKeyOf, type PartOf } from '../record/parts.ts'
import type { Made, Step } from '../steps/steps.ts'
import type { DueRecord } from './due-records.ts'
import { givenUp, ofWrite, rowsOf } from '../record/protocol.ts'
import { fenceClaims, lookAtClaim } from '../steps/finish.ts'
import { parseTarget } from '../steps/target/text.ts'

/** How long the claim of a part is left to the process that made it, in milliseconds. */
const leftAloneMs = 5000

/** What has to be done about a record now. */
export interface DueWork {
  /** The parts to end, those that were due first before others. */
  readonly ends: readonly PartOf[]
  /** The claims of leases whose process may be dead, one for each write. */
  readonly claims: readonly ClaimedRow[]
  /** True if another process is ending something right now. */
  readonly isShared: boolean
}

/**
 * Returns what has to be done about a memory at `now`. Clocks differ, so the age of a claim has no sign, and nothing of a
 * deleted hook waits for one.
 */
export const workIn = (memory: Memory, now: number, { endBefore, isDeleted }: EndTerms): DueWork => {
  const claimed = new MemoryDraft(memory).claims()
  const ageOf = ({ at }: ClaimedRow): number => Math.abs(now - at)
  const isLeft = ({ count, part }: PartOf): boolean =>
    claimed.some(row => partKeyOf(row) === part.key && isSameCount(row.claim, count) && ageOf(row) < leftAloneMs)
  const due = allParts(memory)
    .filter(({ part }) => part.until !== undefined && (isDeleted || endOf(part, endBefore) <= now))
    .sort((a, b) => endOf(a.part, endBefore) - endOf(b.part, endBefore))
  const claims = claimed.filter(owedIn(memory.parts)).filter(row => ageOf(row) >= abandonedMs)
  return {
    ends: due.filter(each => !isLeft(each)),
    claims: [...new Map(claims.map(row => [row.claim.mark, row])).values()],
    isShared: due.some(isLeft),
  }
}

/**
 * Returns when something of the newest known memory ends next, after `now`. Undefined: nothing does, or
 * nothing is known.
 */
export const nextDueOf = (ledger: Ledger, endBefore: number | undefined, now: number): number | undefined => {
  const memory = ledger.known()?.memory()
  return memory && dueOf(memory, { after: now, endBefore })
}

/** Notes in the record that a lease has ended, as the hook's status shows it. It is no delivery, and not counted. */
export const noteEnd = (draft: MemoryDraft, { count, part }: PartOf, { from, to }: Made, at: number): void => {
  const left = to === 0 ? 'nobody holds it any more' : `${to} still hold it`
  const done = isHold(count.target) ? { summary: `${shownCount(count.target)}: ${left}` } : { from, to }
  const message = `the lease${part.of === undefined ? '' : ` of ${part.of}`} ended`
  const end = { at, sender: 'lease', outcome: 'applied', reason: 'LeaseEnded', ...done, message } as const
  draft.set(joinedNotes({ recent: [end], counts: {} }, draft.fields))
}

/** An end that has to be tried again. `since`: when it was due, in milliseconds since the epoch. */
export interface LateEnd {
  readonly since: number
  readonly why: string
  /** True if its object may not be read. */
  readonly isUnreadable?: boolean
}

export type EndResult =
  /** Nothing more has to be done now. */
  | 'done'
  /** Bounds keep it back. */
  | 'held'
  | LateEnd

/** When the parts of a hook end earlier than they say. */
export interface EndTerms {
  /** What was leased before this moment ends by then, in milliseconds since the epoch. */
  readonly endBefore: number | undefined
  /** True if the hook is deleted: everything ends now. */
  readonly isDeleted: boolean
  /** True if there is a new hook of its name, which needs the record. */
  readonly isReplaced: boolean
}

/** What the end of a part needs, besides the part. */
export interface Ending extends EndTerms {
  readonly owner: RecordOwner
  readonly account: Acting | undefined
  readonly ledger: Ledger
  /** Returns whether the hook is known to exist. */
  readonly isCurrent: () => boolean
  readonly charge: (bytes: number) => void
}

/**
 * Returns the end of a part as a delivery without a name. Its bytes are charged, but it is never
 * refused for them: it was paid for when its step was made. `deadline` is in monotonic milliseconds.
 */
export const endingOf = (
  { account, charge, endBefore, isCurrent, isDeleted, ledger, owner }: Ending,
  { count, part }: PartOf,
  deadline: number,
): DeliveryContext => {
  const ends: EndedPart = { key: part.key, count, endBefore, isDue: isDeleted }
  return {
    hook: owner,
    account,
    delivery: { phase: 'none' },
    ends,
    undo: false,
    cooldownMs: 0,
    dedupeWindowMs: 0,
    deadline,
    isAskable: false,
    dryRun: false,
    isCurrent,
    isSpent: () => false,
    charge,
    ledger: () => ledger,
  }
}

/** How long a part has to end, or a record to be read or written, in milliseconds. As long as a post. */
export const withinMs = 4000

/** Stores an update now. Returns whether it is stored. */
export const storeNow = async (ledger: Ledger, clock: Clock, update: Update): Promise<boolean> => {
  const end = clock.monotonic() + withinMs
  const stored = await ledger.decide(draft => ({ result: update(draft) }), {
    mayContinue: () => clock.monotonic() < end,
  })
  return stored.decided === 'stored'
}

/** Stores what a look has noted. What cannot be stored now goes with a later write, like all that is noted. */
export const noteNow = async (ledger: Ledger, clock: Clock): Promise<void> => {
  const end = clock.monotonic() + withinMs
  await ledger.flush(() => clock.monotonic() < end)
}

/** How long something may be late before people are notified, in milliseconds. */
const overdueAfterMs = 60_000

/**
 * Notes what is late for longest, so that people are notified. `isPartial`: not all was tried to end. `now`
 * is in milliseconds since the epoch.
 */
export const noteOverdue = (
  ledger: Ledger,
  { overdue }: Memory,
  late: LateEnd | undefined,
  isPartial: boolean,
  now: number,
): void => {
  if (!late) return void (overdue && !isPartial && ledger.later(draft => draft.clear('overdue')))
  const { since: at, why } = late
  const isOther = !overdue || (!isPartial && overdue.at !== at)
  if (now - at > overdueAfterMs && isOther) ledger.later(draft => draft.set({ overdue: { at, why } }))
}

/**
 * How long after its deletion a hook's leases are tried to end, in milliseconds, and how often at least
 * in a row: all triggers may have been down. After that, the rest stays.
 */
const keptForMs = 3_600_000
const keptForAttempts = 5

/**
 * The same where the objects may not be read. A namespace that is being deleted loses the right to them
 * first, and must not wait an hour for the record.
 */
const unreadableForMs = 5 * 60_000

export const leftForGood = "a deleted hook's leases could not be ended in time, so what they changed stays as it is"

/**
 * Returns whether the rest of what a deleted hook has leased stays for good. `lates`: what could not end now.
 * `isOther`: something else is left, of which bounds keep back the end, or which may not be made yet.
 */
export const isLeftForGood = (
  { attempts, deletedAt = Infinity }: Pick<DueRecord, 'attempts' | 'deletedAt'>,
  { isOther, lates }: { readonly lates: readonly LateEnd[]; readonly isOther: boolean },
  now: number,
): boolean => {
  const isUnreadable = !isOther && lates.length > 0 && lates.every(each => each.isUnreadable)
  return now - deletedAt > (isUnreadable ? unreadableForMs : keptForMs) && attempts >= keptForAttempts
}

/** Returns by when the leases of a deleted hook end: all that is in its memory. */
export const endBeforeOfDeleted = (memory: Memory, deletedAt: number): number =>
  Math.max(deletedAt, ...(memory.parts ?? []).map(part => part.at + 1))

/** Why a part whose object shows this problem can never end. */
const closing: ReadonlySet<string> = new Set([
  'TargetNotFound',
  'PoolNotFound',
  'ManagedByAutoscaler',
  'OwnedByController',
])

/** Returns whether a problem of its object closes a part: it can never end. */
export const isClosing = (problem: object): boolean => 'reason' in problem && closing.has(String(problem.reason))

export const whyNotMade = (step: Step): string => ('message' in step ? step.message : 'its outcome is not known yet')

type World = Pick<Environment, 'api' | 'clock' | 'log' | 'random'>

/** Finds out whether steps were made whose processes may be dead. Returns whether one is still open. */
export const lookAtClaims = async (
  world: World,
  { claims }: DueWork,
  memory: Memory,
  ending: Ending,
): Promise<boolean> => {
  const draft = new MemoryDraft(memory)
  let isOpen = false
  for (const { claim } of claims) {
    const claimed = rowsOf(draft, claim.mark)
    const { evidence } = await lookAtClaim(actingIn(world, ending), ending.ledger, { claim, claimed })
    const isSettled = evidence === 'not yet' && ending.isDeleted && (await settle(world, claim, ending))
    isOpen ||= !isSettled && (evidence === 'not yet' || evidence === 'unreachable')
  }
  return isOpen
}

/**
 * Makes the write of a deleted hook's claim impossible, which nobody sends any more. A claim that may not be fenced off
 * is given up for a new hook of the name. Returns whether the claim is over.
 */
const settle = async (world: World, claim: Claim, ending: Ending): Promise<boolean> => {
  const { isReplaced, ledger, owner } = ending
  const target = parseTarget(claim.target, owner.namespace)
  if (!target) return false
  const from = { uid: claim.uid, resourceVersion: claim.version }
  const made = await fenceClaims(actingIn(world, ending), ledger, target, from, ending.charge)
  if (made.fenced === 'yes') return made.isOurs
  if (made.fenced === 'unknown' || !isReplaced) return false
  const now = world.clock.now()
  return await storeNow(ledger, world.clock, draft => givenUp(draft, ofWrite(claim.mark), now))
}
