import { compactVerify, errors } from 'jose'
import { isObject, tryParseJson } from '../api/json.ts'
import type { Minted } from '../api/status.ts'
import { parseTime } from '../environment/time.ts'
import { algorithm, parseClaims, tokenType, type Claims } from './claims.ts'
import type { PublicKeys } from './keys.ts'
import { tokenId } from './mint.ts'

/**
 * The result of verifying a text as a token. It does not contain the text, so it can be logged. `id` is
 * the {@link tokenId} of the text.
 */
export type Verdict =
  | { readonly verdict: 'valid'; readonly claims: Claims; readonly id: string }
  /** The signature is valid, but the token has expired. */
  | { readonly verdict: 'expired'; readonly claims: Claims }
  /** It has the form of a token, but the set has no such key. The key may be new: read the set once more. */
  | { readonly verdict: 'unknown key'; readonly kid: string }
  | { readonly verdict: 'invalid' }

export interface Verifier {
  /**
   * Verifies `token` with `keys` at the time `now` (milliseconds since the epoch). Rejects only
   * because of a bug.
   */
  verify(token: string, keys: PublicKeys, now: number): Promise<Verdict>
  /**
   * Returns the claims of a token whose signature was found valid earlier. By now the token may
   * have expired, or its key may have left the key set. Undefined if no valid signature is
   * remembered.
   */
  known(token: string): Claims | undefined
  /**
   * Returns the claims in a token whose key is in the set, without checking its signature. Use them
   * only to decide which hook to ask about.
   */
  claimed(token: string, keys: PublicKeys): Claims | undefined
  /** The number of remembered tokens. */
  readonly size: number
}

/**
 * Makes a verifier that remembers valid signatures, at most `remember`, each for one version of the
 * key set. Invalid ones are not remembered: a flood of forged tokens must not push out the valid
 * ones.
 */
export const createVerifier = (options: { readonly remember: number }): Verifier => {
  const verified = recentlyUsed<Verified>(options.remember)
  return {
    verify: async (token, keys, now) => {
      let known = verified.get(token)
      if (known?.version !== keys.version) {
        const signed = await verifySignature(token, keys)
        if ('verdict' in signed) return signed
        known = { version: keys.version, claims: signed, id: tokenId(token) }
        verified.set(token, known)
      }
      const { claims, id } = known
      const isExpired = claims.expiresAt !== undefined && claims.expiresAt <= now
      return isExpired ? { verdict: 'expired', claims } : { verdict: 'valid', claims, id }
    },
    known: token => verified.get(token)?.claims,
    claimed: (token, keys) => {
      const kid = hasTokenShape(token) ? keyIdOf(token) : undefined
      if (kid === undefined || !keys.find(kid)) return undefined
      return parseClaims(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
    },
    get size() {
      return verified.size
    },
  }
}

interface Verified {
  /** The version of the key set. */
  readonly version: string
  readonly claims: Claims
  readonly id: string
}

/**
 * The longest text that can be a token, in characters. With the longest namespace and name, a token
 * has about 900.
 */
const maxTokenLength = 2048

/**
 * The form of a token: three parts in base64url, the last for 64 bytes. The unused four bits of its
 * last character must be zero; otherwise sixteen texts would be one token.
 */
const shape = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{85}[AQgw]$/

/** Returns whether a text has the length and form of a token. The token may still be invalid. */
export const hasTokenShape = (text: string): boolean => text.length <= maxTokenLength && shape.test(text)

/**
 * Verifies a text's signature. Length and form are checked before any cryptography; algorithm and
 * type are fixed. Until the signature is valid, only the key's id is used (RFC 8725, sections 3.1
 * and 3.11).
 */
const verifySignature = async (
  token: string,
  keys: PublicKeys,
): Promise<Claims | Extract<Verdict, { verdict: 'unknown key' | 'invalid' }>> => {
  if (!hasTokenShape(token)) return { verdict: 'invalid' }
  const kid = keyIdOf(token)
  if (kid === undefined) return { verdict: 'invalid' }
  const key = keys.find(kid)
  if (!key) return { verdict: 'unknown key', kid }
  try {
    const { payload } = await compactVerify(token, key, { algorithms: [algorithm] })
    return parseClaims(Buffer.from(payload).toString()) ?? { verdict: 'invalid' }
  } catch (error) {
    if (error instanceof errors.JOSEError) return { verdict: 'invalid' }
    throw error
  }
}

/**
 * Returns the `kid` in the header of a token. Undefined if the header's algorithm, type or members
 * are not those of a hook's token.
 */
export const keyIdOf = (token: string): string | undefined => {
  const header = tryParseJson(Buffer.from(token.slice(0, token.indexOf('.')), 'base64url').toString())
  if (!isObject(header) || Object.keys(header).length !== 3) return undefined
  const { alg, typ, kid } = header
  return alg === algorithm && typ === tokenType && typeof kid === 'string' ? kid : undefined
}

/** What a cached hook says of a verified token. */
export type Acceptance =
  | 'accepted'
  /** A later rotation replaced it, and the overlap is over. */
  | 'rotated'
  /**
   * The cached hook is too old to decide: the token has a later rotation, or belongs to another
   * hook of that name. Read the hook again.
   */
  | 'newer than known'

/**
 * Decides whether a hook accepts verified claims at `now`.
 * A token of the previous rotation is accepted during the overlap. It is also accepted as long as
 * the controller has published no newer one, because senders cannot have another. With an overlap
 * of 0, no previous token is accepted, regardless of the status.
 */
export const acceptance = (
  claims: Claims,
  hook: {
    readonly uid: string
    readonly rotation: number
    readonly overlapMs: number
    readonly minted?: Minted | undefined
  },
  now: number,
): Acceptance => {
  const { uid, rotation, overlapMs, minted } = hook
  if (claims.uid !== uid || claims.rotation > rotation) return 'newer than known'
  if (claims.rotation === rotation) return 'accepted'
  if (overlapMs === 0 || !minted) return 'rotated'
  if (claims.rotation === minted.rotation) return 'accepted'
  const { previous } = minted
  return claims.rotation === previous?.rotation && now < parseTime(previous.acceptedUntil) ? 'accepted' : 'rotated'
}

/**
 * Returns a map of at most `limit` entries that drops those used least recently. It has two
 * generations: when the young one reaches half the limit, it becomes the old one. Reading an entry
 * of the young generation moves nothing.
 */
const recentlyUsed = <T>(limit: number) => {
  const half = Math.floor(limit / 2)
  let young = new Map<string, T>()
  let old = new Map<string, T>()
  const set = (key: string, value: T): void => {
    if (half === 0) return
    old.delete(key)
    if (young.size >= half && !young.has(key)) {
      old = young
      young = new Map()
    }
    young.set(key, value)
  }
  return {
    set,
    get: (key: string): T | undefined => {
      const found = young.get(key)
      if (found !== undefined) return found
      const older = old.get(key)
      if (older !== undefined) set(key, older)
      return older
    },
    get size() {
      return young.size + old.size
    },
  }
}
