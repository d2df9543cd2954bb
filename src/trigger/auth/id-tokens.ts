import { issuerNotAllowed, type IssuerAuth } from '../../api/auth.ts'
import { byClaims, type Proved } from '../../api/by.ts'
import type { Environment } from '../../environment/environment.ts'
import { rateLimiter } from '../../environment/rate.ts'
import { idTokenVerifier, readIdToken, type ReadIdToken } from '../../token/id-token.ts'
import type { IssuerKeys } from '../../token/issuer-keys.ts'
import { refusal } from '../answer.ts'
import { sentAs, type AuthFailure } from './shown.ts'
import type { LiveHook } from '../hook.ts'
import { tokenLines } from '../limits.ts'
import type { Headers } from './signed.ts'

/** Checks the ID tokens of posts (OpenID Connect). */
export interface IdTokens {
  /** Checks a post's token against the hook's `auth`. */
  check(hook: LiveHook, auth: IssuerAuth, headers: Headers): Promise<AuthFailure | Proved>
  /**
   * Returns whether the keys that a post's token needs cannot be known now. It does not depend on the hook.
   * At a URL with a name, each name then gets the same answer, after the same wait.
   */
  areKeysAway(headers: Headers): Promise<boolean>
}

export const idTokensOf = ({ clock, log }: Pick<Environment, 'clock' | 'log'>, keys: IssuerKeys): IdTokens => {
  const verify = idTokenVerifier(keys)
  const lines = rateLimiter(clock, 1)
  return {
    check: async ({ name, namespace }, auth, headers) => {
      if (!keys.allows(auth.issuer)) {
        return { outcome: 'failed', reason: 'IssuerNotAllowed', message: issuerNotAllowed(auth) }
      }
      const token = tokenIn(headers)
      const verdict = await verify(token, auth, clock.now())
      if (verdict === 'valid') return { by: token && byClaims(token.claims) }
      if (verdict === 'unavailable') return { refused: refusal(503, 'IssuerUnavailable') }
      // The answer does not say what is wrong, because that would help a stranger. The log does.
      if (lines.take('', tokenLines)) {
        log.info({ namespace, hook: name, why: verdict.refused }, "a post's ID token was refused")
      }
      return { refused: refusal(401, 'Unauthorized', bearerChallenge) }
    },
    areKeysAway: async headers => {
      const token = tokenIn(headers)
      const issuer = token?.claims['iss']
      if (!token || typeof issuer !== 'string' || !keys.allows(issuer)) return false
      return (await keys.find(issuer, token.kid)) === 'unavailable'
    },
  }
}

/** The header WWW-Authenticate of an answer 401 (RFC 6750, section 3). */
export const bearerChallenge = { 'www-authenticate': 'Bearer realm="receiver-hooks"' } as const

const tokenIn = (headers: Headers): ReadIdToken | undefined => readIdToken(sentAs('bearer', headers))
