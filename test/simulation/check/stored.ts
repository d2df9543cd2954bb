import type { Violation } from '../happened.ts'
import type { Fold, TargetVersion, Timeline } from './timeline.ts'
import { isMark } from '../../support/marks.ts'

/** A marked write that the API server has stored. */
export interface Write {
  readonly fold: Fold
  readonly stored: TargetVersion
  readonly before: TargetVersion
}

/** What makes the writes from a version impossible leaves its count. */
const isFence = (owner: string): boolean => owner.startsWith('receiver-hooks.fence.')

/** The marked writes in the sequence of all versions, each the first after the version that it was computed from. */
export const storedWrites = (
  timeline: Timeline,
): { readonly writes: readonly Write[]; readonly violations: readonly Violation[] } => {
  const violations: Violation[] = []
  const writes: Write[] = []
  const seen = new Set<string>()
  for (const [target, versions] of timeline.targets) {
    for (const [index, stored] of versions.entries()) {
      const before = versions[index - 1]
      const broken = (why: string): void =>
        void violations.push({ promise: '1', why: `${target} version ${stored.version}: ${why}` })
      if (stored.deleted) continue
      const marks = stored.owners.filter(owner => isMark(owner) && !before?.owners.includes(owner))
      for (const mark of marks) {
        const folds = timeline.folds.get(mark) ?? []
        const fold = folds.findLast(({ to, version }) => to === stored.count && version === String(before?.version))
        if (seen.has(mark)) broken(`${mark} was written twice`)
        else if (!fold || !before || before.deleted) broken(`nobody has folded ${mark} like that`)
        else if (before.count === stored.count) broken(`${mark} wrote the count that was there`)
        else writes.push({ fold, stored, before })
        seen.add(mark)
      }
      const fences = stored.owners.filter(owner => isFence(owner) && !before?.owners.includes(owner))
      if (fences.length > 0 && stored.count !== before?.count) broken('a fence changed the count')
      const isOurs = stored.owners.includes('receiver-hooks') && before?.owners.includes('receiver-hooks') !== true
      if (isOurs) broken('the product wrote it without a mark')
    }
  }
  writes.sort((a, b) => a.stored.place - b.stored.place)
  return { writes, violations }
}
