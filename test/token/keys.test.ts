import { array, assert, json, oneof, property, string, uint8Array } from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  formatPublicKeys,
  formatSigningKeys,
  freshSigningKey,
  KeySetUnreadable,
  parsePublicKeys,
  parseSigningKeys,
  publicKeysOf,
  signingKey,
} from '../../src/token/keys.ts'

/** Returns 'read', or the name of the error. */
const outcome = (run: () => unknown): string => {
  try {
    run()
    return 'read'
  } catch (error) {
    return error instanceof Error ? error.name : 'thrown'
  }
}

const seed = (byte: number): Uint8Array => new Uint8Array(32).fill(byte)

/** RFC 8037, appendix A: an Ed25519 key, its public half and its thumbprint. */
const rfc8037 = {
  d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A',
  x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
  kid: 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k',
}

describe('a signing key', () => {
  test('has the thumbprint of RFC 7638 as its kid', () => {
    expect(signingKey(Buffer.from(rfc8037.d, 'base64url')).kid).toBe(rfc8037.kid)
  })

  test('that is made by chance has no kid that a command would take for an option', () => {
    const kidOf = (byte: number): string => signingKey(seed(byte)).kid
    const bytes = Array.from({ length: 256 }, (_, byte) => byte)
    const dashed = bytes.filter(byte => kidOf(byte).startsWith('-'))
    expect(dashed.length).toBeGreaterThan(0)
    const plain = bytes.find(byte => !dashed.includes(byte)) ?? 0
    const drawn = [...dashed, plain]
    expect(freshSigningKey({ bytes: () => seed(drawn.shift() ?? 0) }).kid).toBe(kidOf(plain))
    expect(drawn).toEqual([])
  })

  test('follows from its 32 bytes alone', () => {
    expect(signingKey(seed(7)).kid).toBe(signingKey(seed(7)).kid)
    expect(signingKey(seed(7)).kid).not.toBe(signingKey(seed(8)).kid)
    expect(() => signingKey(new Uint8Array(31))).toThrow('32 bytes, not 31')
  })
})

describe('a key set', () => {
  test('comes back as it was written, in its order', () => {
    assert(
      property(array(uint8Array({ minLength: 32, maxLength: 32 }), { minLength: 1, maxLength: 4 }), seeds => {
        const [first = seed(0), ...others] = seeds
        const keys = [signingKey(first), ...others.map(signingKey)] as const
        const read = parseSigningKeys(formatSigningKeys(keys))
        expect(read.map(key => key.kid)).toEqual(keys.map(key => key.kid))
        expect(formatSigningKeys(read)).toBe(formatSigningKeys(keys))
        const published = parsePublicKeys(formatPublicKeys(keys), '1')
        for (const key of keys) expect(published.find(key.kid)?.equals(key.publicKey)).toBe(true)
      }),
      { numRuns: 30 },
    )
  })

  test('publishes no private member', () => {
    const { kid, publicKey } = signingKey(seed(1))
    const { x } = publicKey.export({ format: 'jwk' })
    expect(JSON.parse(formatPublicKeys([signingKey(seed(1))]))).toEqual({
      keys: [{ kty: 'OKP', crv: 'Ed25519', x, kid, alg: 'EdDSA', use: 'sig' }],
    })
  })

  test('finds a key by its thumbprint, not by the kid of the set', () => {
    const { x, kid } = rfc8037
    const keys = parsePublicKeys(JSON.stringify({ keys: [{ kty: 'OKP', crv: 'Ed25519', x, kid: 'other' }] }), '1')
    expect(keys.find(kid)).toBeDefined()
    expect(keys.find('other')).toBeUndefined()
    expect(publicKeysOf([signingKey(seed(1))], '1').find(kid)).toBeUndefined()
  })

  const { d, x } = rfc8037
  test.each([
    ['no JSON', 'secret-text', 'a JSON object'],
    ['no list', '{"keys":{"secret-text":1}}', 'a list named keys'],
    ['no key', '{"keys":[]}', 'keys is empty'],
    ['no object', '{"keys":["secret-text"]}', 'keys[0] is not an Ed25519 key'],
    [
      'another type of key',
      JSON.stringify({ keys: [{ kty: 'EC', crv: 'P-256', d, x }] }),
      'keys[0] is not an Ed25519 key',
    ],
    ['a public key alone', JSON.stringify({ keys: [{ kty: 'OKP', crv: 'Ed25519', x }] }), 'keys[0].d is not 32 bytes'],
    ['halves that differ', JSON.stringify({ keys: [{ kty: 'OKP', crv: 'Ed25519', d, x: d }] }), 'keys[0].x is not'],
  ])('with %s is an error that says where, and not what', (_, text, message) => {
    const parse = () => parseSigningKeys(text)
    expect(parse).toThrow(KeySetUnreadable)
    expect(parse).toThrow(message)
    expect(parse).not.toThrow(/secret-text|nWGxne/)
  })

  test('of any bytes at all is read or refused as unreadable, never otherwise', () => {
    assert(
      property(oneof(string(), json()), text => {
        for (const parse of [parseSigningKeys, (text: string) => parsePublicKeys(text, '1')]) {
          expect(outcome(() => parse(text))).toMatch(/^(read|KeySetUnreadable)$/)
        }
      }),
    )
  })
})
