import type { Clock } from '../environment/environment.ts'
import type { Version } from './target/read.ts'

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

/** How soon after another a second write of somebody else shows that more will come, in milliseconds. */
const contendedWithinMs = 10_000

/** The version of a target that the next write can be computed from, as the last read or write left it, or a watch told. */
export interface KnownVersion {
  /** Undefined when the target has to be read first. `isClaimed`: its write has to be claimed before it is sent. */
  usable(isClaimed: boolean): Version | undefined
  /** The target was read just now. */
  read(version: Version): void
  /** A write of ours was stored; undefined where it is not known which version that made. */
  written(version: Version | undefined): void
  /** A write was refused because the target has changed since. `afterRead`: although it had just been read. */
  stale(afterRead: boolean): void
  forget(): void
  /** Whether others write the target again and again between our writes. */
  readonly isContended: boolean
  /** A watch begins to tell the versions, or has ended. */
  watched(is: boolean): void
  /** A watch has told a version; undefined where something in it keeps it from being used. */
  heard(version: Version | undefined): void
}

export const knownVersion = (clock: Clock): KnownVersion => {
  /** The newest that was ever learnt. What a watch tells later of an older one is no news. */
  let newest: Version | undefined
  /** Whether it may be the target's newest. */
  let isUsable = false
  let learntAt = -Infinity
  /** Someone else moves the version between our writes, so that reading first is cheaper than a conflict. */
  let readFirst = false
  /** When that was last noticed, in monotonic milliseconds. */
  let surprisedAt = -Infinity
  let isContended = false
  let isWatched = false
  /** The watch has not told yet what is known from elsewhere. */
  let isBehind = false

  const learn = (now: Version): void => {
    newest = now
    isUsable = true
    learntAt = clock.monotonic()
  }
  const surprised = (): void => {
    const now = clock.monotonic()
    isContended ||= now - surprisedAt < contendedWithinMs
    surprisedAt = now
  }
  /** Whether a watch has told more than an answer shows that was under way meanwhile. */
  const isOutrun = (version: Version): boolean =>
    isWatched && isUsable && newest !== undefined && isOlder(version, newest)

  return {
    usable: isClaimed => {
      const ageMs = clock.monotonic() - learntAt
      if (ageMs > goodForMs) isUsable = false
      const isTold = isWatched && !isBehind
      if (!isTold && (readFirst || (isClaimed && ageMs > goodForClaimsMs))) return undefined
      return isUsable ? newest : undefined
    },
    read: found => {
      const isChanged = found.resourceVersion !== newest?.resourceVersion
      readFirst &&= isChanged || !isUsable
      if (isChanged && isUsable) surprised()
      if (!isOutrun(found)) learn(found)
    },
    written: version => {
      if (version === undefined) isUsable = false
      else if (!isOutrun(version)) learn(version)
    },
    stale: afterRead => {
      readFirst ||= !afterRead
      isBehind = true
      isUsable = false
      surprised()
    },
    forget: () => {
      isUsable = false
    },
    get isContended() {
      return isContended
    },
    watched: is => {
      isWatched = is
      isBehind = true
      isContended = false
      surprisedAt = -Infinity
    },
    heard: version => {
      if (version === undefined) {
        isUsable = false
        return
      }
      if (newest && (isOlder(version, newest) || (!isUsable && isSame(version, newest)))) return
      isBehind = false
      learn(version)
    },
  }
}

const isSame = (a: Version, b: Version): boolean => a.resourceVersion === b.resourceVersion

/** Versions of one kind of objects are numbers that rise. */
const isOlder = (a: Version, b: Version): boolean => BigInt(a.resourceVersion) < BigInt(b.resourceVersion)
