import type { Version } from './steps.ts'
import type { Clock } from '../environment/environment.ts'

/**
 * How long a version is good for a write, in milliseconds: well within the history that the API server keeps, since
 * evidence needs all that happened after it.
 */
const goodForMs = 60_000

/**
 * How long it is good for a write that has to be claimed first, in milliseconds: that one costs four requests more where
 * somebody else has written since, as another replica does all the time, and a read costs one.
 */
const goodForClaimsMs = 1000

/** So many writes of others within so many milliseconds show that more will come. */
const contendedBy = 3
const contendedWithinMs = 10_000

/** How many versions in a row that a watch vouched for are refused, before it is not believed any more. */
const mostMisled = 5

/** The version of a target that the next write can be computed from, as the last read or write left it, or a watch told. */
export interface KnownVersion {
  /** Undefined when the target has to be read first. `isClaimed`: its write has to be claimed before it is sent. */
  usable(isClaimed: boolean): Version | undefined
  /** The target was read just now. Answers the newest version that is known: a watch may have told a newer one meanwhile. */
  read(version: Version): Version
  /** A write of ours was stored; undefined where it is not known which version that made. */
  written(version: Version | undefined): void
  /** A write was refused because the target has changed since. `afterRead`: although it had just been read. */
  stale(afterRead: boolean): void
  /** The target has to be read before the next write. */
  forget(): void
  /** Whether others write the target again and again between our writes. */
  readonly isContended: boolean
  /** A watch begins to tell the versions, or has ended. */
  watched(is: boolean): void
  /** A watch has told a version; undefined where something in it keeps it from being used. */
  heard(version: Version | undefined): void
  /** Whether the watch is so late that it does more harm than good. */
  readonly isMisled: boolean
}

export const knownVersion = (clock: Clock): KnownVersion => {
  /** The newest that was learnt. */
  let newest: Version | undefined
  /** Whether it may be the target's newest. Once it is known not to be, nothing but a read or a write tells which is. */
  let isUsable = false
  let learntAt = -Infinity
  /** Someone else moves the version between our writes, so that reading first is cheaper than a conflict. */
  let readFirst = false
  /** When that was noticed, the last times, in monotonic milliseconds. */
  let surprises: readonly number[] = []
  let isWatched = false
  /** The newest version that the watch has told. */
  let heardLast: Version | undefined
  /** Whether the watch vouched for the version that was used last, and how many such in a row were refused. */
  let isVouchedFor = false
  let misled = 0

  const learn = (now: Version): void => {
    newest = now
    isUsable = true
    learntAt = clock.monotonic()
  }
  const surprised = (): void => {
    surprises = [clock.monotonic(), ...surprises].slice(0, contendedBy)
  }
  /** Whether a watch has told a later version while the answer that shows this one was under way. */
  const isOvertaken = (version: Version): boolean =>
    isWatched && isUsable && newest !== undefined && isOlder(version, newest)

  return {
    usable: isClaimed => {
      const ageMs = clock.monotonic() - learntAt
      if (ageMs > goodForMs) isUsable = false
      if (!isUsable || !newest) return undefined
      isVouchedFor = isWatched && misled < mostMisled && heardLast !== undefined && !isOlder(heardLast, newest)
      return !isVouchedFor && (readFirst || (isClaimed && ageMs > goodForClaimsMs)) ? undefined : newest
    },
    read: found => {
      const isChanged = found.resourceVersion !== newest?.resourceVersion
      readFirst &&= isChanged || !isUsable
      if (isChanged && isUsable) surprised()
      isVouchedFor = false
      if (isOvertaken(found)) return newest ?? found
      learn(found)
      return found
    },
    written: version => {
      if (isVouchedFor) misled = 0
      if (version === undefined) isUsable = false
      else if (!isOvertaken(version)) learn(version)
    },
    stale: afterRead => {
      readFirst ||= !afterRead
      if (isVouchedFor) misled += 1
      isUsable = false
      surprised()
    },
    forget: () => {
      isUsable = false
    },
    get isContended() {
      const first = surprises[contendedBy - 1] ?? -Infinity
      return clock.monotonic() - first < contendedWithinMs
    },
    watched: is => {
      isWatched = is
      heardLast = undefined
      misled = 0
      // What was so before a watch says nothing of what comes after it.
      surprises = []
    },
    heard: version => {
      heardLast = version
      if (version === undefined) isUsable = false
      else if (isUsable && newest && !isOlder(version, newest)) learn(version)
    },
    get isMisled() {
      return misled >= mostMisled
    },
  }
}

/** Versions of one kind of objects are numbers that rise. */
const isOlder = (a: Version, b: Version): boolean => BigInt(a.resourceVersion) < BigInt(b.resourceVersion)
