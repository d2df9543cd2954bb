import type { IncomingMessage } from 'node:http'
import type { Environment } from '../../src/environment/environment.ts'
import type { SignIn } from '../protocol.ts'
import type { Assets } from './assets.ts'
import type { Examinations } from './bounded.ts'
import type { ServedNames } from './origin-check.ts'
import type { UserRights } from './user-rights.ts'
import type { Session, Sessions } from './session.ts'
import type { ConnectAs } from './sign-in.ts'

/** The router under `/api`, in which routes are declared. */
export type { Router as Api } from 'express'

export interface DashboardSettings {
  readonly signIn: SignIn
  readonly connectAs: ConnectAs
  readonly assets: Assets
  readonly version: string
  /** The longest session in milliseconds. A token can end it earlier. */
  readonly sessionMs: number
  /** The API server's address, for people. */
  readonly cluster: string
  /** The namespace whose hooks the page shows first. Absent: those of all namespaces. */
  readonly namespace?: string
  /** The namespace of the installation. */
  readonly systemNamespace: string
  /** Returns the host names under which the page is served. */
  readonly served: () => ServedNames
}

type OfSettings = 'signIn' | 'cluster' | 'namespace' | 'systemNamespace' | 'version'

/**
 * What routes get besides the request. Only the session of a request has a connection to the
 * cluster.
 */
export interface Context extends Pick<DashboardSettings, OfSettings> {
  readonly world: Pick<Environment, 'clock' | 'log' | 'random'>
  readonly sessions: Sessions
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
