/**
 * The token of a trigger URL: keys, minting, verifying. A token says which hook it runs, in which
 * rotation; it is a compact JWS, signed with Ed25519. The same hook, rotation and key give the same
 * token, so minting again changes nothing. Only the controller imports `mint.ts`.
 */
import { isObject, stringAt, tryParseJson } from '../api/json.ts'

/** What a token says: which hook it runs. What that hook does, only the live resource says. */
export interface Claims {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly rotation: number
  /** Milliseconds since the epoch; absent in a token that does not expire. */
  readonly expiresAt?: number
}

/** The header's `typ`: a token of ours can be taken for no other kind of JWT, and no other for it (RFC 8725, 3.11). */
export const tokenType = 'receiverhook+jwt'
export const algorithm = 'EdDSA'

const issuer = 'receiverhooks.dev'
const audience = 'trigger'

/**
 * The payload of a token. It holds no time, nothing random and nothing of the spec, so that the same hook, rotation
 * and key give the same token. `exp` is in seconds (RFC 7519, section 4.1.4).
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

/** Reads what {@link formatClaims} wrote; undefined for any other payload. */
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
