import type { IncomingMessage } from 'node:http'
import type { Environment } from '../../src/environment/environment.ts'
import type { SignIn } from '../protocol.ts'
import type { Examinations } from './bounded.ts'
import type { UserRights } from './user-rights.ts'
import type { Session, Sessions } from './session.ts'

/** The router under `/api`, in which routes are declared. */
export type { Router as Api } from 'express'

/**
 * What routes get besides the request. Only the session of a request has a connection to the
 * cluster.
 */
export interface Context {
  readonly world: Pick<Environment, 'clock' | 'log' | 'random'>
  readonly sessions: Sessions
  readonly signIn: SignIn
  /** The API server's address, for people. */
  readonly cluster: string
  /** The namespace whose hooks the page shows first. Undefined: those of all namespaces. */
  readonly namespace: string | undefined
  /** The namespace of the installation. */
  readonly systemNamespace: string
  readonly version: string
  readonly examinations: Examinations
  readonly rights: UserRights
  /** Returns the session of a request. Throws if the request has none. */
  readonly sessionOf: (request: IncomingMessage) => Session
}

/** Returns a query parameter: its first value, or an empty text. */
export const parameter = (query: Readonly<Record<string, unknown>>, name: string): string => {
  const first: unknown = [query[name]].flat()[0]
  return typeof first === 'string' ? first : ''
}
