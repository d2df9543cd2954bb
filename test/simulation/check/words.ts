import { isMark } from '../../support/marks.ts'
import { parseMark } from '../../../src/api/mark.ts'
import type { Violation } from '../happened.ts'
import { currentAt, listIn, type TargetVersion, type Timeline } from './timeline.ts'

/** Who has written the count of each object, as its stored versions alone say: by uid, the places in order. */
export interface Words {
  /** Where somebody else has said what the count is. */
  readonly others: ReadonlyMap<string, readonly number[]>
  /** Where the product has written it, by mark. */
  readonly ours: ReadonlyMap<string, number>
  /** The same, by uid. */
  readonly own: ReadonlyMap<string, readonly number[]>
}

export const wordsOf = ({ targets }: Timeline): Words => {
  const others = new Map<string, number[]>()
  const own = new Map<string, number[]>()
  const ours = new Map<string, number>()
  for (const versions of targets.values()) {
    for (const [index, version] of versions.entries()) {
      if (version.deleted) continue
      const last = versions[index - 1]
      const before = last?.deleted === false && last.uid === version.uid ? last : undefined
      const mark = version.owners.find(owner => isMark(owner) && before?.owners.includes(owner) !== true)
      if (mark !== undefined && before) {
        ours.set(mark, version.place)
        listIn(own, version.uid).push(version.place)
      } else if (!before || isWord(before, version)) listIn(others, version.uid).push(version.place)
    }
  }
  return { others, ours, own }
}

/** Whether a write without a mark says what the count is. One that leaves it as it is, and no trace, says nothing. */
const isWord = (before: TargetVersion, now: TargetVersion): boolean => {
  if (now.count !== before.count) return true
  if (now.fleet && before.fleet) {
    const foreign = ({ managers }: { readonly managers: readonly string[] }): readonly string[] =>
      managers.filter(manager => manager !== 'receiver-hooks')
    return isNew(foreign(now.fleet), foreign(before.fleet)) || (before.fleet.said && !now.fleet.said)
  }
  const foreign = ({ owners }: TargetVersion): readonly string[] => owners.filter(owner => !isOurs(owner))
  return isNew(foreign(now), foreign(before)) || (before.owners.some(isMark) && !now.owners.some(isMark))
}

const isOurs = (owner: string): boolean => owner.startsWith('receiver-hooks.')

const isNew = (now: readonly string[], before: readonly string[]): boolean => now.some(owner => !before.includes(owner))

/** Each mark says what somebody else has last said, and since when the count is the product's. */
export const checkMarks = (timeline: Timeline): readonly Violation[] => {
  const words = wordsOf(timeline)
  const found: Violation[] = []
  for (const versions of timeline.targets.values()) {
    for (const [mark, place] of words.ours) {
      const index = versions.findIndex(version => version.place === place)
      const uid = versions[index]?.uid
      if (uid === undefined) continue
      const word = lastWordAt(words, uid, place)
      const first = versions.findIndex(version => version.place > word && words.own.get(uid)?.includes(version.place))
      const { count, version } = versions[first - 1] ?? { count: Number.NaN, version: Number.NaN }
      const marked = parseMark(mark)?.lastWord
      if (marked?.since === String(version) && marked.word === count) continue
      found.push({
        promise: 'word',
        why: `${mark} should say that ${count} was said, and is the product's since ${version}`,
      })
    }
  }
  return found
}

/** Where somebody else has last said what the count of an object is, up to a place. */
export const lastWordAt = ({ others }: Words, uid: string, place: number): number =>
  others.get(uid)?.findLast(word => word <= place) ?? -1

/** Whether the product has written the count since then. */
export const isOursAt = (words: Words, uid: string, place: number): boolean => {
  const own = words.own.get(uid) ?? []
  const last =
    own[
      currentAt(
        own.map(at => ({ place: at })),
        place,
      )
    ]
  return last !== undefined && last > lastWordAt(words, uid, place)
}
