import type { ApiConnection, Clock, Random } from '../../environment/environment.ts'
import type { EndedWhy } from '../protocol.ts'
import { sameSecret, secretText } from './key.ts'
import { mostSessions, mostStreams, streamsOfSession, unusedMs } from './limits.ts'

/** A connection that one session alone has. */
export interface SessionConnection extends ApiConnection {
  close(): Promise<void>
}

/** Who is signed in, as far as the API server said. */
export interface SignedIn {
  readonly api: SessionConnection
  readonly user: string
  readonly groups: readonly string[]
  /** When the credential ends, in milliseconds since the epoch; absent where nobody can tell. */
  readonly credentialEndsAt?: number
}

export interface Session extends Omit<SignedIn, 'credentialEndsAt'> {
  readonly id: string
  readonly pageKey: string
  /** In milliseconds since the epoch. */
  readonly endsAt: number
  /** Whether its end is its credential's. */
  readonly tokenEnds: boolean
  /** Aborted with an {@link EndedWhy} when the session ends. */
  readonly ended: AbortSignal
}

/** Sessions, in memory alone: a restart asks people to sign in again. */
export interface Sessions {
  /** `name` is given where the session is known by something else than a cookie. */
  open(who: SignedIn, name?: string): Session
  /** The session of this id, if its page key is this; it counts as used. */
  find(id: string, pageKey: string | undefined): Session | undefined
  end(session: Session, why: EndedWhy): void
  /** Takes a place for a stream, and gives what frees it; undefined where there is none left. */
  stream(session: Session): (() => void) | undefined
  endAll(): void
}

interface Kept {
  readonly session: Session
  readonly abort: AbortController
  usedAt: number
  streams: number
  cancel: () => void
}

const secretBytes = 24

/** `sessionMs` is how long a session lasts where its credential lasts longer. */
export const sessions = (clock: Clock, random: Random, sessionMs: number): Sessions => {
  const kept = new Map<string, Kept>()
  let streams = 0

  const end: Sessions['end'] = ({ id }, why) => {
    const found = kept.get(id)
    if (found === undefined) return
    kept.delete(id)
    found.cancel()
    found.abort.abort(why)
    void found.session.api.close()
  }
  const unused = (): Kept | undefined => [...kept.values()].toSorted((a, b) => a.usedAt - b.usedAt)[0]

  /** Looks at the moments at which the session could end: its own, and an hour after it was last used. */
  const watch = (one: Kept): void => {
    const ends = one.session.endsAt - clock.now()
    // A stream that is open is use.
    const unusedIn = one.streams > 0 ? unusedMs : one.usedAt + unusedMs - clock.monotonic()
    if (ends <= 0) return end(one.session, 'expired')
    if (unusedIn <= 0) return end(one.session, 'signed out')
    one.cancel = clock.after(Math.min(ends, unusedIn), () => watch(one))
  }

  return {
    open: ({ credentialEndsAt = Infinity, ...who }, name) => {
      for (let oldest = unused(); kept.size >= mostSessions && oldest; oldest = unused())
        end(oldest.session, 'signed out')
      const abort = new AbortController()
      const latest = clock.now() + sessionMs
      const session: Session = {
        ...who,
        id: name ?? secretText(random, secretBytes),
        pageKey: secretText(random, secretBytes),
        endsAt: Math.min(credentialEndsAt, latest),
        tokenEnds: credentialEndsAt < latest,
        ended: abort.signal,
      }
      const one: Kept = { session, abort, usedAt: clock.monotonic(), streams: 0, cancel: () => undefined }
      kept.set(session.id, one)
      watch(one)
      return session
    },
    find: (id, pageKey) => {
      const found = kept.get(id)
      if (found === undefined || (pageKey !== undefined && !sameSecret(pageKey, found.session.pageKey)))
        return undefined
      found.usedAt = clock.monotonic()
      return found.session
    },
    end,
    stream: ({ id }) => {
      const found = kept.get(id)
      if (found === undefined || found.streams >= streamsOfSession || streams >= mostStreams) return undefined
      found.streams += 1
      streams += 1
      let freed = false
      return () => {
        if (freed) return
        freed = true
        found.streams -= 1
        streams -= 1
        found.usedAt = clock.monotonic()
      }
    },
    endAll: () => {
      for (const { session } of kept.values()) end(session, 'signed out')
    },
  }
}
