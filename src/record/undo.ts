import { compareVersions, parseMark } from '../api/mark.ts'
import type { Changed } from '../api/record.ts'
import type { ClaimedRow } from '../api/row.ts'
import type { MemoryDraft } from './draft.ts'

/**
 * What the firings of alerts have changed, so that an undo can take it back. Each alert group has a
 * sum for each object, and each sum is of the time since somebody else has last set the count.
 */

/** How many groups can be undone, and for how long in milliseconds. Alerts can fire for weeks. */
const maxUndoGroups = 256
const undoKeptMs = 30 * 24 * 3_600_000

/** The maximum number of objects in the undo of one group, and in that of all groups. */
const maxObjects = 16
const maxSums = 512

/** Returns the changes of an alert group that are not undone, one sum for each object. */
export const changedBy = ({ fields: { undo } }: Pick<MemoryDraft, 'fields'>, group: string): readonly Changed[] => {
  const { [group]: entry } = undo
  if (!entry) return []
  const { others = [], ...first } = entry
  return [first, ...others]
}

/**
 * Adds a row's step to its alert group's sum for the object. An undo subtracts what it took back.
 */
export const addToUndo = (draft: MemoryDraft, row: ClaimedRow): void => {
  const { claim, group } = row
  if (group === undefined) return
  const before = changedBy(draft, group)
  const others = before.filter(({ uid }) => uid !== claim.uid)
  const known = before.find(({ uid }) => uid === claim.uid)
  setChanged(draft, group, [...others, withStep(known, row)], row.at)
}

/**
 * Returns the sum for an object with one more step. Nobody takes back what was changed before somebody
 * else has set the count. So a step of a later time begins a new sum, and a step of an earlier time
 * adds nothing. The order in which steps become known makes no difference.
 * An earlier version has stored sums without a time. The first step with a time sets it.
 */
const withStep = (known: Changed | undefined, { at, claim: { mark, uid }, from, to, undoes }: ClaimedRow): Changed => {
  const delta = undoes === undefined ? to - from : -undoes
  const since = parseMark(mark)?.lastWord?.since
  const kept = known?.since ?? since
  const order = since === undefined || kept === undefined ? 0 : compareVersions(since, kept)
  if (known && order < 0) return known
  const isNew = !known || order > 0
  return {
    at: Math.max(at, known?.at ?? at),
    uid,
    delta: isNew ? delta : known.delta + delta,
    ...withSince(isNew ? since : kept),
  }
}

const withSince = (since: string | undefined) => (since === undefined ? {} : { since })

/** Removes an alert group's sum for an object: somebody else has set the count since. */
export const closeChanged = (draft: MemoryDraft, group: string, { at, uid }: Changed): void => {
  const others = changedBy(draft, group).filter(other => other.uid !== uid)
  setChanged(draft, group, others, at)
}

/** Stores the sums of an alert group, and drops the sums that are too old at `at`, or too many. */
const setChanged = (draft: MemoryDraft, group: string, sums: readonly Changed[], at: number): void => {
  const { [group]: _, ...others } = draft.fields.undo
  const isKept = (then: number): boolean => at - then < undoKeptMs
  const [first, ...rest] = sums
    .filter(sum => sum.delta !== 0 && isKept(sum.at))
    .sort(newestFirst)
    .slice(0, maxObjects)
  let room = maxSums - rest.length - 1
  const groups = Object.entries(others)
    .filter(([, entry]) => isKept(entry.at))
    .sort(([, a], [, b]) => newestFirst(a, b))
    .slice(0, maxUndoGroups - 1)
    .filter(([other]) => (room -= changedBy(draft, other).length) >= 0)
  const entry = first && { [group]: { ...first, ...(rest.length > 0 && { others: rest }) } }
  draft.set({ undo: { ...Object.fromEntries(groups), ...entry } })
}

const newestFirst = (a: { readonly at: number }, b: { readonly at: number }): number => b.at - a.at
