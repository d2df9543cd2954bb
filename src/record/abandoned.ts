import type { OpenAct } from '../api/record.ts'
import type { Claim, ClaimedRow } from '../api/row.ts'
import type { Memory } from './memory.ts'

/** After so long, in milliseconds, no process is at work on a claim or an act any more: a delivery has four seconds. */
const abandonedMs = 10_000

/**
 * True if the process that stored a claim or began an act is at work on it no more. Clocks differ: a time ahead counts
 * like one as far in the past.
 */
export const isAbandoned = ({ at }: ClaimedRow | OpenAct, now: number): boolean => Math.abs(now - at) > abandonedMs

/** Lists the claims of a memory that their processes have left behind. */
export const abandonedIn = (memory: Memory, now: number): readonly Claim[] =>
  memory.rows.flatMap(row => (row.state === 'claimed' && isAbandoned(row, now) ? row.claim : []))
