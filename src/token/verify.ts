import { compactVerify, errors } from 'jose'
import { isObject, tryParseJson } from '../api/json.ts'
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
  /**
   * It has the form of a token, but the set has no such key. The key may be new: read the set once
   * more.
   */
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
      const known = verified.get(token)
      if (known?.version === keys.version) return unlessExpired(known, now)
      const claims = await verifySignature(token, keys)
      if ('verdict' in claims) return claims
      const fresh = { version: keys.version, claims, id: tokenId(token) }
      verified.set(token, fresh)
      return unlessExpired(fresh, now)
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

const unlessExpired = ({ claims, id }: Verified, now: number): Verdict => {
  const isExpired = claims.expiresAt !== undefined && claims.expiresAt <= now
  return isExpired ? { verdict: 'expired', claims } : { verdict: 'valid', claims, id }
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
