import type { IncomingMessage } from 'node:http'
import type { Environment } from '../../environment/environment.ts'
import type { SignIn } from '../protocol.ts'
import type { RightsOfSession } from './rights.ts'
import type { Session, Sessions } from './session.ts'

/** Where routes are declared: what is under `/api`. */
export type { Router as Api } from 'express'

/** What routes have besides the request: none of it can do anything in the cluster. */
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
  /** The session of a request that has passed the sign-in. */
  readonly sessionOf: (request: IncomingMessage) => Session
}

/** A parameter of a query: the first of its values, and empty where it is missing. */
export const parameter = (query: Readonly<Record<string, unknown>>, name: string): string => {
  const first: unknown = [query[name]].flat()[0]
  return typeof first === 'string' ? first : ''
}
