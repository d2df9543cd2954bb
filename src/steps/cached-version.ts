import { compareVersions } from '../api/mark.ts'
import type { Version } from './target/target.ts'
import type { Clock } from '../environment/environment.ts'

/**
 * How long a version may be used for a write, in milliseconds. It must be far shorter than the API
 * server's history, because a search for evidence needs all versions since this one.
 */
const goodForMs = 60_000

/**
 * How long a version may be used for a write that must be claimed first, in milliseconds. If
 * another replica has written the target meanwhile, the write costs four more requests. A read
 * first costs one.
 */
const goodForClaimsMs = 1000

/** If a target had `contendedBy` conflicts within `contendedWithinMs` milliseconds, more are expected. */
const contendedBy = 3
const contendedWithinMs = 10_000

/** How many conflicts in a row, on versions that the watch had confirmed, make the watch count as stale. */
const maxRefused = 5

/**
 * The version of a target on which the next write can be based: from the last read or write, or
 * from what a watch has reported since.
 */
export class CachedVersion {
  readonly #clock: Clock
  #newest: Version | undefined
  /** False once the version is known to be outdated. Then only a read or a write shows the newest version. */
  #isUsable = false
  #learntAt = -Infinity
  /** True if others write between our writes, so that reading first costs less than a conflict. */
  #readFirst = false
  /** The times of the last conflicts, in monotonic milliseconds. */
  #surprises: readonly number[] = []
  /** True while a watch reports the versions of the target. */
  isWatched = false
  /** The newest version from the watch. */
  #reported: Version | undefined
  /**
   * Whether the watch had confirmed the last used version, and how many such versions in a row had
   * a conflict.
   */
  #isConfirmed = false
  #refused = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * Returns the version for a write, or undefined if the target must be read first. `isClaimed`:
   * the write must be claimed before it is sent.
   */
  take(isClaimed: boolean): Version | undefined {
    const ageMs = this.#clock.monotonic() - this.#learntAt
    if (ageMs > goodForMs) this.#isUsable = false
    const newest = this.#newest
    if (!this.#isUsable || !newest) return undefined
    const reported = this.isWatched && !this.isWatchStale ? this.#reported : undefined
    this.#isConfirmed = reported !== undefined && !isOlder(reported, newest)
    return !this.#isConfirmed && (this.#readFirst || (isClaimed && ageMs > goodForClaimsMs)) ? undefined : newest
  }

  /**
   * Stores a version that was just read. Returns the newest known version, because a watch may have
   * reported a newer one meanwhile.
   */
  read(found: Version): Version {
    const isChanged = found.resourceVersion !== this.#newest?.resourceVersion
    this.#readFirst &&= isChanged || !this.#isUsable
    if (isChanged && this.#isUsable) this.#surprised()
    this.#isConfirmed = false
    return this.#learn(found)
  }

  /** Stores the version that a stored write has made. Undefined: that version is unknown. */
  written(version: Version | undefined): void {
    if (this.#isConfirmed) this.#refused = 0
    if (version === undefined) this.#isUsable = false
    else this.#learn(version)
  }

  /** Notes that a write had a conflict. `afterRead`: its version had just been read. */
  stale(afterRead: boolean): void {
    this.#readFirst ||= !afterRead
    if (this.#isConfirmed) this.#refused += 1
    this.#isUsable = false
    this.#surprised()
  }

  /** Requires a read before the next write. */
  forget(): void {
    this.#isUsable = false
  }

  /** Returns whether others write the target repeatedly between our writes. */
  get isContended(): boolean {
    const first = this.#surprises[contendedBy - 1] ?? -Infinity
    return this.#clock.monotonic() - first < contendedWithinMs
  }

  /** Notes that a watch begins (`is` is true) or has ended. */
  watched(is: boolean): void {
    this.isWatched = is
    this.#reported = undefined
    this.#refused = 0
    // Conflicts before the watch say nothing about the time after it.
    this.#surprises = []
  }

  /**
   * Stores a version that the watch has reported. Undefined: the target changed, and its new
   * version cannot be used.
   */
  reported(version: Version | undefined): void {
    this.#reported = version
    if (version === undefined) this.#isUsable = false
    else if (this.#isUsable && this.#newest && !isOlder(version, this.#newest)) this.#learn(version)
  }

  /** Returns whether the watch is so late that it causes conflicts. */
  get isWatchStale(): boolean {
    return this.#refused >= maxRefused
  }

  /**
   * Stores a version, unless the watch has already reported a later one, because the answer with this
   * one was slower. Returns the newest known version.
   */
  #learn(version: Version): Version {
    const newest = this.#newest
    if (this.isWatched && this.#isUsable && newest && isOlder(version, newest)) return newest
    this.#newest = version
    this.#isUsable = true
    this.#learntAt = this.#clock.monotonic()
    return version
  }

  #surprised(): void {
    this.#surprises = [this.#clock.monotonic(), ...this.#surprises].slice(0, contendedBy)
  }
}

const isOlder = (a: Version, b: Version): boolean => compareVersions(a.resourceVersion, b.resourceVersion) < 0
