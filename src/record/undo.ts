import type { Changed } from '../api/record.ts'
import type { ClaimedRow } from '../api/row.ts'
import type { Memory } from './memory.ts'
import type { Update } from './rows.ts'

/** How many groups may have something to take back, and for how long: alerts can fire for weeks. */
const mostGroups = 256
const keptMs = 30 * 24 * 3_600_000

/** Of how many objects a group may have something to take back, and how many sums there are of all groups. */
const mostObjects = 16
const mostSums = 512

/** Lists what a group of alerts has changed and nobody has taken back, one sum for each object. */
export const changedBy = ({ undo }: Memory, group: string): readonly Changed[] => {
  const { [group]: entry } = undo
  if (!entry) return []
  const { at, delta, others = [], uid } = entry
  return [{ at, uid, delta }, ...others]
}

/**
 * Adds a row's step to the sum that its alert group will take back from that object; an undo subtracts what it took back. Each
 * object has a sum of its own, so that it does not matter in which order steps become known.
 */
export const withUndo =
  ({ at, claim: { uid }, from, group, to, undoes }: ClaimedRow): Update =>
  memory => {
    if (group === undefined) return memory
    const { [group]: _, ...others } = memory.undo
    const before = changedBy(memory, group)
    const known = before.find(sum => sum.uid === uid)
    const change = undoes === undefined ? to - from : -undoes
    const sum = { at: Math.max(at, known?.at ?? at), uid, delta: (known?.delta ?? 0) + change }
    const isKept = (then: number): boolean => at - then < keptMs
    const [first, ...rest] = [...before.filter(kept => kept.uid !== uid && isKept(kept.at)), sum]
      .filter(({ delta }) => delta !== 0)
      .sort(newestFirst)
      .slice(0, mostObjects)
    let room = mostSums - rest.length - 1
    const groups = Object.entries(others)
      .filter(([, entry]) => isKept(entry.at))
      .sort(([, a], [, b]) => newestFirst(a, b))
      .slice(0, mostGroups - 1)
      .filter(([other]) => (room -= changedBy(memory, other).length) >= 0)
    const entry = first && { [group]: { ...first, ...(rest.length > 0 && { others: rest }) } }
    return { ...memory, undo: { ...Object.fromEntries(groups), ...entry } }
  }

const newestFirst = (a: { readonly at: number }, b: { readonly at: number }): number => b.at - a.at
