import { tryParseJson } from '../api/json.ts'
import { compareVersions } from '../api/mark.ts'
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
} from './history-check.ts'
import { lostHistoryAnnotation, lostHistoryIn } from './lost-history.ts'
import type { Source } from './source.ts'

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
export interface History {
  /**
   * Returns whether the Lease was read within the last `currentForMs`, and its version was no lower
   * than before. Also true if it cannot be read for want of a right, or does not exist. For a while
   * after each call, it is read more often.
   */
  readonly current: () => boolean
  /** Returns why history has gone back. Undefined if it has not. */
  readonly wentBack: () => string | undefined
  /** Returns which API server's caches are of a lost history. Undefined if none are known. */
  readonly lostCache: () => string | undefined
  /**
   * Returns why lists of earlier versions may be of a lost history. Undefined if no API server has
   * failed the check, and one has passed it, or time enough has passed.
   */
  readonly doubt: () => string | undefined
  /** Returns why nothing of this is checked. Undefined if it is. */
  readonly unchecked: () => string | undefined
  /** Checks the API server of a watch, until `end` is called. */
  readonly checkOver: (source: Source, watch: Checkable) => HistoryCheck
  /**
   * Reads the Lease until `stop` is aborted, or until history has gone back. In the second case it
   * resolves with a version that only the lost history had.
   */
  readonly run: (stop: AbortSignal) => Promise<string | undefined>
}

/** The check of the API server of one watch. */
export interface HistoryCheck {
  /** Returns whether the caches of the API server are known to be of the present history. */
  readonly passed: () => boolean
  readonly end: () => void
}

/** How often the Lease is read while a caller relies on it, and otherwise, in milliseconds. */
const readEveryMs = 1_000
const idleReadEveryMs = 10_000

/** After so long without a read, in milliseconds, the API servers are checked again. */
const missedMs = idleReadEveryMs + 2_000

/** How long a caller counts as relying on it after its last call, in milliseconds. */
const reliedOnMs = 10_000

class LeaseHistory implements History {
  readonly #environment: Pick<Environment, 'api' | 'clock' | 'log'>
  readonly #options: LeasePlace
  readonly #setLost: (value: 0 | 1) => void
  readonly #checks = new Set<WatchCheck>()
  readonly #began: number
  /** When the last successful read was sent, in monotonic milliseconds. */
  #readAt = -Infinity
  #askedAt = -Infinity
  #reliedOnAt = -Infinity
  #askNow = (): void => {}
  #highest: string | undefined
  #wentBack: string | undefined
  /** What keeps this process from checking: a verb that it may not use, or a Lease that does not exist. */
  #unchecked: 'get' | 'list' | 'absent' | undefined
  /** Whether an API server has passed the check, or none can be asked. */
  #everPassed = false
  /** The lowest version that a cache of a lost history can have. Undefined if none is known. */
  #lostAt: string | undefined
  /** Whether the annotation of the Lease says so. */
  #isMarked = false

  constructor({ api, clock, log, metrics }: Environment, options: LeasePlace) {
    this.#environment = { api, clock, log }
    this.#options = options
    this.#began = clock.monotonic()
    const gauge = metrics.gauge(
      'receiverhooks_cache_of_lost_history',
      '1 while an API server answers from caches of a history before etcd was restored, else 0.',
      [],
    )
    this.#setLost = value => gauge.set({}, value)
    this.#setLost(0)
  }

  current(): boolean {
    const now = this.#environment.clock.monotonic()
    this.#reliedOnAt = now
    const isCurrent = this.#wentBack === undefined && now - this.#readAt < currentForMs
    if (!isCurrent && now - this.#askedAt >= againAfterMs) this.#askNow()
    return isCurrent
  }

  wentBack(): string | undefined {
    return this.#wentBack
  }

  unchecked(): string | undefined {
    return this.#unchecked && uncheckedText(this.#unchecked, this.#options)
  }

  lostCache(): string | undefined {
    if (![...this.#checks].some(({ isLost }) => isLost)) return undefined
    const { namespace, name } = this.#options
    const removed = `kubectl -n ${namespace} annotate lease ${name} ${lostHistoryAnnotation}-`
    return `CacheOfLostHistory: etcd was restored, and an API server may answer from its caches of the time before. Hooks are read from etcd meanwhile. Restart every API server. After that: ${removed}, and restart the Deployments of both roles`
  }

  doubt(): string | undefined {
    const age = this.#environment.clock.monotonic() - this.#began
    const isUnknown = !this.#everPassed && this.#unchecked === undefined && age < unknownForMs
    return this.lostCache() ?? (isUnknown ? 'it is not known yet whether etcd was restored' : undefined)
  }

  checkOver(source: Source, watch: Checkable): HistoryCheck {
    const { clock, log } = this.#environment
    const check = new WatchCheck(source, this.#options, watch, {
      clock,
      isBelowLost: listed => this.#lostAt === undefined || compareVersions(listed, this.#lostAt) < 0,
      lost: listed => {
        if (this.lostCache() === undefined) log.error({ resource: source.type.resource }, lostMessage)
        const isFirst = this.#lostAt === undefined
        if (this.#lostAt === undefined || compareVersions(listed, this.#lostAt) < 0) this.#lostAt = listed
        // This process was there before, and has missed that history went back.
        if (isFirst && this.#everPassed)
          this.#goesBack(`an API server has lists at version ${listed}, which etcd has not come to`)
      },
      changed: isPassed => {
        this.#everPassed ||= isPassed
        this.#setLost(this.lostCache() === undefined ? 0 : 1)
      },
      refused: () => this.#cannotCheck('list'),
    })
    this.#checks.add(check)
    // The check needs reads of the Lease soon.
    this.#reliedOnAt = clock.monotonic()
    this.#askNow()
    check.begin()
    return {
      passed: () => check.hasPassed || this.#unchecked !== undefined,
      end: () => {
        check.end()
        this.#checks.delete(check)
        this.#setLost(this.lostCache() === undefined ? 0 : 1)
      },
    }
  }

  async run(stop: AbortSignal): Promise<string | undefined> {
    const { clock } = this.#environment
    while (!stop.aborted) {
      const sentAt = clock.monotonic()
      this.#askedAt = sentAt
      const isRead = await this.#read(sentAt)
      if (stop.aborted) return undefined
      const dueMs = clock.monotonic() - this.#reliedOnAt < reliedOnMs ? readEveryMs : idleReadEveryMs
      const nextAt = sentAt + (isRead ? dueMs : 0)
      if (this.#wentBack !== undefined) break
      const sooner = new AbortController()
      this.#askNow = () => sooner.abort()
      await wait(clock, Math.max(againAfterMs, nextAt - clock.monotonic()), AbortSignal.any([stop, sooner.signal]))
    }
    this.#askNow = () => {}
    return this.#wentBack === undefined ? undefined : (this.#lostAt ?? this.#highest)
  }

  /** Reads the Lease. Returns false if its version could not be found out. */
  async #read(sentAt: number): Promise<boolean> {
    const answer = await readLease(this.#environment.api, this.#options)
    if (answer === 'no answer') return false
    // Somebody has deleted the Lease, or the snapshot is from before it was made.
    if (answer.status === 404 && this.#highest !== undefined) return false
    if (answer.status === 403 || answer.status === 404) {
      this.#cannotCheck(answer.status === 403 ? 'get' : 'absent')
      this.#readAt = sentAt
      return true
    }
    const version = answer.status === 200 ? versionIn(answer) : undefined
    if (version === undefined) return false
    if (this.#unchecked !== 'list') this.#unchecked = undefined
    this.#noteLost(lostHistoryIn(tryParseJson(answer.body)))
    if (this.#highest !== undefined && compareVersions(version, this.#highest) < 0) {
      const { namespace, name } = this.#options
      this.#goesBack(`the Lease ${namespace}/${name} has the version ${version}, and had ${this.#highest} before`)
      return true
    }
    // A snapshot that is younger than the last read could have been restored since.
    if (sentAt - this.#readAt > missedMs) for (const check of this.#checks) check.again()
    this.#highest = version
    this.#readAt = sentAt
    for (const check of this.#checks) check.see(version, sentAt)
    return true
  }

  /** Takes the version from which a history is lost, as all processes of the installation know it. */
  #noteLost(marked: string | undefined): void {
    if (marked === undefined && !this.#isMarked) return
    this.#lostAt = marked
    this.#isMarked = marked !== undefined
  }

  #goesBack(because: string): void {
    if (this.#wentBack !== undefined) return
    this.#wentBack = `HistoryWentBack: ${because}, so etcd was restored from a snapshot. This process ends, because what it knows is of a lost state`
    this.#environment.log.error({}, this.#wentBack)
  }

  #cannotCheck(why: 'get' | 'list' | 'absent'): void {
    if (this.#unchecked === why) return
    this.#unchecked = why
    if (why !== 'absent') this.#environment.log.warn({}, uncheckedText(why, this.#options))
  }
}

const uncheckedText = (why: 'get' | 'list' | 'absent', { name, namespace }: LeasePlace): string =>
  why === 'absent'
    ? `there is no Lease ${namespace}/${name} of a controller yet, so a restored etcd would not be noticed`
    : `this process may not ${why} the Lease ${namespace}/${name}, so a restored etcd would not be noticed: give its account the roles of this version`

const lostMessage =
  'CacheOfLostHistory: an API server answers from caches of a history before etcd was restored: restart every API server'

/** Returns the history of the API server, by the Lease of the controller's election. */
export const historyOf = (environment: Environment, options: LeasePlace): History => {
  const history = new LeaseHistory(environment, options)
  return {
    current: () => history.current(),
    wentBack: () => history.wentBack(),
    lostCache: () => history.lostCache(),
    doubt: () => history.doubt(),
    unchecked: () => history.unchecked(),
    checkOver: (source, watch) => history.checkOver(source, watch),
    run: stop => history.run(stop),
  }
}

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
