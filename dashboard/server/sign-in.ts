import { Buffer } from 'node:buffer'
import { at, stringAt, tryParseJson } from '../../src/api/json.ts'
import { ask, ApiRefused } from './api.ts'
import { RefusedError } from './refused.ts'
import type { SessionConnection, SignedIn } from './session.ts'

/**
 * Opens a connection to the API server with a bearer token. Without a token, the connection uses
 * the identity of this process.
 */
export type ConnectAs = (token?: string) => SessionConnection

/** The API server's user for a request without a credential. */
const anonymous = 'system:anonymous'

/**
 * Asks the API server who a token belongs to, with a SelfSubjectReview. A request for `/version`
 * would prove nothing, because it needs no valid token. Throws {@link RefusedError}, with status
 * 401 for an unknown token.
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

const unknown = (token: string | undefined): RefusedError =>
  token === undefined
    ? new RefusedError(
        401,
        'UnknownUser',
        "the API server does not know the kubeconfig's user: try kubectl auth whoami",
      )
    : new RefusedError(
        401,
        'UnknownToken',
        'the API server does not accept this token: it may have expired, or be incomplete; make a new one',
      )

/**
 * Removes quotes, blanks, line breaks and a leading `Authorization: Bearer` from a pasted token.
 */
export const pastedToken = (text: string): string =>
  text
    .replaceAll(/[\s"'`“”‘’„]/g, '')
    .replace(/^authorization:/i, '')
    .replace(/^bearer/i, '')

/** Returns whether a header can hold a pasted token. A text that was cut short may end with an ellipsis. */
export const isSendable = (token: string): boolean => /^[\x21-\x7e]+$/.test(token)

/** Returns the token in the header `Authorization: Bearer` (RFC 6750, 2.1), or undefined. */
export const bearerIn = (header: string | undefined): string | undefined =>
  /^Bearer +([A-Za-z0-9\-._~+/]+=*)$/i.exec(header ?? '')?.[1]

/**
 * Returns when a JWT expires, in milliseconds since the epoch, or undefined if that is unknown. The
 * JWT is not verified, because only the API server can do that.
 */
const expiryOf = (token: string): number | undefined => {
  const payload = tryParseJson(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
  const seconds = at(payload, 'exp')
  return typeof seconds === 'number' && Number.isFinite(seconds) ? seconds * 1000 : undefined
}
