import type { Delivery } from '../api/delivery.ts'
import { keyOf } from '../api/hash.ts'
import type { ReasonIn } from '../api/reasons.ts'
import type { Changed } from '../api/record.ts'
import type { Claim, ClaimedRow, Former, Row } from '../api/row.ts'
import { rfc3339 } from '../environment/time.ts'
import type { MemoryDraft } from './draft.ts'
import { momentOf } from './memory.ts'
import { allSeen, changedBy, reportOf, unnamedKey, withReport } from './protocol.ts'

/** A delivery that its hook's memory has a say in. */
export interface Remembered {
  readonly delivery: Pick<Delivery, 'identity' | 'group' | 'phase'>
  /** Whether the end of an alert takes back what its firings changed. */
  readonly undo: boolean
  /** How long two deliveries of the same key are one, in milliseconds. */
  readonly dedupeWindowMs: number
  /** The least time between two executions of the hook, in milliseconds. */
  readonly cooldownMs: number
  /** What its sender has signed, where the hook counts that once within a time, however it is named. */
  readonly signed?: Signed | undefined
  /** What its key belongs to: the beginning of its body's hash. Undefined where the sender gave it no key, or no body. */
  readonly of?: string | undefined
}

/** The hash of a signed body, and for how long that counts once, in milliseconds. */
export interface Signed {
  readonly body: string
  readonly withinMs: number
}

/** What a hook's memory says of a delivery. */
export type Judgement =
  /** It is to be executed. */
  | { readonly judgement: 'new' }
  /** It is the end of alerts whose firings changed the counts of these objects. */
  | { readonly judgement: 'undo'; readonly changed: readonly Changed[] }
  /** It does not count. */
  | {
      readonly judgement: 'skip'
      readonly reason: ReasonIn<'skipped'>
      readonly message: string
      readonly remember: boolean
    }
  /** Its key was given to a delivery with another body. */
  | { readonly judgement: 'skip'; readonly reason: 'KeyReused'; readonly message: string; readonly remember: false }
  /** It has a name, and there is no room to remember it: to forget another name within its window could double a step. */
  | { readonly judgement: 'full'; readonly message: string }
  /**
   * A claimed write blocks the delivery, and nobody knows whether it was stored. The caller finishes that write and judges
   * again. If the claim is the delivery's own, the caller answers with its outcome.
   */
  | { readonly judgement: 'unfinished'; readonly row: ClaimedRow; readonly isOwn: boolean }

/** Whether a delivery has to go through its hook's record at all. */
export const isRemembered = ({ cooldownMs, delivery, undo }: Remembered): boolean =>
  delivery.identity !== undefined || cooldownMs > 0 || (undo && delivery.group !== undefined)

/**
 * Judges a delivery at `now`, in milliseconds since the epoch. Clocks of replicas differ, so that a time in the future
 * counts like one as far in the past.
 */
export const judge = (draft: MemoryDraft, remembered: Remembered, now: number): Judgement => {
  const judged = judgeByRows(draft, remembered, now)
  const isToBeStored = judged.judgement === 'skip' ? judged.remember : judged.judgement !== 'unfinished'
  return isToBeStored ? (full(draft, remembered, now) ?? judged) : judged
}

/** Says why a delivery's name cannot be remembered, if it cannot. */
export const full = (
  draft: MemoryDraft,
  { delivery, dedupeWindowMs, signed }: Remembered,
  now: number,
): (Judgement & { judgement: 'full' }) | undefined => {
  const windowMs = Math.max(dedupeWindowMs, signed?.withinMs ?? 0)
  if (!delivery.identity || draft.hasRoom(now, windowMs)) return undefined
  const window = windowMs > dedupeWindowMs ? 'replayWindow' : 'dedupeWindow'
  const message = `the hook's record is full: it remembers ${draft.size} deliveries, and those of the last ${windowMs / 1000} s (${window}) are not forgotten`
  return { judgement: 'full', message }
}

const judgeByRows = (
  draft: MemoryDraft,
  remembered: Remembered,
  now: number,
): Exclude<Judgement, { judgement: 'full' }> => {
  const { cooldownMs, delivery, signed } = remembered
  const { group, identity } = delivery
  // Once, not for each row: a hash costs more than all the rest.
  const own = identity && keyOf(identity.key)
  const row = own === undefined ? undefined : draft.get(own)
  if (row) {
    const isOld = isStale(identity?.newsAt, row.newsAt) && !endsAgain(draft, delivery)
    const isSame = Math.abs(now - row.at) < windowOf(remembered) || isOld
    const isOther = isOfOther(remembered, row)
    if (row.state === 'claimed') return { judgement: 'unfinished', row, isOwn: isSame && !isOther }
    if (isSame) return isOther ? reused(row) : again(row, 'delivery')
  }
  const counted = signed && draft.find(({ at, body }) => body === signed.body && Math.abs(now - at) < signed.withinMs)
  if (counted?.state === 'claimed') return { judgement: 'unfinished', row: counted, isOwn: false }
  // No name of it is remembered: a sender that repeats it under new names could fill the record.
  if (counted) return again(counted, 'signed body')
  if (group?.mixed && allSeen(draft, group)) {
    const message = 'some alerts ended and no new one fires'
    return { judgement: 'skip', reason: 'PartlyResolved', message, remember: true }
  }
  // A claim of the same group waits for its outcome. Its report of firing alerts must not be recorded after this end.
  if (group && (group.mixed || delivery.phase === 'resolved')) {
    const reported = keyOf(group.key)
    const reporting = draft.claims().find(({ report }) => report?.group === reported)
    if (reporting) return { judgement: 'unfinished', row: reporting, isOwn: false }
  }
  // Runs of a hook with a cooldown, undos too, finish one after another: an open one comes first.
  const running = cooldownMs > 0 && draft.claims().find(({ from, to }) => from !== to)
  if (running) return { judgement: 'unfinished', row: running, isOwn: false }
  if (isUndo(remembered)) return judgeUndo(draft, group?.key)
  if (cooldownMs > 0) {
    const sinceMs = Math.abs(now - (draft.fields.ranAt ?? -Infinity))
    if (sinceMs < cooldownMs) {
      const message = `the hook ran ${Math.round(sinceMs / 1000)} s ago and cools down for ${cooldownMs / 1000} s`
      return { judgement: 'skip', reason: 'CoolingDown', message, remember: true }
    }
  }
  return { judgement: 'new' }
}

/** How long two deliveries of this one's key are one, in milliseconds. */
export const windowOf = ({ dedupeWindowMs, delivery }: Remembered): number =>
  delivery.identity?.withinMs ?? dedupeWindowMs

/** Whether a delivery takes back what others changed, instead of running the hook. */
export const isUndo = ({ delivery, undo }: Remembered): boolean => undo && delivery.phase === 'resolved'

const judgeUndo = (draft: MemoryDraft, group: string | undefined): Exclude<Judgement, { judgement: 'full' }> => {
  if (group === undefined) return nothingToUndo
  const key = keyOf(group)
  const running = draft.claims().find(row => row.group === key)
  if (running) return { judgement: 'unfinished', row: running, isOwn: false }
  const changed = changedBy(draft, key)
  return changed.length > 0 ? { judgement: 'undo', changed } : nothingToUndo
}

/** Nothing that can be taken back was changed by these alerts. */
export const nothingToUndo: Judgement & { judgement: 'skip' } = {
  judgement: 'skip',
  reason: 'NothingToUndo',
  message: 'the firings of this alert changed nothing here that could be taken back',
  remember: true,
}

/**
 * Whether a delivery ends alerts that have been reported as firing since their last end. Where one of two Prometheus
 * saw an alert end and the other did not, both ends are of the same beginning.
 */
const endsAgain = ({ fields: { groups } }: MemoryDraft, { group, phase }: Remembered['delivery']): boolean =>
  phase === 'resolved' && group !== undefined && groups[keyOf(group.key)] !== undefined

const isStale = (newsAt: number | undefined, known: number | undefined): boolean =>
  newsAt !== undefined && known !== undefined && newsAt <= known

/** Whether a row is of a delivery with another body. A post without a body asks what the first came to, and is of none. */
export const isOfOther = ({ of }: Pick<Remembered, 'of'>, row: { readonly of?: string | undefined }): boolean =>
  of !== undefined && row.of !== undefined && of !== row.of

/** The key of a delivery was given to another one before, which this row is of. */
const reused = (row: Exclude<Row, ClaimedRow>): Judgement & { judgement: 'skip' } => ({
  judgement: 'skip',
  reason: 'KeyReused',
  message: decidedAs(row, `a delivery with this idempotency key and another body was decided at ${rfc3339(row.at)}`),
  remember: false,
})

/** The same was decided before, as this row says. */
const again = (row: Exclude<Row, ClaimedRow>, same: 'delivery' | 'signed body'): Judgement & { judgement: 'skip' } => ({
  judgement: 'skip',
  reason: row.state === 'untold' ? 'OutcomeUnknown' : 'Duplicate',
  message: decidedAs(row, `the same ${same} was decided at ${rfc3339(row.at)}`),
  remember: false,
})

/** Says how a delivery was decided, for people. */
export const decidedAs = (row: Exclude<Row, ClaimedRow>, when: string): string => {
  switch (row.state) {
    case 'done':
      return `${when}: the count went from ${row.from} to ${row.to}`
    case 'acted':
      return `${when}: ${row.summary}`
    case 'skipped':
      return `${when}: it was skipped (${row.reason})`
    case 'untold':
      return `${when}: it was skipped (OutcomeUnknown)`
  }
}

/** What a delivery's row says in addition to its key and its time. */
export type Decision =
  | {
      readonly state: 'claimed'
      readonly from: number
      readonly to: number
      readonly claim: Claim
      readonly undoes?: number
    }
  | { readonly state: 'skipped'; readonly reason: ReasonIn<'skipped'> }

/** Remembers how a delivery was decided at `at`. */
export const decided = (
  draft: MemoryDraft,
  { delivery, of, signed, undo }: Remembered,
  at: number,
  decision: Decision,
): void => {
  const { group, identity } = delivery
  const moment = momentOf({ at, newsAt: identity?.newsAt, body: signed?.body, of })
  if (decision.state === 'skipped') {
    if (identity) draft.add({ key: keyOf(identity.key), ...moment, ...decision })
    if (group) withReport(draft, reportOf(group), at)
    return
  }
  const key = identity ? keyOf(identity.key) : unnamedKey(draft, decision.claim.mark)
  const former = formerOf(draft.get(key))
  draft.add({
    key,
    ...moment,
    ...(undo && group && { group: keyOf(group.key) }),
    ...(group && { report: reportOf(group) }),
    ...(former && { former }),
    ...decision,
  })
}

/** Keeps what a row says that a claim takes the place of. */
const formerOf = (row: Row | undefined): Former | undefined => {
  if (!row || row.state === 'claimed') return undefined
  const { key: _, ...former } = row
  if (former.state !== 'untold') return former
  const { mark: __, ...untold } = former
  return untold
}
