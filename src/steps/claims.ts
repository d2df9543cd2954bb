import type { Claim, Memory, Row } from '../api/record.ts'
import type { ReasonIn } from '../api/reasons.ts'
import { decided, judge, nothingToUndo, type Judgement, type Remembered } from './judge.ts'
import type { Version } from './read.ts'
import { applied, rowsOf, withoutClaim, withRow } from './remember.ts'
import type { Plan, Target, UndoPlan } from './steps.ts'
import { targetText } from './target.ts'

/** One post of a batch: remembered or not. */
export interface Member {
  /** The arithmetic of a step; and of one that takes back what others changed. */
  readonly plan: Plan | UndoPlan
  readonly remembered?: Remembered
}

/** What becomes of one member of a batch. */
export type Part =
  /** Its step, computed from the member's before it. */
  | { readonly part: 'step'; readonly from: number; readonly to: number }
  | { readonly part: 'refused'; readonly from: number; readonly refused: string }
  | { readonly part: 'skip'; readonly reason: ReasonIn<'skipped'>; readonly message: string }
  /** Another process's write has to be finished first. `isVain`: the server is known to refuse that. */
  | {
      readonly part: 'help'
      readonly claim: Claim
      readonly claimed: readonly Row[]
      readonly own: Row | undefined
      readonly isVain: boolean
    }
  /** It depends on what becomes of this very write. */
  | { readonly part: 'wait' }

/** Whether what is to be done could be over already, or be wrong, where the memory was out of date. */
export const needsNewest = (parts: readonly (Part | undefined)[]): boolean =>
  parts.some(part => part?.part === 'help' || (part?.part === 'skip' && part.reason === 'NothingToUndo'))

/** A batch as it is to be written: what has to be remembered before, and each member's part. */
export interface Claimed {
  readonly memory: Memory
  /** The rows of this write. */
  readonly rows: readonly Row[]
  /** The count after the last step. */
  readonly to: number
  /** Whether a write has to be made: otherwise all are at their bounds, or cancel out. */
  readonly isWritten: boolean
  /** One for each member, in order. */
  readonly parts: readonly Part[]
}

/** What posts are folded on. */
export interface Ground {
  readonly target: Target
  readonly version: Version
  /** The field manager of the write. */
  readonly mark: string
  /** The field managers of writes that the server has refused. */
  readonly refused: ReadonlySet<string>
}

/**
 * Folds a batch of posts, some of which a hook's memory has a say in, into one write with the field manager `mark`, and
 * the memory that must be stored before that write is sent. Where nothing is to be written, the memory says that it is
 * done. Pure: it runs again on each newer memory. `now` is in milliseconds since the epoch.
 *
 * A claim in the way whose write the server refuses stands aside, where that is from the same version: then one of the
 * two can be made at most, and even one that leaves the count sees to it that the other never is. It does not where the new
 * write would be for the very count that was refused.
 */
export const claim = (before: Memory, now: number, members: readonly Member[], ground: Ground): Claimed => {
  const claimed = claimOver(before, now, members, ground, standsAside(ground))
  const { aside, rows, to } = claimed
  if (aside.length === 0) return claimed
  const isVain = rows.length > 0 && aside.at(-1)?.to === to
  const isTooMuch = aside.length > mostRivals || rows.some(({ rivals = [] }) => rivals.length > mostRivals)
  return isVain || isTooMuch ? claimOver(before, now, members, ground, () => false) : claimed
}

/** How many claims one stands in for at most: they are in its record, and a hook may be edited often. */
const mostRivals = 8

/** Whether a claim can be stood in for. */
const standsAside =
  ({ refused, target, version }: Ground) =>
  (claim: Claim): boolean =>
    refused.has(claim.mark) &&
    claim.target === targetText(target) &&
    claim.uid === version.uid &&
    claim.version === version.resourceVersion

/** What is claimed over claims that stand aside. */
interface Over extends Claimed {
  readonly aside: readonly Claim[]
}

const claimOver = (
  before: Memory,
  now: number,
  members: readonly Member[],
  { target, version, mark, refused }: Ground,
  standsAside: (claim: Claim) => boolean,
): Over => {
  const draft: Claim = {
    mark,
    target: targetText(target),
    uid: version.uid,
    version: version.resourceVersion,
    to: version.count,
  }
  let memory = before
  let to = version.count
  const aside: Claim[] = []

  /** The memory's judgement, once all claims that stand aside have done so. They are there all the same. */
  const judged = (remembered: Remembered): Judgement => {
    const judgement = judge(without(memory, aside), remembered, now)
    const inTheWay = judgement.judgement === 'unfinished' ? judgement.row.claim : undefined
    if (!inTheWay || !standsAside(inTheWay)) return judgement
    aside.push(inTheWay)
    return judged(remembered)
  }

  const step = ({ plan, remembered }: Member, undoes?: number): Part => {
    const from = to
    const planned = plan(from, undoes ?? 0)
    if (typeof planned !== 'number') return { part: 'refused', from, refused: planned.refused }
    to = planned
    const row = { from, to, claim: draft, ...(undoes === undefined ? {} : { undoes }) }
    if (remembered) memory = decided(remembered, now, row)(memory)
    return { part: 'step', from, to }
  }

  const skip = (remembered: Remembered, { message, reason, remember }: Judgement & { judgement: 'skip' }): Part => {
    // It would not be one if a write that stands aside were made after all.
    if (aside.length > 0) return { part: 'wait' }
    if (remember && remembered.delivery.identity) memory = decided(remembered, now, { skipped: reason })(memory)
    return { part: 'skip', reason, message }
  }

  const parts = members.map((member): Part => {
    if (!member.remembered) return step(member)
    const judgement = judged(member.remembered)
    switch (judgement.judgement) {
      case 'new':
        return step(member)
      case 'undo':
        return judgement.uid === version.uid ? step(member, judgement.delta) : skip(member.remembered, nothingToUndo)
      case 'skip':
        return skip(member.remembered, judgement)
      case 'unfinished':
        return unfinished(memory, judgement, mark, refused)
    }
  })

  const isWritten = to !== version.count || aside.length > 0
  const rows = rowsOf(memory, mark).map(row => ({ ...row, claim: { ...draft, to } }))
  memory = isWritten ? rows.reduce((so, row) => withRow(row)(so), memory) : applied(mark, rows)(memory)
  return { memory, rows, to, parts, isWritten, aside }
}

/** A memory as it is without these claims. */
const without = (memory: Memory, claims: readonly Claim[]): Memory =>
  claims.reduce((so, { mark }) => withoutClaim(mark)(so), memory)

const unfinished = (
  memory: Memory,
  { isOwn, row }: Judgement & { judgement: 'unfinished' },
  mark: string,
  refused: ReadonlySet<string>,
): Part => {
  const { claim } = row
  if (!claim) throw new Error('an unfinished row has a claim')
  if (claim.mark === mark) return { part: 'wait' }
  const claimed = rowsOf(memory, claim.mark)
  return { part: 'help', claim, claimed, own: isOwn ? row : undefined, isVain: refused.has(claim.mark) }
}
