import { digestOf } from '../api/effect.ts'
import type { Limit } from '../api/limits-schema.ts'
import { whoseCount } from '../api/mark.ts'
import { notRun } from '../api/outcome.ts'
import type { OpenPart } from '../api/record.ts'
import type { Claim, ClaimedRow } from '../api/row.ts'
import { applied, claiming, decided, rowsOf, unnamedKey, judge, judgeMove, type Origin } from '../record/protocol.ts'
import { isRemembered } from '../record/context.ts'
import { nothingToUndo, setByOthers, type Judgement } from '../record/ruling.ts'
import type { MemoryDraft } from '../record/draft.ts'
import type { Leasing } from '../record/lease-terms.ts'
import { keepOf } from '../record/room.ts'
import { isSameCount } from '../record/count-name.ts'
import { closePart, heldBack, isGivenUp, type PartOf } from '../record/parts.ts'
import {
  endPlanOf,
  endOfGroup,
  hasPart,
  hasRoomFor,
  isReport,
  makeWay,
  noteFiresOn,
  reportedEnd,
  claimBefore,
  termsFor,
  tooManyCounts,
  withoutPart,
  type LeasedCount,
  type LeasedWrite,
} from './leased.ts'
import type { Waiting } from './waiting.ts'
import type { Step } from './steps.ts'
import type { Target, Version } from './target/target.ts'
import { countId, targetText } from './target/text.ts'

/** The result of one post in a batch. */
export type Part =
  /**
   * The answer to the post. A step is computed after the steps of the posts before it. `needsNewest`: it must be decided
   * on the newest record. So is a step without approval, an undo without effect, and a duplicate of alerts that may have
   * begun again.
   */
  | { readonly part: 'answer'; readonly step: Step; readonly needsNewest?: boolean }
  /**
   * Another write must be finished first: that of `claim`, with the rows `claimed`. `own` is the
   * post's own row in it.
   */
  | {
      readonly part: 'help'
      readonly claim: Claim
      readonly claimed: readonly ClaimedRow[]
      readonly own: ClaimedRow | undefined
    }
  /** The post depends on the outcome of this batch's own write. */
  | { readonly part: 'wait' }
  /** The version is older than a change that the post takes back. The target must be read again. */
  | { readonly part: 'outdated'; readonly since: string }

/** A batch to be written: the draft to store first, and each post's part. */
export interface Claimed {
  /** The draft that must be stored before the write is sent. */
  readonly draft: MemoryDraft
  readonly rows: readonly ClaimedRow[]
  /** The count after the last step. */
  readonly to: number
  /** False if the count stays: all posts are at their bounds, their steps cancel out, or they wait for a claim to be finished. */
  readonly isWritten: boolean
  /** The part of each post, in the order of the posts. */
  readonly parts: readonly Part[]
}

export interface FoldedOn {
  readonly target: Target
  readonly version: Version
  /** The field manager of the write. */
  readonly mark: string
}

/** Returns the members that all claims from a version share. */
export const originOf = (
  target: Target,
  { resourceVersion, uid }: Pick<Version, 'uid' | 'resourceVersion'>,
): Origin => ({
  target: targetText(target),
  uid,
  version: resourceVersion,
})

type Post = Pick<Waiting, 'context' | 'plan' | 'bounds' | 'outdatedSince'>

/**
 * Folds posts into one write with the field manager `mark`. Some of the posts may need their hook's
 * record. Returns the draft that must be stored before the write is sent: a fork of `before`. If
 * nothing must be written, the posts' rows are done at once.
 * Pure: it runs again on each newer memory. `now` is in milliseconds since the epoch.
 */
export const foldPosts = (before: MemoryDraft, now: number, posts: readonly Post[], on: FoldedOn): Claimed =>
  new ClaimFold(before.fork(), now, on).fold(posts)

/** The posts that are folded into one write, one after another. */
class ClaimFold {
  readonly #draft: MemoryDraft
  readonly #now: number
  readonly #on: FoldedOn
  readonly #claimed: Claim
  /** The count after the last step. */
  #to: number
  /**
   * Computed when first needed: most posts do not wait, and have no key by which their sender can ask
   * later.
   */
  #id: string | undefined

  constructor(draft: MemoryDraft, now: number, on: FoldedOn) {
    const { mark, target, version } = on
    this.#draft = draft
    this.#now = now
    this.#on = on
    this.#to = version.count
    this.#claimed = {
      mark,
      ...originOf(target, version),
      before: version.mark,
      to: version.count,
      helped: false,
    }
  }

  /** Returns the batch, with the part that each post got. */
  fold(posts: readonly Post[]): Claimed {
    const { mark, version } = this.#on
    const draft = this.#draft
    const parts: Part[] = []
    for (const post of posts) parts.push(this.#add(post))
    const rows = claiming(draft, mark, this.#to)
    const isWritten = this.#to !== version.count
    // Without a write, no mark says that somebody else's count is ours from now on. So steps that cancel
    // out on such a count leave no part.
    if (!isWritten) applied(draft, mark, version.lastWord ? rows : rows.map(withoutPart))
    return { draft, rows, to: this.#to, parts, isWritten }
  }

  /** Decides about a post, after the posts before it. */
  #add(post: Post): Part {
    const { context } = post
    if (!isRemembered(context)) return this.#step(post)
    const judged = judge(this.#draft, context, this.#now)
    switch (judged.judgement) {
      case 'new': {
        const { leasing, limits } = context
        const refused = limits && this.#limited(post, limits)
        if (refused) return refused
        if (leasing) return this.#leased(post, leasing)
        return this.#draft.fields.parts ? this.#forGood(post) : this.#step(post)
      }
      case 'undo':
        return this.#takeBack(post, judged.changed)
      case 'skip':
        return this.#skip(post, judged)
      case 'full':
        return recordFull(judged.message)
      case 'unfinished':
        return blockedBy(this.#draft, judged, this.#on.mark)
    }
  }

  get #count(): LeasedCount {
    const { version } = this.#on
    const { target, uid } = this.#claimed
    return { target, uid, from: this.#to, word: version.lastWord?.word ?? version.count, now: this.#now }
  }

  get #write(): LeasedWrite {
    return { claim: this.#claimed, now: this.#now }
  }

  /** Returns the part of a post that the limits of its hook do not let through. Undefined if they do. */
  #limited(post: Post, limits: readonly Limit[]): Part | undefined {
    const to = post.plan(this.#to, 0, this.#on.version.limits)
    // A step that the plan refuses needs no room.
    const judged = typeof to === 'number' ? judgeMove(this.#draft, limits, to - this.#to, this.#now) : undefined
    if (judged?.judgement === 'skip') return this.#skip(post, judged)
    return judged && blockedBy(this.#draft, judged, this.#on.mark)
  }

  /** Makes the step of a post whose hook leases the count. */
  #leased(post: Post, leasing: Leasing): Part {
    const { context } = post
    const terms = termsFor(context.delivery, leasing, post.bounds, this.#count)
    if (!hasRoomFor(this.#draft, this.#count)) return recordFull(tooManyCounts)
    const first =
      claimBefore(this.#draft, context, this.#claimed) ?? makeWay(this.#draft, context, this.#claimed, this.#now)
    if (first) return blockedBy(this.#draft, { judgement: 'unfinished', row: first, isOwn: false }, this.#on.mark)
    noteFiresOn(this.#draft, context, this.#now)
    return this.#step(post, { leases: terms })
  }

  /** Makes the step of a post whose hook leases nothing, where something may be leased from before. */
  #forGood(post: Post): Part {
    const first = makeWay(this.#draft, post.context, this.#claimed, this.#now)
    if (first) return blockedBy(this.#draft, { judgement: 'unfinished', row: first, isOwn: false }, this.#on.mark)
    return this.#step(post)
  }

  #step({ context, plan }: Post, more: Pick<ClaimedRow, 'leases' | 'undoes'> = {}): Part {
    const { leases, undoes } = more
    const from = this.#to
    const planned = plan(from, undoes ?? 0, this.#on.version.limits)
    if (typeof planned !== 'number') {
      const until = leases && reportedEnd(this.#draft, context, leases, this.#write, undefined)
      return answer({ outcome: 'refused', from, refused: planned.refused, until })
    }
    const awaited = undoes === undefined && planned !== from ? this.#awaited(context, from, planned) : undefined
    if (awaited) return awaited
    const hasLease = leases && (planned !== from || hasPart(this.#draft, context, this.#write))
    const until = hasLease ? endOfGroup(this.#draft, context, leases, this.#write) : undefined
    this.#to = planned
    const { isAskable, limits, waits = false } = context
    const { target, version } = this.#on
    const on = isAskable || waits ? (this.#id ??= countId(target, version.uid)) : undefined
    if (isRemembered(context)) {
      const keep = limits && undoes === undefined && planned !== from ? keepOf(limits) : undefined
      const step = { from, to: planned, claim: this.#claimed, ...more, keep, on: isAskable ? on : undefined }
      decided(this.#draft, context, this.#now, { state: 'claimed', ...step })
    }
    return answer({ outcome: 'done', from, to: planned, on, until })
  }

  /** Returns the part of a post whose step needs an approval, and has none of this very step. Undefined if it may be made. */
  #awaited({ approval, dryRun }: Post['context'], from: number, to: number): Part | undefined {
    if (!approval || dryRun) return undefined
    const { target, uid } = this.#claimed
    const effect = digestOf({ of: approval.of, target, uid, from, to })
    if (effect === approval.approved) return undefined
    return {
      part: 'answer',
      step: { outcome: 'awaiting', reason: 'AwaitingApproval', from, to, effect },
      needsNewest: true,
    }
  }

  /** Takes back a part of this count, by an undo or the end of a lease. */
  #takeBack(post: Post, changed: readonly PartOf[]): Part {
    const here = changed.find(({ count }) => isSameCount(count, this.#claimed))
    if (!here) return this.#skip(post, nothingToUndo)
    const { part } = here
    const { since } = part
    const whose = whoseCount(since, this.#on.version)
    // If a later read is older too, the change was made before etcd was restored, and is lost.
    if (whose === 'outdated' && post.outdatedSince !== since) return { part: whose, since }
    switch (whose) {
      case 'outdated':
      case 'theirs':
        closePart(this.#draft, part.key, here.count)
        return this.#skip(post, setByOthers)
      case 'ours':
        return post.context.ends ? this.#end(post, part) : this.#step(post, { undoes: part.delta })
    }
  }

  /** Ends a lease. Nothing is claimed if bounds keep back all of it. */
  #end(post: Post, part: OpenPart): Part {
    const name = this.#claimed
    if (isGivenUp(part, this.#now)) {
      closePart(this.#draft, part.key, name)
      return this.#skip(post, nothingToUndo)
    }
    const from = this.#to
    const to = endPlanOf(part)(from, part.delta, this.#on.version.limits)
    if (typeof to !== 'number') throw new TypeError('the end of a lease is never refused')
    if (to === from) {
      heldBack(this.#draft, part.key, name)
      return answer({ outcome: 'done', from, to })
    }
    this.#to = to
    const key = unnamedKey(this.#draft, name.mark)
    const row = {
      state: 'claimed',
      key,
      at: this.#now,
      from,
      to,
      claim: name,
      undoes: part.delta,
      ends: part.key,
    } as const
    this.#draft.add(row)
    return answer({ outcome: 'done', from, to })
  }

  #skip({ bounds, context }: Post, judged: Judgement & { judgement: 'skip' }): Part {
    const { delivery, leasing } = context
    const terms = leasing && termsFor(delivery, leasing, bounds, this.#count)
    const until = terms && reportedEnd(this.#draft, context, terms, this.#write, judged)
    if (isReport(judged)) noteFiresOn(this.#draft, context, this.#now)
    if (judged.remember && delivery.identity) {
      decided(this.#draft, context, this.#now, { state: 'skipped', reason: judged.reason })
    }
    const needsNewest = ('mayBeNext' in judged && judged.mayBeNext) || idleUndos.has(judged.reason)
    return { part: 'answer', step: notRun({ ...judged, until }), needsNewest }
  }
}

const idleUndos: ReadonlySet<string> = new Set([nothingToUndo.reason, setByOthers.reason])

const answer = (step: Step): Part => ({ part: 'answer', step })

/** Returns the part of a post for whose idempotency key the record has no room. */
const recordFull = (message: string): Part => answer({ outcome: 'unavailable', reason: 'RecordFull', message })

const blockedBy = (draft: MemoryDraft, { isOwn, row }: Judgement & { judgement: 'unfinished' }, mark: string): Part => {
  const { claim } = row
  if (claim.mark === mark) return { part: 'wait' }
  return { part: 'help', claim, claimed: rowsOf(draft, claim.mark), own: isOwn ? row : undefined }
}
