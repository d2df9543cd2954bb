import type { OpenAct } from '../api/record.ts'
import type { ClaimedRow, Row } from '../api/row.ts'
import type { Memory } from './memory.ts'
import { endOf, partKeyOf } from './parts.ts'

/**
 * After this time in milliseconds, no process works on a claim or an act any more. A delivery has
 * four seconds.
 */
export const abandonedMs = 10_000

/**
 * Returns whether the process that stored a claim or began an act has stopped working on it. Clocks
 * differ, so a time in the future counts like a time equally far in the past.
 */
export const isAbandoned = (begun: ClaimedRow | OpenAct, now: number): boolean =>
  Math.abs(now - lastBegunAt(begun)) > abandonedMs

/** Returns when a claim or an act was begun, or when a process took up an act that was left. */
export const lastBegunAt = (
  begun: Pick<ClaimedRow | OpenAct, 'at'> & { readonly takenAt?: number | undefined },
): number => begun.takenAt ?? begun.at

export const isLeaseClaim = (row: Row): row is ClaimedRow => row.state === 'claimed' && row.leases !== undefined

/** Returns what selects the claims of steps that lease, and of those that take back what is leased. Their processes may be dead. */
export const owedIn = (parts: Memory['parts'] = []): ((row: Row) => row is ClaimedRow) => {
  const leased = new Set(parts.flatMap(({ key, until }) => (until === undefined ? [] : key)))
  const isOfLeased = (row: ClaimedRow): boolean => row.undoes !== undefined && leased.has(partKeyOf(row) ?? '')
  return (row): row is ClaimedRow => row.state === 'claimed' && (row.leases !== undefined || isOfLeased(row))
}

/**
 * Returns when something of a memory has to end after `after`, or a claim of a lease has to be looked at.
 * Undefined if nothing does. All times are in milliseconds since the epoch.
 */
export const dueOf = (
  { overdue, parts = [], rows }: Pick<Memory, 'overdue' | 'parts' | 'rows'>,
  { after = -Infinity, endBefore }: { readonly after?: number; readonly endBefore?: number | undefined } = {},
): number | undefined => {
  let due = Infinity
  const take = (time: number): void => {
    if (time > after) due = Math.min(due, time)
  }
  const isOwed = owedIn(parts)
  // A look finds out whether anything is still late.
  if (overdue) take(overdue.at)
  for (const part of parts) take(endOf(part, endBefore))
  for (const row of rows) if (isOwed(row)) take(row.at + abandonedMs)
  return due === Infinity ? undefined : due
}
