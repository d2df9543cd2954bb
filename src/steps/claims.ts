import type { NotRun } from '../api/outcome.ts'
import { whoseCount, type Whose } from '../api/mark.ts'
import type { Changed } from '../api/record.ts'
import type { Claim, ClaimedRow } from '../api/row.ts'
import { applied, claiming, rowsOf, type Origin } from '../record/protocol.ts'
import type { DeliveryContext } from '../record/context.ts'
import { keyOf } from '../api/hash.ts'
import { decided, isRemembered, judge, nothingToUndo, setByOthers, type Judgement } from '../record/judge.ts'
import { closeChanged } from '../record/undo.ts'
import type { MemoryDraft } from '../record/draft.ts'
import type { Made, Plan, Step, UndoPlan } from './steps.ts'
import type { Target, Version } from './target/target.ts'
import { countId, targetText } from './target/text.ts'

/** A post that waits for its step. */
export interface Waiting {
  readonly context: DeliveryContext
  /** The arithmetic of the post's step or undo. */
  readonly plan: Plan | UndoPlan
  readonly answer: (step: Step) => void
  /**
   * waiting: the post may still leave the queue. in flight: a request that contains its step may
   * have been sent.
   */
  state: 'waiting' | 'in flight' | 'answered'
}

/** The result of one post in a batch. */
export type Part =
  /** The post's step, computed after the steps of the posts before it. */
  | ({ readonly part: 'step' } & Made)
  | { readonly part: 'refused'; readonly from: number; readonly refused: string }
  | ({ readonly part: 'skip' } & NotRun)
  /** The record has no room for the post's idempotency key. */
  | { readonly part: 'full'; readonly message: string }
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
  | { readonly part: 'outdated' }

/**
 * Returns whether a part must be decided on the newest record: help for another claim, or that an
 * undo takes nothing back.
 */
export const needsNewest = (parts: readonly (Part | undefined)[]): boolean =>
  parts.some(part => part?.part === 'help' || (part?.part === 'skip' && idleUndos.has(part.reason)))

const idleUndos: ReadonlySet<string> = new Set([nothingToUndo.reason, setByOthers.reason])

/** A batch to be written: the draft to store first, and each post's part. */
export interface Claimed {
  /** The draft that must be stored before the write is sent. */
  readonly draft: MemoryDraft
  /** The rows of this write. */
  readonly rows: readonly ClaimedRow[]
  /** The count after the last step. */
  readonly to: number
  /** False if no write is needed: all posts are at their bounds, or their steps cancel out. */
  readonly isWritten: boolean
  /** The part of each post, in the order of the posts. */
  readonly parts: readonly Part[]
}

/** The state on which posts are folded. */
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

/**
 * Folds posts into one write with the field manager `mark`. Some of the posts may need their hook's
 * record. Returns the draft that must be stored before the write is sent: a fork of `memory`. If
 * nothing must be written, the posts' rows are done at once.
 * Pure: it runs again on each newer memory. `now` is in milliseconds since the epoch.
 */
export const claim = (
  memory: MemoryDraft,
  now: number,
  posts: readonly Pick<Waiting, 'context' | 'plan'>[],
  { target, version, mark }: FoldedOn,
): Claimed => {
  const { lastWord, mark: before } = version
  const claimed: Claim = {
    mark,
    ...originOf(target, version),
    ...(before !== undefined && { before }),
    to: version.count,
    helped: false,
  }
  const draft = memory.fork()
  let to = version.count
  // Computed when first needed: most posts do not wait, and have no key by which their sender can
  // ask later.
  let id: string | undefined
  const on = ({ isAskable, waits = false }: DeliveryContext): Pick<Made, 'on'> =>
    isAskable || waits ? { on: (id ??= countId(target, version.uid)) } : {}

  const step = ({ context, plan }: Pick<Waiting, 'context' | 'plan'>, undoes?: number): Part => {
    const from = to
    const planned = plan(from, undoes ?? 0, version.limits)
    if (typeof planned !== 'number') return { part: 'refused', from, refused: planned.refused }
    to = planned
    if (isRemembered(context)) {
      const more = { ...(undoes !== undefined && { undoes }), ...(context.isAskable && on(context)) }
      decided(draft, context, now, { state: 'claimed', from, to, claim: claimed, ...more })
    }
    return { part: 'step', from, to, ...on(context) }
  }

  const skip = (context: DeliveryContext, judged: Judgement & { judgement: 'skip' }): Part => {
    const { message, reason } = judged
    if (judged.remember && context.delivery.identity) {
      decided(draft, context, now, { state: 'skipped', reason: judged.reason })
    }
    return { part: 'skip', reason, message }
  }

  const undo = (post: Pick<Waiting, 'context' | 'plan'>, here: Changed): Part => {
    switch (whoseChange(here, version)) {
      case 'ours':
        return step(post, here.delta)
      case 'outdated':
        return { part: 'outdated' }
      case 'theirs':
        if (post.context.delivery.group) closeChanged(draft, keyOf(post.context.delivery.group.key), here)
        return skip(post.context, setByOthers)
    }
  }

  const parts = posts.map((post): Part => {
    const { context } = post
    if (!isRemembered(context)) return step(post)
    const judged = judge(draft, context, now)
    switch (judged.judgement) {
      case 'new':
        return step(post)
      case 'undo': {
        const here = judged.changed.find(({ uid }) => uid === version.uid)
        return here ? undo(post, here) : skip(context, nothingToUndo)
      }
      case 'skip':
        return skip(context, judged)
      case 'full':
        return { part: 'full', message: judged.message }
      case 'unfinished':
        return unfinished(draft, judged, mark)
    }
  })

  claiming(draft, mark, to)
  const rows = rowsOf(draft, mark)
  const isWritten = to !== version.count
  // Without a write, no mark says that somebody else's count is ours from now on. So steps that cancel
  // out on such a count leave nothing to take back.
  if (!isWritten) applied(draft, mark, lastWord ? rows : rows.map(withoutChange))
  return { draft, rows, to, parts, isWritten }
}

/** Returns whose a count is for what a group of alerts has changed. */
const whoseChange = ({ since }: Changed, version: Version): Whose =>
  // Of what an earlier version of the product has changed, nobody knows since when it is. It is taken
  // back as that version did.
  since === undefined ? 'ours' : whoseCount(since, version)

/** Returns a row whose step nobody takes back. An undo itself is still noted. */
const withoutChange = (row: ClaimedRow): ClaimedRow => {
  if (row.undoes !== undefined) return row
  const { group: _, ...rest } = row
  return rest
}

const unfinished = (
  draft: MemoryDraft,
  { isOwn, row }: Judgement & { judgement: 'unfinished' },
  mark: string,
): Part => {
  const { claim } = row
  if (claim.mark === mark) return { part: 'wait' }
  return { part: 'help', claim, claimed: rowsOf(draft, claim.mark), own: isOwn ? row : undefined }
}
