import { compareVersions } from '../api/mark.ts'
import { at, stringAt, tryParseJson } from '../api/json.ts'
import type { ApiConnection, ApiRequest, ApiResponse, Clock } from '../environment/environment.ts'
import { Unreachable } from '../environment/unreachable.ts'
import { wait } from '../environment/wait.ts'
import { collectionPath, objectPath } from './paths.ts'
import { leases } from './resources.ts'
import { proofRequest, type Source } from './source.ts'
import type { OpenWatch } from './watch.ts'

/** Where the Lease is that is read to compare versions. */
export interface LeasePlace {
  readonly namespace: string
  readonly name: string
}

/** The Lease as a GET has shown it. */
export interface ReadLease {
  readonly uid: string
  readonly version: string
}

/** The watch whose API server is checked. */
export type Checkable = Pick<OpenWatch, 'ask' | 'giveUp' | 'version'>

/** The time limit of one request, in milliseconds. */
export const leaseAnswerWithinMs = 1_000

/** Each answer has only the metadata of one object. */
const maxLeaseBytes = 16 * 1024

/** The shortest wait before a request that failed is sent again, in milliseconds. */
export const againAfterMs = 200

/**
 * How long no API server is believed before it has passed the check, in milliseconds. A new leader has
 * written the Lease by then. Without one, hooks would be read by GET for good.
 */
export const unknownForMs = 25_000

/** How often an API server that has failed the check is asked again, in milliseconds. */
const lostAgainMs = 5_000

/** What the checks of all watches share. */
interface Judging {
  readonly clock: Clock
  /** Whether a list at this version is surely not of a lost history that was found before. */
  readonly isBelowLost: (listed: string) => boolean
  /** Called when the check fails. */
  readonly lost: (listed: string) => void
  /** Called after the result has changed, or if this API server cannot be asked over its watch. */
  readonly changed: (isPassed: boolean) => void
  /** Called if this process may not list the Lease. */
  readonly refused: () => void
}

/** Asks the API server of a watch for lists, and compares them with later reads of the Lease. */
export class WatchCheck {
  readonly #source: Source
  readonly #options: LeasePlace
  readonly #watch: Checkable
  readonly #judging: Judging
  readonly #ended = new AbortController()
  /** The version of the last list, and when it was answered. */
  #listed: { readonly version: string; readonly at: number } | undefined
  /** The version of the Lease in the first read after the list. */
  #first: string | undefined
  /** Only the check itself changes its state. */
  state: 'unknown' | 'lost' | 'passed' | 'cannot be asked' = 'unknown'
  /** Whether the API server was seen to have come as far as what the watch began with. */
  #hasBegun = false
  /** Since when the result has been open, in monotonic milliseconds. */
  #unknownSince: number

  constructor(source: Source, options: LeasePlace, watch: Checkable, judging: Judging) {
    this.#source = source
    this.#options = options
    this.#watch = watch
    this.#judging = judging
    this.#unknownSince = judging.clock.monotonic()
  }

  /** Returns whether nobody has written the Lease for so long that the check would never pass. */
  isOverdue(): boolean {
    if (this.state === 'lost' || this.#ended.signal.aborted) return false
    return this.#judging.clock.monotonic() - this.#unknownSince >= unknownForMs
  }

  /** Returns whether the API server has come as far as what the watch began with, and has not failed the check. */
  mayPass(): boolean {
    return this.#hasBegun && this.state !== 'lost' && !this.#ended.signal.aborted
  }

  begin(): void {
    void this.#run()
  }

  /** Begins again, because history may have gone back unnoticed. */
  beginAgain(): void {
    this.#listed = undefined
    this.#hasBegun = false
    this.#unknownSince = this.#judging.clock.monotonic()
    if (this.state === 'cannot be asked') this.#judging.changed(true)
    if (this.state !== 'passed') return
    this.state = 'unknown'
    void this.#listUntilPassed()
  }

  end(): void {
    this.state = 'unknown'
    this.#ended.abort()
  }

  /** Compares the version of the Lease with the list. The read of the version was sent at `sentAt`. */
  see(version: string, sentAt: number): void {
    const listed = this.#listed
    if (listed === undefined || sentAt <= listed.at || this.state === 'passed') return
    const isAbove = compareVersions(version, listed.version) > 0
    // Once etcd has passed the lost version, a list says nothing: caches of objects that nobody has
    // written since are still of the lost history.
    if (isAbove && this.#judging.isBelowLost(listed.version)) this.#become('passed')
    else if (isAbove) this.#become('lost')
    else if (this.#first === undefined) this.#first = version
    else if (version !== this.#first) {
      this.#judging.lost(listed.version)
      this.#become('lost')
    }
  }

  #become(state: 'lost' | 'passed' | 'cannot be asked'): void {
    this.state = state
    this.#judging.changed(state !== 'lost')
  }

  /**
   * Compares the API server with what the watch began with, and lists the Lease until the check passes. If the API server
   * has not come so far, that list was of a lost history, and the watch would wait for versions that are long reported. So
   * the objects are listed again.
   */
  async #run(): Promise<void> {
    const known = this.#watch.version()
    const version = await this.#listVersion(proofRequest(this.#source))
    if (version === undefined) return
    if (compareVersions(version, known) < 0)
      return this.#watch.giveUp(
        `the API server is at version ${version}, but an earlier list was at ${known}`,
        'list again',
      )
    this.#hasBegun = true
    await this.#listUntilPassed()
  }

  async #listUntilPassed(): Promise<void> {
    await this.#list()
    while (!this.#ended.signal.aborted && this.state !== 'passed') {
      await wait(this.#judging.clock, lostAgainMs, this.#ended.signal)
      // Until the Lease is written again, the first list is the one to compare with.
      if (this.state === 'lost' || !this.#listed) await this.#list()
    }
  }

  async #list(): Promise<void> {
    const version = await this.#listVersion(leaseList(this.#options), this.#judging.refused)
    if (version === undefined) return
    this.#listed = { version, at: this.#judging.clock.monotonic() }
    this.#first = undefined
  }

  /**
   * Asks the API server over the connection of the watch until it answers with a list. Returns the version of the list.
   * Undefined if none will come. Without `refused`, a 403 is no reason to stop.
   */
  async #listVersion(request: ApiRequest, refused?: () => void): Promise<string | undefined> {
    while (!this.#ended.signal.aborted) {
      const answer = await this.#watch.ask(request)
      if (answer === 'cannot be asked') this.#become(answer)
      if (answer === 'cannot be asked' || this.#ended.signal.aborted) return undefined
      const version = listVersionIn(answer)
      if (version !== undefined) return version
      if (refused && answer !== 'no answer' && answer.status === 403) {
        refused()
        return undefined
      }
      await wait(this.#judging.clock, againAfterMs, this.#ended.signal)
    }
    return undefined
  }
}

/** Reads the Lease from etcd: without a version, the API server answers a GET from nowhere else. */
export const readLease = async (
  api: ApiConnection,
  { name, namespace }: LeasePlace,
): Promise<ApiResponse | 'no answer'> => {
  try {
    return await api.request({
      method: 'GET',
      path: objectPath(leases, namespace, name),
      as: 'metadata',
      maxBytes: maxLeaseBytes,
      lane: 'lease',
      timeoutMs: leaseAnswerWithinMs,
    })
  } catch (error) {
    if (error instanceof Unreachable) return 'no answer'
    throw error
  }
}

/** Returns the request for a consistent list of the Lease, which the API server answers from its cache. */
const leaseList = ({ name, namespace }: LeasePlace) =>
  ({
    method: 'GET',
    path: collectionPath(leases, namespace),
    as: 'metadata list',
    maxBytes: maxLeaseBytes,
    query: { fieldSelector: `metadata.name=${name}` },
    lane: 'watch',
    timeoutMs: leaseAnswerWithinMs,
  }) as const

/** Returns the version in the metadata of an object or a list, if it has one. */
export const versionIn = (read: unknown): string | undefined => {
  const version = stringAt(at(read, 'metadata'), 'resourceVersion')
  return version !== undefined && /^[0-9]+$/.test(version) ? version : undefined
}

const listVersionIn = (answer: ApiResponse | 'no answer'): string | undefined =>
  answer !== 'no answer' && answer.status === 200 ? versionIn(tryParseJson(answer.body)) : undefined
