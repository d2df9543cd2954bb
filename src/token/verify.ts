import { compactVerify, errors } from 'jose'
import { isObject, tryParseJson } from '../api/json.ts'
import { algorithm, parseClaims, tokenType, type Claims } from './claims.ts'
import type { PublicKeys } from './keys.ts'

/** What a text turns out to be when it is taken for a token. Of the text itself it holds nothing. */
export type Verdict =
  | { readonly verdict: 'valid'; readonly claims: Claims }
  /** Ours, and past its time. */
  | { readonly verdict: 'expired'; readonly claims: Claims }
  /** Shaped like ours, but the set has no such key. It may have been published a moment ago: read the set once more. */
  | { readonly verdict: 'unknown key'; readonly kid: string }
  | { readonly verdict: 'invalid' }

export interface Verifier {
  /** Judges `token` by `keys`, at the moment `now` (milliseconds since the epoch). Rejects only for faults of ours. */
  verify(token: string, keys: PublicKeys, now: number): Promise<Verdict>
  /** The claims of a token whose signature was right a while ago. It says nothing of the keys that are valid now. */
  known(token: string): Claims | undefined
  /** What a token says of itself whose key is in the set. Its signature may be wrong: it says which hook to ask about, and no more. */
  claimed(token: string, keys: PublicKeys): Claims | undefined
  /** How many tokens are remembered. */
  readonly size: number
}

/**
 * Makes a verifier that remembers the tokens whose signature was right, at most `remember` of them,
 * each for the version of the key set that it was checked with. It does not remember wrong ones: a
 * flood of forged tokens must not push the good ones out.
 */
export const createVerifier = (options: { readonly remember: number }): Verifier => {
  const verified = recentlyUsed<Verified>(options.remember)
  return {
    verify: async (token, keys, now) => {
      const known = verified.get(token)
      if (known?.version === keys.version) return judge(known, now)
      const claims = await verifySignature(token, keys)
      if ('verdict' in claims) return claims
      const fresh = { version: keys.version, claims }
      verified.set(token, fresh)
      return judge(fresh, now)
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
  /** Of the key set. */
  readonly version: string
  readonly claims: Claims
}

const judge = ({ claims }: Verified, now: number): Verdict => {
  const expired = claims.expiresAt !== undefined && claims.expiresAt <= now
  return { verdict: expired ? 'expired' : 'valid', claims }
}

/** Longer than any token: a namespace and a name of the greatest length give about 900 characters. */
const maxTokenLength = 2048

/**
 * Three parts in base64url, the last one 64 bytes long. Its last character has four bits that decode to nothing: they
 * have to be zero, or sixteen texts would be one token.
 */
const shape = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{85}[AQgw]$/

/** True if a text has the length and the shape of a token, which says nothing of whether it is one. */
export const hasTokenShape = (text: string): boolean => text.length <= maxTokenLength && shape.test(text)

/**
 * Length and shape come before any cryptography, algorithm and type are pinned, and until the signature is found right
 * nothing is believed but which key to check it with (RFC 8725, sections 3.1 and 3.11).
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

/** The `kid` of a header with exactly the members that ours have; undefined for any other. */
const keyIdOf = (token: string): string | undefined => {
  const header = tryParseJson(Buffer.from(token.slice(0, token.indexOf('.')), 'base64url').toString())
  if (!isObject(header) || Object.keys(header).length !== 3) return undefined
  const { alg, typ, kid } = header
  return alg === algorithm && typ === tokenType && typeof kid === 'string' ? kid : undefined
}

/**
 * A map of at most `limit` entries that loses the least used ones: two generations, and when the young one is half the
 * limit it becomes the old one. Looking up an entry of the young generation moves nothing.
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
