import type { History, OutsideWrite, Version } from './history.ts'
import { isMark } from '../../support/marks.ts'

/** A version of a target, and whose write it is. */
export interface Checkpoint {
  readonly resourceVersion: string
  readonly count: number
  /** The process of the product that wrote it; absent where somebody else did. */
  readonly process?: string
  /** It was not stored before this moment, nor after that one. */
  readonly notBefore: number
  readonly storedBy: number
}

/** Returns the versions of each target in their order, and those that nobody can have written. */
export const checkpointsIn = (
  history: History,
): { readonly checkpoints: ReadonlyMap<string, readonly Checkpoint[]>; readonly violations: readonly string[] } => {
  const violations: string[] = []
  const processes = new Map(history.instances.map(({ instance, process }) => [instance, process]))
  const storedBy = storedByMoments(history.versions)
  const marks = new Set<string>()
  const checkpoints = new Map<string, readonly Checkpoint[]>()

  /** Returns a version as a checkpoint, or undefined if it leaves the count as it was. */
  const checkpoint = (version: Version, before: Version | undefined): Checkpoint | undefined => {
    const { count, resourceVersion, target } = version
    const seenBy = storedBy.get(resourceVersion) ?? Infinity
    const whole = { resourceVersion, count, notBefore: -Infinity, storedBy: seenBy }
    if (!before) return whole
    const what = `${target} ${before.count} to ${count} (version ${resourceVersion})`
    const isChanged = count !== before.count
    if (version.generation !== undefined && before.generation !== undefined) {
      const expected = before.generation + (isChanged ? 1 : 0)
      if (version.generation !== expected) violations.push(`${what}: versions before it were not seen`)
    }
    const mark = markOf(version, before)
    if (!isChanged) {
      if (mark !== undefined) violations.push(`${what}: the product wrote the count that was there`)
      return undefined
    }
    if (mark === undefined) {
      const write = history.outside.find(each => isMadeBy(each, version, before))
      if (!write) violations.push(`${what}: neither the product nor the outside writer wrote it`)
      const { endedAt = Infinity, made, sentAt = -Infinity } = write ?? {}
      return {
        ...whole,
        notBefore: sentAt,
        storedBy: Math.min(seenBy, made === undefined ? Infinity : endedAt),
      }
    }
    if (marks.has(mark)) violations.push(`${what}: the mark ${mark} was stored twice`)
    marks.add(mark)
    const process = processes.get(mark.split('.')[1] ?? '')
    if (process === undefined) violations.push(`${what}: no process of the product signs with ${mark}`)
    return { ...whole, process: process ?? mark }
  }

  for (const [target, unordered] of Map.groupBy(history.versions, version => version.target)) {
    const versions = unordered.toSorted(byResourceVersion)
    checkpoints.set(
      target,
      versions.flatMap((version, index) => checkpoint(version, versions[index - 1]) ?? []),
    )
  }
  const seen = new Set(history.versions.map(({ resourceVersion, target }) => `${target} ${resourceVersion}`))
  for (const { made, target, to } of history.outside) {
    if (made === undefined || seen.has(`${target} ${made}`)) continue
    violations.push(
      `${target}: the outside writer got the answer that its ${to} was stored as ${made}, and nobody saw that`,
    )
  }
  return { checkpoints, violations }
}

/** Returns the mark of the product's write, where a version is one: it was not there before. */
const markOf = ({ owners }: Version, before: Version): string | undefined =>
  owners.find(owner => isMark(owner) && !before.owners.includes(owner))

const isMadeBy = ({ base, made, target, to }: OutsideWrite, version: Version, before: Version): boolean =>
  target === version.target &&
  base === before.resourceVersion &&
  to === version.count &&
  (made === undefined || made === version.resourceVersion)

/** Compares versions by these numbers: objects of one kind are stored in their order. */
const byResourceVersion = (a: Version, b: Version): number => Number(a.resourceVersion) - Number(b.resourceVersion)

/** Returns when each version was stored at the latest: a higher version was stored after it. */
const storedByMoments = (versions: readonly Version[]): ReadonlyMap<string, number> => {
  let earliest = Infinity
  return new Map(
    versions
      .toSorted((a, b) => Number(b.resourceVersion) - Number(a.resourceVersion))
      .map(({ resourceVersion, seenAt }) => [resourceVersion, (earliest = Math.min(earliest, seenAt))]),
  )
}
