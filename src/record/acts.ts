import { believedTimes } from '../api/believed.ts'
import type { Delivery } from '../api/delivery.ts'
import { keyOf } from '../api/hash.ts'
import type { OpenAct } from '../api/record.ts'
import type { ChangeEvidence } from '../api/settlement.ts'
import type { DeliveryContext } from './context.ts'
import type { MemoryDraft } from './draft.ts'
import { withReportOfAct } from './groups.ts'
import { latest, momentOf } from './memory.ts'
import { abandonedMs, lastBegunAt } from './due.ts'
import { addRun, removeRun, runKey } from './runs.ts'

/**
 * How long an unfinished act is remembered, in milliseconds, and how many unfinished acts of one
 * hook are.
 */
const actKeptMs = 24 * 3_600_000
const maxActs = 256

/**
 * How long the work of an act may take, in milliseconds. It continues after the answer, because
 * some senders never send a delivery again.
 */
export const maxWorkMs = 60_000

/**
 * Returns whether a process may still work on an act, also by a clock that differs. Until the act counts as abandoned,
 * another process can begin to work on it without a note in the record. The last request may take some seconds more.
 */
export const mayBeAtWork = (act: Pick<OpenAct, 'at' | 'takenAt'>, now: number): boolean =>
  Math.abs(now - lastBegunAt(act)) < maxWorkMs + abandonedMs + 10_000

/**
 * Returns the key of an act of a delivery without an idempotency key. Its slash says that no copy can
 * refer to the row, so that such rows displace none with a key.
 */
export const unnamedActKey = (unique: string): string => `act/${unique}`

/** Returns the unfinished act of a delivery, or undefined. */
export const openAct = ({ fields: { acts = [] } }: MemoryDraft, key: string): OpenAct | undefined =>
  acts.find(act => act.key === key)

/** Returns whether a post only asks about the delivery of an act: it has none of the body that the work needs. */
export const asksAbout = (
  { isAskable, of }: Pick<DeliveryContext, 'isAskable' | 'of'>,
  act: Pick<OpenAct, 'of'>,
): boolean => isAskable && of === undefined && act.of !== undefined

/** Why a key is refused whose delivery had another body, and whose act is not finished. */
export const reusedOfAct = {
  reason: 'KeyReused',
  message: 'a delivery with this idempotency key and another body is not finished yet',
} as const

/** The outcome of a post without a body that asks about an unfinished delivery. */
export const askedEarly = {
  outcome: 'unavailable',
  reason: 'Unfinished',
  message: 'the delivery is not finished, and only the same post with its body can finish it',
} as const

/**
 * Stores that an act begins. It replaces an earlier act with the same key. Acts that are too old or
 * too many are dropped.
 */
export const begun = (draft: MemoryDraft, act: OpenAct): void => {
  const { acts = [] } = draft.fields
  const beganAt = lastBegunAt(act)
  const others = acts.filter(other => other.key !== act.key && Math.abs(beganAt - lastBegunAt(other)) < actKeptMs)
  draft.set({ acts: [...others.slice(Math.max(0, others.length + 1 - maxActs)), act] })
  if (act.keep === undefined) return
  removeRun(draft, act.id)
  addRunOf(draft, { id: act.id, at: lastBegunAt(act) }, act.keep)
}

const addRunOf = (draft: MemoryDraft, { at, id }: Pick<OpenAct, 'at' | 'id'>, keepMs: number): void =>
  addRun(draft, { at, of: runKey(id) }, keepMs)

export interface ActDone {
  /** What was done, in words. */
  readonly summary: string
  /** Whether the act changed an object. */
  readonly ran: boolean
  /**
   * When a process took the act up that another one, or an earlier attempt, had left. The hook ran then, and
   * not when the act began. Undefined for an act that was done at once.
   */
  readonly resumedAt?: number | undefined
  /** Why the act changed nothing. Undefined if it changed something. */
  readonly reason?: string | undefined
  /**
   * What the act left on its objects. Undefined if it left nothing, or if the sender cannot ask for
   * the outcome.
   */
  readonly evidence?: ChangeEvidence | undefined
}

/**
 * Stores that an act is done at `now`, in milliseconds since the epoch. If a later act with the same key is open, no row is added, and that
 * act stays open. The row of a later delivery stays, too: this report may be late.
 */
export const acted = (
  draft: MemoryDraft,
  act: OpenAct,
  { evidence, ran, reason, resumedAt = -Infinity, summary }: ActDone,
  now: number,
): void => {
  const { acts = [], ranAt = -Infinity } = draft.fields
  const wasOpen = acts.some(({ id }) => id === act.id)
  const made = { id: act.id, at: Math.max(act.at, resumedAt) }
  withoutAct(draft, act)
  // The act may have been removed before, by a process whose work had failed.
  if (ran && act.keep !== undefined) addRunOf(draft, made, act.keep)
  withReportOfAct(draft, act, reason)
  const row = draft.get(act.key)
  const isLater = row !== undefined && (row.state === 'claimed' || (!wasOpen && row.at > act.at))
  if (!isLater && !openAct(draft, act.key)) {
    draft.add({
      state: 'acted',
      key: act.key,
      // Who asks about it waits from when it was really done.
      ...momentOf({ ...act, at: made.at, newsAt: latest(act.newsAt, row && believedTimes(row, row.at).newsAt) }),
      summary,
      reason,
      ...evidence,
    })
  }
  // A run in the future is from a fast clock. It was made by now.
  if (ran) draft.set({ ranAt: Math.max(made.at, Math.min(ranAt, now)) })
}

/** Removes an unfinished act, with its run: it is done now, or it did nothing and can begin again. */
export const withoutAct = (draft: MemoryDraft, { id }: Pick<OpenAct, 'id'>): void => {
  const { acts = [] } = draft.fields
  if (!acts.some(act => act.id === id)) return
  draft.set({ acts: acts.filter(act => act.id !== id) })
  removeRun(draft, id)
}

/** Counts each unfinished act as a run of the hook, because it may have changed something. */
export const ranByActs = (draft: MemoryDraft): void => {
  const { acts = [], ranAt = -Infinity } = draft.fields
  if (acts.length > 0) draft.set({ ranAt: Math.max(ranAt, ...acts.map(lastBegunAt)) })
}

/**
 * Adds what open acts report of the group of a delivery, for a decision about this delivery. Ends count as soon as
 * they are reported. That alerts fire counts for their end alone: for another report of them, the act may still fail.
 */
export const reportedByActs = (draft: MemoryDraft, { group, phase }: Pick<Delivery, 'group' | 'phase'>): void => {
  const reported = group && keyOf(group.key)
  for (const act of draft.fields.acts ?? []) {
    const { report } = act
    if (!report || report.group !== reported) continue
    if (phase === 'resolved' || report.firing.length === 0) withReportOfAct(draft, act)
  }
}
