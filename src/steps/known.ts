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

/** The version of a target that the next write can be computed from, as the last read or write left it. */
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
}

export const knownVersion = (clock: Clock): KnownVersion => {
  let version: Version | undefined
  let learntAt = -Infinity
  /** Someone else moves the version between our writes, so that reading first is cheaper than a conflict. */
  let readFirst = false

  const learn = (now: Version | undefined): void => {
    version = now
    learntAt = clock.monotonic()
  }
  return {
    usable: isClaimed => {
      const ageMs = clock.monotonic() - learntAt
      if (ageMs > goodForMs) version = undefined
      return readFirst || (isClaimed && ageMs > goodForClaimsMs) ? undefined : version
    },
    read: found => {
      readFirst &&= found.resourceVersion !== version?.resourceVersion
      learn(found)
    },
    written: learn,
    stale: afterRead => {
      readFirst ||= !afterRead
      version = undefined
    },
    forget: () => {
      version = undefined
    },
  }
}
