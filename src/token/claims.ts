/**
 * Tokens of trigger URLs: keys, minting, verifying. A token says which hook it runs, and in which
 * rotation. It is a compact JWS, signed with Ed25519. Equal claims and the same key give the same
 * token, so minting again changes nothing. Only the controller imports `mint.ts`.
 */
import { isObject, stringAt, tryParseJson } from '../api/json.ts'

/** The content of a token: which hook it runs. Only the stored hook says what it does. */
export interface Claims {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly rotation: number
  /** When the token expires, in milliseconds since the epoch. Absent if it does not expire. */
  readonly expiresAt?: number
}

/** The header's `typ`. It keeps this token apart from every other kind of JWT (RFC 8725, 3.11). */
export const tokenType = 'receiverhook+jwt'
export const algorithm = 'EdDSA'

const issuer = 'receiverhooks.dev'
const audience = 'trigger'

/**
 * Returns the payload of a token. It has no time of issue and nothing random. So equal claims and
 * the same key give the same token. `exp` is in seconds (RFC 7519, section 4.1.4).
 */
export const formatClaims = ({ namespace, name, uid, rotation, expiresAt }: Claims): string =>
  JSON.stringify({
    iss: issuer,
    aud: audience,
    sub: `${namespace}/${name}`,
    uid,
    rotation,
    ...(expiresAt !== undefined && { exp: expiresAt / 1000 }),
  })

/** Parses a payload of {@link formatClaims}. Returns undefined for any other text. */
export const parseClaims = (payload: string): Claims | undefined => {
  const claims = tryParseJson(payload)
  if (!isObject(claims) || claims['iss'] !== issuer || claims['aud'] !== audience) return undefined
  const [, namespace, name] = /^([^/]+)[/]([^/]+)$/.exec(stringAt(claims, 'sub') ?? '') ?? []
  const { uid, rotation, exp } = claims
  if (namespace === undefined || name === undefined) return undefined
  if (typeof uid !== 'string' || uid === '') return undefined
  if (typeof rotation !== 'number' || !Number.isInteger(rotation) || rotation < 0) return undefined
  if (exp === undefined) return { namespace, name, uid, rotation }
  if (typeof exp !== 'number') return undefined
  return { namespace, name, uid, rotation, expiresAt: Math.round(exp * 1000) }
}
