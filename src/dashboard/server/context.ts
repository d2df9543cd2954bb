import type { Environment } from '../../environment/environment.ts'
import type { SignIn } from '../protocol.ts'
import type { PageAnswer } from './exchange.ts'
import type { RightsOfSession } from './rights.ts'
import type { Session, Sessions } from './session.ts'

/** What handlers have besides the request: none of it can do anything in the cluster. */
export interface Context {
  readonly world: Pick<Environment, 'clock' | 'log' | 'outbound' | 'random'>
  readonly sessions: Sessions
  readonly signIn: SignIn
  /** The API server, for people. */
  readonly cluster: string
  /** The namespace to look at first. */
  readonly namespace: string | undefined
  /** Where `try` posts to, without a slash at its end; where the hook's own URL leads when it is undefined. */
  readonly triggerBase: string | undefined
  readonly version: string
  readonly rights: (session: Session) => RightsOfSession
}

/** A request of somebody who is signed in. */
export interface Asked {
  readonly session: Session
  /** Of the path; both are names of objects, or empty where the path has none. */
  readonly namespace: string
  readonly name: string
  readonly query: URLSearchParams
  readonly headers: Readonly<Record<string, string | undefined>>
  /** The parsed body. */
  readonly body: unknown
}

export type Handler = (context: Context, asked: Asked) => Promise<PageAnswer>
