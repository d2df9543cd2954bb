import type { ClaimedRow, Row } from '../api/row.ts'
import type { Memory } from './memory.ts'
import { endOf, partKeyOf } from './parts.ts'

/** After this time in milliseconds, the process that claimed a step may be dead. */
export const claimDueMs = 10_000

/** Returns whether a row is a claim of a step that leases. */
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
  for (const row of rows) if (isOwed(row)) take(row.at + claimDueMs)
  return due === Infinity ? undefined : due
}
