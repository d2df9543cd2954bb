import type { Version } from './target/target.ts'
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

/** How many versions in a row that a watch has confirmed are refused, before the watch is not believed any more. */
const maxRefused = 5

/**
 * The version of a target that the next write can be computed from: as the last read or write left it, or as a watch has
 * reported it since.
 */
export class CachedVersion {
  readonly #clock: Clock
  /** The newest that was learnt. */
  #newest: Version | undefined
  /** Whether it may be the target's newest. Once it is known not to be, nothing but a read or a write shows which is. */
  #isUsable = false
  #learntAt = -Infinity
  /** Somebody else moves the version between our writes, so that reading first is cheaper than a conflict. */
  #readFirst = false
  /** When that was noticed, the last times, in monotonic milliseconds. */
  #surprises: readonly number[] = []
  #isWatched = false
  /** The newest version that the watch has reported. */
  #reported: Version | undefined
  /** Whether the watch had confirmed the version that was taken last, and how many such in a row were refused. */
  #isConfirmed = false
  #refused = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * Takes the version for a write; undefined if the target has to be read first. `isClaimed`: the write has to be claimed before it
   * is sent.
   */
  take(isClaimed: boolean): Version | undefined {
    const ageMs = this.#clock.monotonic() - this.#learntAt
    if (ageMs > goodForMs) this.#isUsable = false
    const newest = this.#newest
    if (!this.#isUsable || !newest) return undefined
    const reported = this.#isWatched && !this.isWatchStale ? this.#reported : undefined
    this.#isConfirmed = reported !== undefined && !isOlder(reported, newest)
    return !this.#isConfirmed && (this.#readFirst || (isClaimed && ageMs > goodForClaimsMs)) ? undefined : newest
  }

  /** The target was read just now. Returns the newest version that is known: a watch may have reported a newer one meanwhile. */
  read(found: Version): Version {
    const isChanged = found.resourceVersion !== this.#newest?.resourceVersion
    this.#readFirst &&= isChanged || !this.#isUsable
    if (isChanged && this.#isUsable) this.#surprised()
    this.#isConfirmed = false
    if (this.#isOvertaken(found)) return this.#newest ?? found
    this.#learn(found)
    return found
  }

  /** A write of ours was stored; undefined where it is not known which version that made. */
  written(version: Version | undefined): void {
    if (this.#isConfirmed) this.#refused = 0
    if (version === undefined) this.#isUsable = false
    else if (!this.#isOvertaken(version)) this.#learn(version)
  }

  /** A write was refused because the target has changed since. `afterRead`: although it had just been read. */
  stale(afterRead: boolean): void {
    this.#readFirst ||= !afterRead
    if (this.#isConfirmed) this.#refused += 1
    this.#isUsable = false
    this.#surprised()
  }

  /** The target has to be read before the next write. */
  forget(): void {
    this.#isUsable = false
  }

  /** Whether others write the target again and again between our writes. */
  get isContended(): boolean {
    const first = this.#surprises[contendedBy - 1] ?? -Infinity
    return this.#clock.monotonic() - first < contendedWithinMs
  }

  /** A watch begins to report the versions, or has ended. */
  watched(is: boolean): void {
    this.#isWatched = is
    this.#reported = undefined
    this.#refused = 0
    // What was so before a watch says nothing of what follows it.
    this.#surprises = []
  }

  /** A watch has reported a version; undefined where something in it keeps it from being used. */
  reported(version: Version | undefined): void {
    this.#reported = version
    if (version === undefined) this.#isUsable = false
    else if (this.#isUsable && this.#newest && !isOlder(version, this.#newest)) this.#learn(version)
  }

  /** Whether the watch is so late that it does more harm than good. */
  get isWatchStale(): boolean {
    return this.#refused >= maxRefused
  }

  #learn(version: Version): void {
    this.#newest = version
    this.#isUsable = true
    this.#learntAt = this.#clock.monotonic()
  }

  #surprised(): void {
    this.#surprises = [this.#clock.monotonic(), ...this.#surprises].slice(0, contendedBy)
  }

  /** Whether a watch has reported a later version while the answer that shows this one was on its way. */
  #isOvertaken(version: Version): boolean {
    return this.#isWatched && this.#isUsable && this.#newest !== undefined && isOlder(version, this.#newest)
  }
}

/** Versions of one kind of objects are numbers that rise. */
const isOlder = (a: Version, b: Version): boolean => BigInt(a.resourceVersion) < BigInt(b.resourceVersion)
