import type { Delivery } from '../api/delivery.ts'
import { keyOf, type Claim, type Memory, type Row } from '../api/record.ts'
import type { ReasonIn } from '../api/reasons.ts'
import { rfc3339 } from '../environment/time.ts'
import { allSeen, reportOf, rowsOf, withReport, withRow, type Update } from './remember.ts'

/** A delivery that its hook's memory has a say in. */
export interface Remembered {
  readonly delivery: Pick<Delivery, 'identity' | 'group' | 'phase'>
  /** Whether the end of an alert takes back what its firings changed. */
  readonly undo: boolean
  /** How long two deliveries of the same key are one, in milliseconds. */
  readonly dedupeWindowMs: number
  /** The least time between two executions of the hook, in milliseconds. */
  readonly cooldownMs: number
}

/** What a hook's memory says of a delivery. */
export type Judgement =
  /** It is to be executed. */
  | { readonly judgement: 'new' }
  /** It is the end of alerts whose firings changed the count of the target of this uid by `delta`. */
  | { readonly judgement: 'undo'; readonly uid: string; readonly delta: number }
  /** It does not count. */
  | {
      readonly judgement: 'skip'
      readonly reason: ReasonIn<'skipped'>
      readonly message: string
      readonly remember: boolean
    }
  /**
   * A write stands in the way of which it is not known whether it was stored: finish that, and ask again, unless
   * it is the delivery's own.
   */
  | { readonly judgement: 'unfinished'; readonly row: Row; readonly isOwn: boolean }

/** Whether a delivery has to go through its hook's record at all. */
export const isRemembered = ({ cooldownMs, delivery, undo }: Remembered): boolean =>
  delivery.identity !== undefined || cooldownMs > 0 || (undo && delivery.group !== undefined)

/**
 * Judges a delivery at `now`, in milliseconds since the epoch. Clocks of replicas differ, so that a time in the future
 * counts like one as far in the past.
 */
export const judge = (memory: Memory, remembered: Remembered, now: number): Judgement => {
  const { cooldownMs, dedupeWindowMs, delivery } = remembered
  const { group, identity } = delivery
  // Once, not for each row: a hash costs more than all the rest.
  const own = identity && keyOf(identity.key)
  const row = memory.rows.find(({ key }) => key === own)
  if (row) {
    const isOld = isNoNews(identity?.newsAt, row.newsAt) && !endsAgain(memory, delivery)
    const isSame = Math.abs(now - row.at) < dedupeWindowMs || isOld
    if (row.claim) return { judgement: 'unfinished', row, isOwn: isSame }
    const reason = row.skipped === 'OutcomeUnknown' ? row.skipped : 'Duplicate'
    if (isSame) return { judgement: 'skip', reason, message: sameAs(row), remember: false }
  }
  if (group?.mixed && allSeen(memory, group)) {
    const message = 'some alerts ended and no new one fires'
    return { judgement: 'skip', reason: 'PartlyResolved', message, remember: true }
  }
  // What is said to fire, once that is known to be done, must not come after what says that it ended.
  if (group && (group.mixed || delivery.phase === 'resolved')) {
    const reported = keyOf(group.key)
    const telling = memory.rows.find(({ report }) => report?.group === reported)
    if (telling) return { judgement: 'unfinished', row: telling, isOwn: false }
  }
  // The runs of a hook that cools down are told of in their order, those that take back among them.
  const running = cooldownMs > 0 && memory.rows.find(({ claim, from, to }) => claim !== undefined && from !== to)
  if (running) return { judgement: 'unfinished', row: running, isOwn: false }
  if (isUndo(remembered)) return judgeUndo(memory, group?.key)
  if (cooldownMs > 0) {
    const sinceMs = Math.abs(now - (memory.ranAt ?? -Infinity))
    if (sinceMs < cooldownMs) {
      const message = `the hook ran ${Math.round(sinceMs / 1000)} s ago and cools down for ${cooldownMs / 1000} s`
      return { judgement: 'skip', reason: 'CoolingDown', message, remember: true }
    }
  }
  return { judgement: 'new' }
}

/** Whether a delivery takes back what others changed, instead of running the hook. */
export const isUndo = ({ delivery, undo }: Remembered): boolean => undo && delivery.phase === 'resolved'

const judgeUndo = (memory: Memory, group: string | undefined): Judgement => {
  if (group === undefined) return nothingToUndo
  const key = keyOf(group)
  const running = memory.rows.find(row => row.claim !== undefined && row.group === key)
  if (running) return { judgement: 'unfinished', row: running, isOwn: false }
  const entry = memory.undo[key]
  return entry ? { judgement: 'undo', uid: entry.uid, delta: entry.delta } : nothingToUndo
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
 * saw an alert end and the other did not, both ends tell of the same beginning.
 */
const endsAgain = ({ groups }: Memory, { group, phase }: Remembered['delivery']): boolean =>
  phase === 'resolved' && group !== undefined && groups[keyOf(group.key)] !== undefined

const isNoNews = (newsAt: number | undefined, known: number | undefined): boolean =>
  newsAt !== undefined && known !== undefined && newsAt <= known

const sameAs = ({ at, from, skipped, to }: Row): string => {
  const became = skipped === undefined ? `the count went from ${from} to ${to}` : `it was skipped (${skipped})`
  return `the same delivery was decided at ${rfc3339(at)}: ${became}`
}

/** What is to be remembered of a delivery that is decided at `at`. */
export const decided =
  ({ delivery, undo }: Remembered, at: number, row: Omit<Row, 'key' | 'at' | 'newsAt' | 'group'>): Update =>
  memory => {
    const { group, identity } = delivery
    const newsAt = identity?.newsAt
    const key = identity ? keyOf(identity.key) : nextKey(memory, row.claim)
    const former = row.claim && formerOf(memory.rows.find(other => other.key === key))
    const next =
      key === undefined
        ? memory
        : withRow({
            key,
            at,
            ...(newsAt === undefined ? {} : { newsAt }),
            ...(undo && group && row.claim ? { group: keyOf(group.key) } : {}),
            ...(group && row.claim ? { report: reportOf(group) } : {}),
            ...(former && { former }),
            ...row,
          })(memory)
    return group && !row.claim ? withReport(reportOf(group), at)(next) : next
  }

/** What is kept of a row that a claim takes the place of. */
const formerOf = (row: Row | undefined): Row['former'] => {
  if (!row || row.claim) return undefined
  const { at, from, newsAt, skipped, to } = row
  return {
    at,
    ...(newsAt === undefined ? {} : { newsAt }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(skipped === undefined ? {} : { skipped }),
  }
}

/** A key for a row without a name: its write's mark, and which of that write's rows it is. */
const nextKey = (memory: Memory, claim: Claim | undefined): string | undefined =>
  claim && `${claim.mark}/${rowsOf(memory, claim.mark).length}`
