import { keyOf } from '../api/hash.ts'
import { largestLimit } from '../api/limits-schema.ts'
import type { CountedRun } from '../api/record.ts'
import type { ClaimedRow } from '../api/row.ts'
import type { MemoryDraft } from './draft.ts'

/**
 * What a record keeps for the limits of its hook: one entry for each write and each act that ran
 * deliveries, as long as a limit counts it. This file does no I/O.
 *
 * 1. The steps of a write count once the write is stored, or its outcome is lost. So do not the steps
 *    that take something back. Until then its claims count as perhaps.
 * 2. An act counts from its beginning, and no more if it has changed nothing.
 * 3. A write or an act has one entry, whichever process reports it, and however often.
 */

/**
 * The largest number of entries. A limit counts at most {@link largestLimit} deliveries, or moves up and
 * as many down. An edit can change which of these it counts.
 */
const maxRuns = 3 * largestLimit

/** After this time in milliseconds, no limit counts a run. */
const countedMs = 24 * 3_600_000

/** Returns what identifies a write or an act among the entries. 48 bits distinguish those of a day. */
export const runKey = (markOrId: string): string => keyOf(markOrId).slice(0, 8)

/**
 * Adds a run, unless it is known. Drops those that its hook's limits count no more: older ones alone,
 * because a run may be reported long after it was made.
 */
export const addRun = (draft: MemoryDraft, run: CountedRun, keepMs: number): void => {
  const { runs = [] } = draft.fields
  if (runs.some(({ of }) => of === run.of)) return
  const counted = runs.filter(({ at }) => run.at - at < keepMs)
  draft.set({ runs: [...counted, run].slice(-maxRuns) })
}

/** Removes the run of an act, which has changed nothing. */
export const removeRun = (draft: MemoryDraft, id: string): void => {
  const { runs = [] } = draft.fields
  const of = runKey(id)
  const others = runs.filter(run => run.of !== of)
  if (others.length < runs.length) setRuns(draft, others)
}

/** Adds the steps of one write that limits count. Those of hooks without limits forget old runs. */
export const addSteps = (draft: MemoryDraft, mark: string, rows: readonly ClaimedRow[], madeAt = -Infinity): void => {
  const counted = rows.filter(isCounted)
  if (counted.length === 0) return forgetRuns(draft, rows)
  const moves = counted.map(({ from, to }) => to - from)
  const run = {
    at: Math.max(madeAt, ...counted.map(({ at }) => at)),
    of: runKey(mark),
    n: counted.length > 1 ? counted.length : undefined,
    up: sumOf(moves.filter(move => move > 0)) || undefined,
    down: -sumOf(moves.filter(move => move < 0)) || undefined,
  }
  addRun(draft, run, Math.max(...counted.map(({ keep = 0 }) => keep)))
}

const forgetRuns = (draft: MemoryDraft, [row]: readonly ClaimedRow[]): void => {
  const { runs } = draft.fields
  if (!runs || !row) return
  const counting = runs.filter(({ at }) => row.at - at < countedMs)
  setRuns(draft, counting)
}

/** Returns whether limits count the step of a row. */
export const isCounted = ({ from, keep, to }: ClaimedRow): boolean => keep !== undefined && from !== to

const setRuns = (draft: MemoryDraft, runs: readonly CountedRun[]): void =>
  runs.length > 0 ? draft.set({ runs }) : draft.clear('runs')

const sumOf = (numbers: readonly number[]): number => numbers.reduce((sum, number) => sum + number, 0)
