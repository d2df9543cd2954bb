import { isNoLater } from '../api/believed.ts'
import { keyOf } from '../api/hash.ts'
import { notRun, type Outcome } from '../api/outcome.ts'
import type { OpenAct } from '../api/record.ts'
import { askedEarly, asksAbout, begun, openAct, ranByActs, reportedByActs, reusedOfAct } from '../record/acts.ts'
import { isOfOther, windowOf, type DeliveryContext } from '../record/context.ts'
import type { MemoryDraft } from '../record/draft.ts'
import { isOfNextAlerts, reportOf } from '../record/groups.ts'
import { judge, decided, openClaimOf, type OpenClaim } from '../record/protocol.ts'
import type { Ruling } from '../record/ruling.ts'
import { momentOf } from '../record/memory.ts'
import { isAbandoned } from '../record/due.ts'
import { keepOf, roomForRun } from '../record/room.ts'
import type { Running } from './running.ts'

/** The record's decision about an act. */
export type Begun =
  | {
      readonly begun: 'act'
      readonly act: OpenAct
      /** True if the delivery has begun it before. */
      readonly isOwn: boolean
      /** True if this process continues an act that was left long ago. */
      readonly isTakenUp?: boolean
      /** When this process was given a serial act, in monotonic milliseconds. Absent if it may only join the work. */
      readonly givenAt?: number | undefined
    }
  | { readonly begun: 'skipped'; readonly outcome: Outcome }
  /** Another act must end first, or a claim of an earlier step, which the caller settles. */
  | { readonly begun: 'later'; readonly claim?: OpenClaim }

interface Beginning {
  readonly key: string
  readonly context: DeliveryContext
  /** Absent on a dry run. */
  readonly running?: Pick<Running, 'isRunning' | 'noteHeld'>
  /** The present time, in monotonic milliseconds. Undefined if the act is not serial. */
  readonly givenAt?: number | undefined
}

/** Decides what to do for a delivery. Begins a new act if necessary. */
export const beginIn = (
  draft: MemoryDraft,
  now: number,
  { context, givenAt, key, running }: Beginning,
): Ruling<Begun> => {
  const { cooldownMs, delivery, hook, limits, signed } = context
  const { newsAt, repeats } = delivery.identity ?? {}
  // Returns whether an open act has the signed body of this delivery, which counts only once. It
  // may have another key.
  const isCounted = ({ at, body }: OpenAct): boolean =>
    signed !== undefined && body === signed.body && Math.abs(now - at) < signed.withinMs
  const own = openAct(draft, key)
  if (own && isOfOther(context, own)) {
    return { result: { begun: 'skipped', outcome: notRun(reusedOfAct) } }
  }
  const isWorkedOn = own !== undefined && running?.isRunning(own) === true
  // A post without a body may only ask. The work needs the body.
  if (own && !isWorkedOn && asksAbout(context, own)) {
    return { result: { begun: 'skipped', outcome: askedEarly }, needsNewest: true }
  }
  const seen = draft.fork()
  ranByActs(seen)
  reportedByActs(seen, delivery)
  const isSame =
    own &&
    (isCounted(own) ||
      (Math.abs(now - own.at) < windowOf(context) && !isOfNextAlerts(seen, delivery, own)) ||
      (newsAt !== undefined && !repeats && isNoLater(newsAt, own.newsAt, own.at)))
  // While the hook was closed, a copy was skipped, which may be final. Nobody works on the act by then.
  const row = own && isSame ? draft.get(key) : undefined
  if (own && row?.state === 'skipped' && row.at > own.at) {
    const judged = judge(seen, context, now)
    if (judged.judgement === 'skip' && !judged.remember) {
      return { result: { begun: 'skipped', outcome: notRun(judged) }, needsNewest: true }
    }
  }
  // The delivery continues its open act, which does the rest of the work.
  if (own && isSame && (givenAt === undefined || isWorkedOn)) {
    const isTakenUp = !isWorkedOn && isAbandoned(own, now)
    // Others have to know that the act is being worked on again: it counts as a run of the hook from now on.
    const act = isTakenUp ? { ...own, takenAt: now } : own
    if (isTakenUp) begun(draft, act)
    return { result: { begun: 'act', act, isOwn: true, isTakenUp }, needsNewest: true }
  }
  // Each act is noted, and not only the first that is held: its ten seconds begin when it is first seen.
  if (givenAt !== undefined && running && (draft.fields.acts ?? []).filter(running.noteHeld).length > 0) {
    return { result: { begun: 'later' }, needsNewest: true }
  }
  if (givenAt !== undefined && own && isSame) {
    const act = { ...own, turn: (own.turn ?? 0) + 1, takenAt: now }
    begun(draft, act)
    return { result: { begun: 'act', act, isOwn: true, givenAt } }
  }
  const inOrder = cooldownMs > 0
  const others = (draft.fields.acts ?? []).filter(act => act.key !== key)
  if (others.some(act => isCounted(act) || (inOrder && !isAbandoned(act, now)))) {
    return { result: { begun: 'later' }, needsNewest: true }
  }
  const judged = judge(seen, context, now)
  switch (judged.judgement) {
    case 'skip': {
      if (judged.remember) decided(draft, context, now, { state: 'skipped', reason: judged.reason })
      return { result: { begun: 'skipped', outcome: notRun(judged) }, needsNewest: 'mayBeNext' in judged }
    }
    case 'full': {
      const outcome = { outcome: 'unavailable', reason: 'RecordFull', message: judged.message } as const
      return { result: { begun: 'skipped', outcome } }
    }
    case 'unfinished':
      return { result: { begun: 'later', claim: openClaimOf(draft, judged.row, now) }, needsNewest: true }
    case 'undo':
      return { result: { begun: 'later' }, needsNewest: true }
    case 'new': {
      // Acts in progress may reach a limit, or come to nothing.
      if (limits && roomForRun(draft, limits, now).room === 'perhaps') {
        return { result: { begun: 'later' }, needsNewest: true }
      }
      const act = {
        key,
        ...momentOf({ at: now, newsAt, body: signed?.body, of: context.of }),
        repeats: repeats || undefined,
        report: delivery.group && reportOf(delivery.group),
        id: keyOf(JSON.stringify([hook.uid, key, repeats ? now : (newsAt ?? now)])),
        keep: limits && keepOf(limits),
      }
      begun(draft, act)
      return { result: { begun: 'act', act, isOwn: false, givenAt } }
    }
  }
}
