import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { at, isObject, stringAt, tryParseJson, type JsonObject } from '../api/json.ts'
import type { Random } from '../environment/environment.ts'

/** A key that signs tokens: Ed25519 (RFC 8032). */
export interface SigningKey {
  /** The thumbprint of its public key (RFC 7638): the `kid` of its tokens. */
  readonly kid: string
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

/** The private key set. The first key signs; all verify. */
export type SigningKeys = readonly [SigningKey, ...SigningKey[]]

/** One version of the public key set. */
export interface PublicKeys {
  /** A text that changes whenever the content of the set changes. */
  readonly version: string
  find(kid: string): KeyObject | undefined
}

/** The number of random bytes from which a key is made. */
export const seedLength = 32

/** A key set that cannot be parsed. The message names the wrong member, never its content. */
export class KeySetUnreadable extends Error {
  override readonly name = 'KeySetUnreadable'
}

/** The bytes before the seed in the PKCS #8 form of every Ed25519 key (RFC 8410, section 7). */
const pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex')

/** Makes a key from {@link seedLength} random bytes. The same bytes give the same key. */
export const signingKey = (seed: Uint8Array): SigningKey => {
  if (seed.length !== seedLength) throw new TypeError(`a key has ${seedLength} bytes, not ${seed.length}`)
  const privateKey = createPrivateKey({ key: Buffer.concat([pkcs8Prefix, seed]), format: 'der', type: 'pkcs8' })
  const publicKey = createPublicKey(privateKey)
  return { kid: thumbprint(publicKey), privateKey, publicKey }
}

/**
 * Makes a random key. Its kid does not begin with a dash, because a shell command would read it as
 * an option.
 */
export const freshSigningKey = (random: Random): SigningKey => {
  for (;;) {
    const key = signingKey(random.bytes(seedLength))
    if (!key.kid.startsWith('-')) return key
  }
}

/** Returns the JWKS of a private key set, as the Secret stores it. */
export const formatSigningKeys = (keys: SigningKeys): string =>
  formatSet(keys.map(({ kid, privateKey }) => ({ ...jwkOf(privateKey), kid })))

/** Returns the JWKS of the public keys, as the ConfigMap stores it. */
export const formatPublicKeys = (keys: SigningKeys): string =>
  formatSet(keys.map(({ kid, publicKey }) => ({ ...jwkOf(publicKey), kid })))

/** Parses the JWKS of {@link formatSigningKeys}. Throws {@link KeySetUnreadable}. */
export const parseSigningKeys = (jwks: string): SigningKeys => {
  const [first, ...others] = parseSet(jwks, (jwk, where) => {
    const key = signingKey(bytesAt(jwk, 'd', where))
    if (jwk['x'] !== jwkOf(key.publicKey).x)
      throw new KeySetUnreadable(`${where}.x is not the public half of ${where}.d`)
    return key
  })
  if (!first) throw new KeySetUnreadable('keys is empty: expected at least a signing key')
  return [first, ...others]
}

/** Parses the JWKS of {@link formatPublicKeys}. Throws {@link KeySetUnreadable}. */
export const parsePublicKeys = (jwks: string, version: string): PublicKeys => {
  const keys = parseSet(jwks, (jwk, where) => {
    const x = Buffer.from(bytesAt(jwk, 'x', where)).toString('base64url')
    return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
  })
  return publicKeys(keys, version)
}

/** Returns the public keys of a private set. */
export const publicKeysOf = (keys: SigningKeys, version: string): PublicKeys =>
  publicKeys(
    keys.map(key => key.publicKey),
    version,
  )

const publicKeys = (keys: readonly KeyObject[], version: string): PublicKeys => {
  const byThumbprint = new Map(keys.map(key => [thumbprint(key), key]))
  return { version, find: kid => byThumbprint.get(kid) }
}

const jwkOf = (key: KeyObject): { kty: string; crv: string; x: string; d?: string } => {
  const { kty = '', crv = '', x = '', d } = key.export({ format: 'jwk' })
  return { kty, crv, x, ...(d !== undefined && { d }) }
}

/** Returns the thumbprint of a key (RFC 7638): the hash of its required members in alphabetical order. */
const thumbprint = (publicKey: KeyObject): string => {
  const { kty, crv, x } = jwkOf(publicKey)
  return createHash('sha256').update(JSON.stringify({ crv, kty, x })).digest('base64url')
}

const formatSet = (jwks: readonly JsonObject[]): string =>
  JSON.stringify({ keys: jwks.map(jwk => ({ ...jwk, alg: 'EdDSA', use: 'sig' })) })

/** Parses a key set. A stored `kid` is ignored: the id of a key is always its thumbprint. */
const parseSet = <T>(text: string, parse: (jwk: JsonObject, where: string) => T): T[] => {
  const set = tryParseJson(text)
  const keys = at(set, 'keys')
  if (!Array.isArray(keys)) throw new KeySetUnreadable('expected a JSON object with a list named keys (a JWKS)')
  return keys.map((jwk: unknown, index) => {
    const where = `keys[${index}]`
    if (!isObject(jwk) || jwk['kty'] !== 'OKP' || jwk['crv'] !== 'Ed25519') {
      throw new KeySetUnreadable(`${where} is not an Ed25519 key: expected kty OKP and crv Ed25519`)
    }
    return parse(jwk, where)
  })
}

const bytesAt = (jwk: JsonObject, member: string, where: string): Uint8Array => {
  const bytes = Buffer.from(stringAt(jwk, member) ?? '', 'base64url')
  if (bytes.length !== seedLength)
    throw new KeySetUnreadable(`${where}.${member} is not ${seedLength} bytes in base64url`)
  return bytes
}
