import type { LeasesInAll, RowLease } from '../../protocol.ts'

/** Returns a change of a count with its sign, such as `+2`. */
export const signed = (by: number): string => (by < 0 ? `−${-by}` : `+${by}`)

/** Returns what the list of leases does not show, as a sentence. Empty if it shows all of them. */
export const moreLeases = (shown: readonly RowLease[], all: LeasesInAll | undefined): string => {
  const hidden = (all?.open ?? 0) - shown.length
  if (all === undefined || shown.length === 0 || hidden <= 0) return ''
  return `And ${hidden} more, which ${hidden === 1 ? 'ends' : 'end'} later. All of them together change the count by ${signed(all.sum)}.`
}
