import { createHash } from 'node:crypto'
import { compactVerify, errors } from 'jose'
import type { AskedClaim, IssuerAuth } from '../api/auth.ts'
import { isObject, tryParseJson, type JsonObject } from '../api/json.ts'
import { BoundedMap } from '../environment/bounded-map.ts'
import type { IssuerKey, IssuerKeys } from './issuer-keys.ts'

/** The parts of an ID token (RFC 7519) before its signature is verified. Nothing of them is proved. */
export interface ReadIdToken {
  readonly text: string
  readonly algorithm: string
  readonly kid: string
  readonly claims: JsonObject
}

/** Why a token is refused. The text has nothing of the token. */
export interface RefusedIdToken {
  readonly refused: string
}

/** The longest token, in characters. Tokens of CI systems have 1.6 to 4 kB. */
const maxIdTokenLength = 8192
/** The longest time from `iat` to `exp`, in seconds. */
const maxLifetime = 24 * 3600
/** How far the clocks of issuer and trigger may be apart, in seconds. */
const clockSkew = 60
/** How many good tokens are remembered, so that a sender's further posts cost no cryptography. */
const maxGood = 1000

const shape = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/
const algorithms: ReadonlySet<unknown> = new Set(['RS256', 'PS256', 'ES256', 'EdDSA'])
const types: ReadonlySet<string> = new Set(['jwt', 'at+jwt', 'application/at+jwt'])

/**
 * Reads a token without verifying it. Returns undefined for any text that is none. Only `alg`,
 * `kid` and `typ` of the header count: a key that the token names or has itself is never read (RFC
 * 8725, section 3.10).
 */
export const readIdToken = (text: string): ReadIdToken | undefined => {
  if (text.length > maxIdTokenLength || !shape.test(text)) return undefined
  const [head = '', payload = ''] = text.split('.')
  const [header, claims] = [parsed(head), parsed(payload)]
  if (!header || !claims || header['crit'] !== undefined || header['b64'] !== undefined) return undefined
  const { alg, kid, typ } = header
  const isTyped = typ === undefined || (typeof typ === 'string' && types.has(typ.toLowerCase()))
  if (!isTyped || typeof alg !== 'string' || !algorithms.has(alg)) return undefined
  return typeof kid === 'string' && kid.length <= 256 ? { text, algorithm: alg, kid, claims } : undefined
}

const parsed = (part: string): JsonObject | undefined => {
  const value = tryParseJson(Buffer.from(part, 'base64url').toString())
  return isObject(value) ? value : undefined
}

/** Verifies tokens for hooks. `now` is in milliseconds since the epoch. */
export type VerifyIdToken = (
  token: ReadIdToken | undefined,
  auth: IssuerAuth,
  now: number,
) => Promise<'valid' | 'unavailable' | RefusedIdToken>

/**
 * Makes a verifier that remembers good tokens, each with its key. A token whose key
 * has left the issuer's set is verified again, and then refused.
 *
 * The claims are compared first, because that costs little, and most wrong tokens end there. They
 * count only with a valid signature.
 */
export const idTokenVerifier = (keys: Pick<IssuerKeys, 'find'>): VerifyIdToken => {
  const good = new BoundedMap<string, IssuerKey>(maxGood)
  return async (token, auth, now) => {
    if (!token) return { refused: 'the post has no token that can be verified' }
    const wrong = wrongIn(token.claims, auth, now)
    if (wrong !== undefined) return { refused: wrong }
    const key = await keys.find(auth.issuer, token.kid)
    if (key === 'unavailable') return key
    if (key === 'unknown') return { refused: 'the issuer has no such key' }
    if (!key.algorithms.includes(token.algorithm)) return { refused: 'the algorithm does not fit the key' }
    const hash = createHash('sha256').update(token.text).digest('base64')
    if (good.get(hash) === key) return 'valid'
    if (!(await isSigned(token, key))) return { refused: 'the signature is not valid' }
    good.set(hash, key)
    return 'valid'
  }
}

const isSigned = async ({ algorithm, text }: ReadIdToken, { jwk }: IssuerKey): Promise<boolean> => {
  try {
    await compactVerify(text, jwk, { algorithms: [algorithm] })
    return true
  } catch (error) {
    // Numbers of a key that are none make jose throw the errors of the cryptography.
    if (error instanceof errors.JOSEError || error instanceof DOMException || error instanceof TypeError) return false
    throw error
  }
}

const wrongIn = (claims: JsonObject, auth: IssuerAuth, now: number): string | undefined => {
  if (claims['iss'] !== auth.issuer) return 'it is from another issuer'
  if (!isFor(claims['aud'], auth.audience)) return 'it is for another audience'
  const time = wrongTime(claims, Math.floor(now / 1000))
  if (time !== undefined) return time
  const wrong = auth.claims.find(asked => !holds(claims, asked))
  return wrong && `the claim ${wrong.name} is missing or has another value`
}

const isFor = (aud: unknown, audience: string): boolean =>
  aud === audience || (Array.isArray(aud) && aud.includes(audience))

const wrongTime = (claims: JsonObject, now: number): string | undefined => {
  const [exp, iat, nbf] = [claims['exp'], claims['iat'], claims['nbf'] ?? 0]
  if (!isTime(exp) || !isTime(iat) || !isTime(nbf)) return 'it does not say when it is valid'
  if (exp <= iat || exp - iat > maxLifetime) return 'it is valid for more than 24 hours'
  if (exp + clockSkew <= now) return 'it has expired'
  return iat - clockSkew > now || nbf - clockSkew > now ? 'it is not valid yet' : undefined
}

const isTime = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)

/**
 * Returns whether a claim has one of the values that a hook asks for. An address of email counts
 * only if the issuer has verified it.
 */
const holds = (claims: JsonObject, { name, oneOf }: AskedClaim): boolean => {
  if (!Object.hasOwn(claims, name)) return false
  if (name === 'email' && claims['email_verified'] !== true) return false
  const value = claims[name]
  const values = Array.isArray(value) ? value : [value]
  return values.some(one => oneOf.includes(textOf(one) ?? ''))
}

/** Returns a text, a number or a boolean as JSON writes it. Numbers that JavaScript rounds have no text. */
const textOf = (value: unknown): string | undefined => {
  if (typeof value === 'string') return value
  return typeof value === 'boolean' || Number.isSafeInteger(value) ? String(value) : undefined
}
