import type { ApiConnection, Clock, Random } from '../../src/environment/environment.ts'
import { Shares } from '../../src/environment/shares.ts'
import type { EndedWhy } from '../protocol.ts'
import { sameSecret, secretText } from './key.ts'
import { unusedMs, places } from './limits.ts'

/** A connection that belongs to one session. */
export interface SessionConnection extends ApiConnection {
  close(): Promise<void>
}

/** The signed-in user, according to the API server. */
export interface SignedIn {
  readonly api: SessionConnection
  readonly user: string
  readonly groups: readonly string[]
  /** When the credential expires, in milliseconds since the epoch. Absent if it is unknown. */
  readonly credentialEndsAt?: number
}

export interface Session extends Omit<SignedIn, 'credentialEndsAt'> {
  readonly id: string
  readonly pageKey: string
  /** When the session ends, in milliseconds since the epoch. */
  readonly endsAt: number
  /** True if the session ends because its credential expires, before the longest time is over. */
  readonly tokenEnds: boolean
  /** Aborted with an {@link EndedWhy} when the session ends. */
  readonly ended: AbortSignal
}

interface Kept {
  readonly session: Session
  readonly abort: AbortController
  usedAt: number
  streams: number
  cancel: () => void
}

const secretBytes = 24

/**
 * All sessions, only in memory: after a restart people sign in again. Each user may have a share of
 * the sessions, so that one user cannot take all. A session with an open stream is in use, and is
 * never ended to make room.
 */
export class Sessions {
  readonly #clock: Clock
  readonly #random: Random
  /** The longest session in milliseconds. A credential can end it earlier. */
  readonly #sessionMs: number
  readonly #kept = new Map<string, Kept>()
  readonly #streams = new Shares(places.streams, places.streamsOfUser, places.streamsOfSession)
  readonly #requests = new Shares(Infinity, places.requestsOfUser)

  constructor(clock: Clock, random: Random, sessionMs: number) {
    this.#clock = clock
    this.#random = random
    this.#sessionMs = sessionMs
  }

  /**
   * Opens a session, or returns undefined if there is no room. `name` is the session's id if the
   * session is not identified by a cookie.
   */
  open({ credentialEndsAt = Infinity, ...who }: SignedIn, name?: string): Session | undefined {
    const room = roomFor(who.user, [...this.#kept.values()])
    if (room === 'none') return undefined
    if (room !== 'free') this.end(room.session, 'signed out')
    const abort = new AbortController()
    const latest = this.#clock.now() + this.#sessionMs
    const session: Session = {
      ...who,
      id: name ?? secretText(this.#random, secretBytes),
      pageKey: secretText(this.#random, secretBytes),
      endsAt: Math.min(credentialEndsAt, latest),
      tokenEnds: credentialEndsAt < latest,
      ended: abort.signal,
    }
    const usedAt = this.#clock.monotonic()
    const one: Kept = { session, abort, usedAt, streams: 0, cancel: () => undefined }
    this.#kept.set(session.id, one)
    this.#watch(one)
    return session
  }

  /**
   * Returns the session with this id and page key, and notes its use. An undefined page key is not
   * checked.
   */
  find(id: string, pageKey: string | undefined): Session | undefined {
    const found = this.#kept.get(id)
    if (found === undefined || (pageKey !== undefined && !sameSecret(pageKey, found.session.pageKey))) return undefined
    found.usedAt = this.#clock.monotonic()
    return found.session
  }

  end({ id }: Session, why: EndedWhy): void {
    const found = this.#kept.get(id)
    if (found === undefined) return
    this.#kept.delete(id)
    found.cancel()
    found.abort.abort(why)
    void found.session.api.close()
  }

  endAll(): void {
    for (const { session } of this.#kept.values()) this.end(session, 'signed out')
  }

  /** Takes a place for a stream. Returns a function that frees it, to be called once, or undefined if none is left. */
  stream({ id, user }: Session): (() => void) | undefined {
    const found = this.#kept.get(id)
    const free = found && this.#streams.take(user, id)
    if (!free) return undefined
    found.streams += 1
    return () => {
      free()
      found.streams -= 1
      found.usedAt = this.#clock.monotonic()
    }
  }

  /**
   * Takes a place for another request. Returns a function that frees it, or undefined if none is
   * left.
   */
  request({ id, user }: Session): (() => void) | undefined {
    return this.#kept.has(id) ? this.#requests.take(user) : undefined
  }

  /**
   * Ends the session if it has expired, or was not used for an hour. Otherwise checks again when
   * that can happen.
   */
  #watch(one: Kept): void {
    const ends = one.session.endsAt - this.#clock.now()
    // An open stream counts as use.
    const unusedIn = one.streams > 0 ? unusedMs : one.usedAt + unusedMs - this.#clock.monotonic()
    if (ends <= 0) return this.end(one.session, 'expired')
    if (unusedIn <= 0) return this.end(one.session, 'signed out')
    one.cancel = this.#clock.after(Math.min(ends, unusedIn), () => this.#watch(one))
  }
}

/**
 * Decides whether there is room for a user's next session. `free`: there is room. `none`: there is
 * none. A session: this one has to end first, because it was not used for the longest time.
 */
const roomFor = (user: string, kept: readonly Kept[]): 'free' | 'none' | Kept => {
  const own = kept.filter(({ session }) => session.user === user)
  const crowd = own.length >= places.sessionsOfUser ? own : kept
  if (crowd === kept && kept.length < places.sessions) return 'free'
  const [oldestUnused] = crowd.filter(({ streams }) => streams === 0).toSorted((a, b) => a.usedAt - b.usedAt)
  return oldestUnused ?? 'none'
}
