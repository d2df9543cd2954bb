import type { ClaimedRow, Row } from '../api/row.ts'
import type { Memory } from './memory.ts'
import { endOf } from './parts.ts'

/** After this time in milliseconds, the process that claimed a step may be dead. */
export const claimDueMs = 10_000

/** Returns whether a row is a claim of a step that leases. */
export const isLeaseClaim = (row: Row): row is ClaimedRow => row.state === 'claimed' && row.leases !== undefined

/**
 * Returns when something of a memory has to end, or a claim of a lease has to be looked at.
 * Undefined if nothing does. In milliseconds since the epoch.
 */
export const dueOf = ({ parts = [], rows }: Pick<Memory, 'parts' | 'rows'>, endBefore?: number): number | undefined => {
  let due = Infinity
  for (const part of parts) due = Math.min(due, endOf(part, endBefore))
  for (const row of rows) if (isLeaseClaim(row)) due = Math.min(due, row.at + claimDueMs)
  return due === Infinity ? undefined : due
}
