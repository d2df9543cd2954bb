import { Buffer } from 'node:buffer'
import { at, stringAt, tryParseJson } from '../../api/json.ts'
import { ask, ApiRefused } from './api.ts'
import { Refused } from './refused.ts'
import type { SessionConnection, SignedIn } from './session.ts'

/** Opens a connection to the API server: with a bearer token, or without one as whoever started the program. */
export type ConnectAs = (token?: string) => SessionConnection

/** Who the API server takes for everybody that shows no credential. */
const anonymous = 'system:anonymous'

/**
 * Asks the API server who a token belongs to. A blank or unknown one must not pass for somebody: the API server answers
 * `/version` to anybody, but a SelfSubjectReview says whom it sees. Throws {@link Refused}, with status 401 where it knows no such token.
 */
export const signIn = async (connectAs: ConnectAs, token?: string): Promise<SignedIn> => {
  const api = connectAs(token)
  try {
    const review = await ask(api, {
      method: 'POST',
      path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
      body: JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }),
    })
    const user = stringAt(review, 'status', 'userInfo', 'username')
    if (user === undefined || user === '' || user === anonymous) throw unknown(token)
    const groups = at(review, 'status', 'userInfo', 'groups')
    const endsAt = token === undefined ? undefined : expiryOf(token)
    return {
      api,
      user,
      groups: Array.isArray(groups) ? groups.filter(group => typeof group === 'string') : [],
      ...(endsAt === undefined ? {} : { credentialEndsAt: endsAt }),
    }
  } catch (error) {
    await api.close()
    const isUnknown = error instanceof ApiRefused && (error.status === 401 || error.status === 403)
    throw isUnknown ? unknown(token) : error
  }
}

const unknown = (token: string | undefined): Refused =>
  token === undefined
    ? new Refused(
        401,
        'UnknownUser',
        'the API server does not know the user of the kubeconfig: try kubectl auth whoami',
      )
    : new Refused(
        401,
        'UnknownToken',
        'the API server does not know this token: it may have ended, or be cut off; make a new one',
      )

/** A token as it was pasted: without the word Bearer, quotes, blanks and line breaks. */
export const pastedToken = (text: string): string =>
  text
    .replaceAll(/[\s"'`]/g, '')
    .replace(/^authorization:/i, '')
    .replace(/^bearer/i, '')

/** The token of an `Authorization: Bearer` header (RFC 6750, 2.1). */
export const bearerIn = (header: string | undefined): string | undefined =>
  /^Bearer +([A-Za-z0-9\-._~+/]+=*)$/i.exec(header ?? '')?.[1]

/** When a JWT ends, in milliseconds since the epoch. The API server judges it; this is for telling people in time. */
const expiryOf = (token: string): number | undefined => {
  const payload = tryParseJson(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
  const seconds = at(payload, 'exp')
  return typeof seconds === 'number' && Number.isFinite(seconds) ? seconds * 1000 : undefined
}
