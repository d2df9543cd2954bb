import type { ClaimedRow, Row } from '../api/row.ts'
import { claimsIn, dropped, ofWrite, rowsOf } from './changes.ts'
import { type Update } from './rows.ts'
import type { Memory } from './memory.ts'

/** How a claimed write stands in a memory. */
export type Standing =
  /** Nobody but the process that stored the claim may have sent the write. */
  | 'unhelped'
  /** Others may have sent it as well. */
  | 'helped'
  /** It is claimed no more: it is known what became of it. */
  | 'settled'

/** Tells how the write of these claims stands. */
export const standingOf = (memory: Memory, mark: string, rows: number): Standing => {
  const claimed = rowsOf(memory, mark)
  if (claimed.length === 0) return 'settled'
  return claimed.length === rows && claimed.every(isUnhelped) ? 'unhelped' : 'helped'
}

const isUnhelped = ({ claim }: ClaimedRow): boolean => !claim.helped

/** Somebody else is going to send this write: whoever has claimed it can take it back no more. */
export const helped =
  (mark: string): Update =>
  memory => {
    if (!claimsIn(memory).some(row => row.claim.mark === mark && isUnhelped(row))) return memory
    const withHelp = (row: Row): Row => {
      if (row.state !== 'claimed' || row.claim.mark !== mark) return row
      return { ...row, claim: { ...row.claim, helped: true } }
    }
    return { ...memory, rows: memory.rows.map(withHelp) }
  }

/** A write is taken back that nobody has helped, and that the API server has refused: it is never made. */
export const takenBack = (mark: string): Update => dropped(ofWrite(mark))
