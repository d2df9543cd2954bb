import { at, stringAt, tryParseJson } from '../api/json.ts'
import { compareVersions } from '../api/mark.ts'
import type { StoredObject } from '../api/object.ts'
import type { ApiConnection, Environment } from '../environment/environment.ts'
import { Unreachable } from '../environment/unreachable.ts'
import { wait } from '../environment/wait.ts'
import { currentForMs } from './currency.ts'
import {
  againAfterMs,
  readLease,
  unknownForMs,
  versionIn,
  WatchCheck,
  type Checkable,
  type LeasePlace,
  type ReadLease,
} from './history-check.ts'
import {
  lostCacheText,
  lostHistoryIn,
  lostMessage,
  markLostHistory,
  uncheckedText,
  type Unchecked,
} from './lost-history.ts'
import type { Source } from './source.ts'

/**
 * How often the Lease is read while a caller relies on it, and otherwise, in milliseconds. Meanwhile,
 * etcd may come to the version that was read last. So a process that marks the Lease for all others
 * always reads it often.
 */
const readEveryMs = 1_000
const idleReadEveryMs = 10_000

/** After so long without a read, in milliseconds, the API servers are checked again. */
const missedMs = idleReadEveryMs + 2_000

/** How long a caller counts as relying on it after its last call, in milliseconds. */
const reliedOnMs = 10_000

/** How long a process whose history went back tries to mark the Lease, in milliseconds. */
const markWithinMs = 5_000

/**
 * Returns a check for the answer to a request that is sent now. The check returns false if history has
 * gone back. Nobody may write the Lease then: a new version would hide that from the other processes.
 */
export type SeeingLease = () => (lease: StoredObject) => boolean

export interface HistoryOptions extends LeasePlace {
  /** Whether this process marks the Lease if a history is lost. A trigger may not write the Lease. */
  readonly marks: boolean
}

/** The check of the API server of one watch. */
export interface HistoryCheck {
  /** Returns whether the caches of the API server are known to be of the present history. */
  readonly passed: () => boolean
  /**
   * Returns whether the check may still pass. The API server has come as far as what the watch began with, and its caches are not
   * known to be of a lost history. A list by another request may be of one as well, and nobody checks that.
   */
  readonly mayPass: () => boolean
  readonly end: () => void
}

/**
 * Whether the API server's history has gone back, as it does when etcd is restored from a snapshot.
 *
 * Versions of objects then repeat. The caches of an API server that was not restarted keep the lost
 * state, at a higher version. Consistent lists come from these caches, so every proof that a watch is
 * current succeeds. Only a GET reads etcd. So this process reads one object by GET that is written
 * every two seconds, the Lease of the controller's election.
 *
 * - If its version is lower than it ever was, history has gone back. Nothing that this process has
 *   in memory can be kept, so the process ends.
 * - An API server lists the Lease over the connection of a watch, at the version R. If a write that
 *   came after the list has no version above R, the caches of this API server are of a lost history.
 *   Until a list passes, no report of a watch from there counts as current.
 */
export type History = Pick<LeaseHistory, keyof LeaseHistory>

class LeaseHistory {
  readonly #environment: Pick<Environment, 'api' | 'clock' | 'log'>
  readonly #options: HistoryOptions
  readonly #setLost: (value: 0 | 1) => void
  readonly #checks = new Set<WatchCheck>()
  /** Since when it is not known whether an API server passes the check, unless one has. */
  #unknownSince: number
  /** When the last successful read was sent, in monotonic milliseconds. */
  #readAt = -Infinity
  #askedAt = -Infinity
  #reliedOnAt = -Infinity
  #askNow = (): void => {}
  /** The Lease as it was read last. */
  #lease: ReadLease | undefined
  #wentBack: string | undefined
  #unchecked: Unchecked | undefined
  /** Whether an API server has passed the check, or none can be asked: ever, and since `#unknownSince`. */
  #everPassed = false
  #hasPassed = false
  /** The lowest version that a cache of a lost history can have, as this process has found it. */
  #found: string | undefined
  /** The same, as the annotation of the Lease says it. */
  #marked: string | undefined

  constructor({ api, clock, log, metrics }: Environment, options: HistoryOptions) {
    this.#environment = { api, clock, log }
    this.#options = options
    this.#unknownSince = clock.monotonic()
    const gauge = metrics.gauge(
      'receiverhooks_cache_of_lost_history',
      '1 while an API server may answer from caches that are older than a restore of etcd, else 0.',
      [],
    )
    this.#setLost = value => gauge.set({}, value)
    this.#setLost(0)
  }

  /**
   * Returns whether the Lease was read within the last `currentForMs`, and its version was no lower
   * than before. Also true if it cannot be read for want of a right, or does not exist. For a while
   * after each call, it is read more often.
   */
  readonly current = (): boolean => {
    const now = this.#environment.clock.monotonic()
    this.#reliedOnAt = now
    const isCurrent = this.#wentBack === undefined && now - this.#readAt < currentForMs
    if (!isCurrent && now - this.#askedAt >= againAfterMs) this.#askNow()
    return isCurrent
  }

  /** Returns why history has gone back. Undefined if it has not. */
  readonly wentBack = (): string | undefined => this.#wentBack

  /** Returns why nothing of this is checked. Undefined if it is. */
  readonly unchecked = (): string | undefined => this.#unchecked && uncheckedText(this.#unchecked, this.#options)

  /** Returns which API server's caches are of a lost history. Undefined if none are known. */
  readonly lostCache = (): string | undefined =>
    [...this.#checks].some(({ state }) => state === 'lost') ? lostCacheText(this.#options) : undefined

  /**
   * Returns that an API server may have caches of a lost history: this process has found one, and nobody has
   * removed the mark since. Undefined if it has found none.
   */
  readonly mayBeLost = (): string | undefined =>
    this.#found === undefined ? this.lostCache() : lostCacheText(this.#options)

  /**
   * Returns why lists of earlier versions may be of a lost history. Undefined if the Lease is current, this
   * process has found no such API server, and one has passed the check, or time enough has passed. A request
   * may go to another API server than the watches do, so one that was found counts after its watch, too.
   */
  readonly doubt = (): string | undefined => {
    const age = this.#environment.clock.monotonic() - this.#unknownSince
    const isUnknown = !this.#hasPassed && this.#unchecked === undefined && age < unknownForMs
    const isKnown = this.current() && !isUnknown
    return this.mayBeLost() ?? (isKnown ? undefined : 'it is not known yet whether etcd was restored')
  }

  /** Compares the Lease that another request reads or writes. It is called before that request is sent. */
  readonly seeing: SeeingLease = () => {
    const before = this.#lease
    return lease => {
      const { resourceVersion: version, uid } = lease.metadata
      if (before && isLower(version, before.version)) {
        this.#versionFell(version, before.version)
        this.#askNow()
      } else if (uid === this.#lease?.uid && isLower(this.#lease.version, version)) this.#lease = { uid, version }
      return this.#wentBack === undefined
    }
  }

  /** Checks the API server of a watch, until `end` is called. */
  readonly checkOver = (source: Source, watch: Checkable): HistoryCheck => {
    const { clock, log } = this.#environment
    const check = new WatchCheck(source, this.#options, watch, {
      clock,
      isBelowLost: listed => isLower(listed, this.#marked) && isLower(listed, this.#found),
      lost: listed => {
        if (this.lostCache() === undefined) log.error({ resource: source.type.resource }, lostMessage)
        const isFirst = this.#found === undefined && this.#marked === undefined
        if (isLower(listed, this.#found)) this.#found = listed
        // This process was there before, and has missed that history went back.
        if (isFirst && this.#everPassed)
          this.#goesBack(`an API server has lists at version ${listed}, which etcd has not reached`)
      },
      changed: isPassed => {
        this.#everPassed ||= isPassed
        this.#hasPassed ||= isPassed
        this.#showLost()
      },
      refused: () => this.#cannotCheck('list'),
    })
    this.#checks.add(check)
    // The check needs reads of the Lease soon.
    this.#reliedOnAt = clock.monotonic()
    this.#askNow()
    check.begin()
    const passed = (): boolean => check.state === 'passed' || this.#unchecked !== undefined || check.isOverdue()
    return {
      passed,
      mayPass: () => passed() || check.mayPass(),
      end: () => {
        check.end()
        this.#checks.delete(check)
        this.#showLost()
      },
    }
  }

  /**
   * Reads the Lease until `stop` is aborted, or until history has gone back. In the second case, the
   * Lease was marked before it resolves, if this process marks it and could.
   */
  readonly run = async (stop: AbortSignal): Promise<'stopped' | 'went back'> => {
    const { clock } = this.#environment
    while (!stop.aborted) {
      const sentAt = clock.monotonic()
      this.#askedAt = sentAt
      const isRead = await this.#read(sentAt)
      if (stop.aborted) return 'stopped'
      if (this.#wentBack === undefined) await this.#mark()
      const isOften = this.#options.marks || clock.monotonic() - this.#reliedOnAt < reliedOnMs
      const dueMs = isOften ? readEveryMs : idleReadEveryMs
      const nextAt = sentAt + (isRead ? dueMs : 0)
      if (this.#wentBack !== undefined) break
      const sooner = new AbortController()
      this.#askNow = () => sooner.abort()
      await wait(clock, Math.max(againAfterMs, nextAt - clock.monotonic()), AbortSignal.any([stop, sooner.signal]))
    }
    this.#askNow = () => {}
    if (this.#wentBack === undefined) return 'stopped'
    const until = clock.monotonic() + markWithinMs
    while (!(await this.#mark()) && !stop.aborted && clock.monotonic() < until) await wait(clock, againAfterMs, stop)
    return 'went back'
  }

  /** Reads the Lease. Returns false if its version could not be found out. */
  async #read(sentAt: number): Promise<boolean> {
    const before = this.#lease
    const answer = await readLease(this.#environment.api, this.#options)
    if (answer === 'no answer') return false
    // Somebody has deleted the Lease, or the snapshot is from before it was made.
    if (answer.status === 404 && this.#lease !== undefined) return false
    if (answer.status === 403 || answer.status === 404) {
      this.#cannotCheck(answer.status === 403 ? 'get' : 'absent')
      this.#readAt = sentAt
      return true
    }
    const lease = answer.status === 200 ? tryParseJson(answer.body) : undefined
    const version = versionIn(lease)
    if (version === undefined) return false
    if (this.#unchecked !== 'list') this.#unchecked = undefined
    const uid = stringAt(at(lease, 'metadata'), 'uid') ?? ''
    if (before && isLower(version, before.version)) {
      this.#versionFell(version, before.version)
      return true
    }
    const marked = lostHistoryIn(lease)
    if (marked !== undefined && this.#marked === undefined && before !== undefined)
      this.#goesBack(`${this.#place} says so, since a controller has seen it`)
    // A person has removed the mark.
    if (marked === undefined && this.#marked !== undefined) this.#found = undefined
    this.#marked = marked
    this.#showLost()
    // A snapshot that is younger than the last read could have been restored since, or one from before the Lease was made.
    if (before && (sentAt - this.#readAt > missedMs || uid !== before.uid)) this.#checkAgain()
    if (uid !== this.#lease?.uid || isLower(this.#lease.version, version)) this.#lease = { uid, version }
    this.#readAt = sentAt
    for (const check of this.#checks) check.see(version, sentAt)
    return true
  }

  /** Notes that the Lease has a lower version than before. */
  #versionFell(version: string, before: string): void {
    if (isLower(before, this.#found)) this.#found = before
    this.#goesBack(`${this.#place} has the version ${version}, but had ${before} before`)
  }

  get #place(): string {
    return `the Lease ${this.#options.namespace}/${this.#options.name}`
  }

  #showLost(): void {
    this.#setLost(this.mayBeLost() === undefined ? 0 : 1)
  }

  #checkAgain(): void {
    this.#unknownSince = this.#environment.clock.monotonic()
    this.#hasPassed = false
    for (const check of this.#checks) check.beginAgain()
  }

  /** Marks the Lease with what this process has found. Returns whether there is nothing to mark any more. */
  async #mark(): Promise<boolean> {
    const found = this.#found
    if (!this.#options.marks || found === undefined || !isLower(found, this.#marked)) return true
    const isMarked = await markLostHistory(this.#environment, this.#options, found)
    if (isMarked) this.#marked = found
    return isMarked
  }

  #goesBack(because: string): void {
    if (this.#wentBack !== undefined) return
    this.#wentBack = `HistoryWentBack: ${because}, so etcd was restored from a snapshot. This process exits, because what it knows is no longer true`
    this.#environment.log.error({}, this.#wentBack)
  }

  #cannotCheck(why: Unchecked): void {
    if (this.#unchecked === why) return
    this.#unchecked = why
    if (why !== 'absent') this.#environment.log.warn({}, uncheckedText(why, this.#options))
  }
}

/** Returns whether a version is lower than another one, or there is no other. */
const isLower = (version: string, other: string | undefined): boolean =>
  other === undefined || compareVersions(version, other) < 0

/** Returns the history of the API server, by the Lease of the controller's election. */
export const historyOf = (environment: Environment, options: HistoryOptions): History =>
  new LeaseHistory(environment, options)

/** Returns a function that checks the API server of each watch of a source, and ends the check with the watch. */
export const checkedBy =
  (history: History | undefined, source: Source) =>
  (watch: Checkable): (() => void) =>
    history?.checkOver(source, watch).end ?? (() => {})

/**
 * Returns a connection that does not send a request for evidence while the answer may be of a lost
 * history.
 */
export const withoutDoubt = (api: ApiConnection, history: Pick<History, 'doubt'>): ApiConnection => ({
  watch: (request, stop) => api.watch(request, stop),
  request: request => {
    const why = request.isEvidence === true ? history.doubt() : undefined
    return why === undefined ? api.request(request) : Promise.reject(new Unreachable(why, false))
  },
})
