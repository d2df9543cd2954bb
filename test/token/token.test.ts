import { createHmac } from 'node:crypto'
import {
  assert,
  asyncProperty,
  integer,
  json,
  nat,
  oneof,
  option,
  property,
  record,
  string,
  stringMatching,
  tuple,
  uuid,
} from 'fast-check'
import { CompactSign } from 'jose'
import { describe, expect, test } from 'vitest'
import { parseClaims, type Claims } from '../../src/token/claims.ts'
import { formatPublicKeys, publicKeysOf, signingKey } from '../../src/token/keys.ts'
import { mint, tokenId } from '../../src/token/mint.ts'
import { createVerifier } from '../../src/token/verify.ts'

const key = signingKey(new Uint8Array(32).fill(1))
const other = signingKey(new Uint8Array(32).fill(2))
const keys = publicKeysOf([key], '1')
const claims: Claims = { namespace: 'shop', name: 'web-up', uid: '0b7e63c2-58a1-4f6e-9d41-6a1c0e9b7f00', rotation: 3 }
const now = Date.UTC(2026, 0, 1)

const verify = (token: string, at = now, by = keys) => createVerifier({ remember: 0 }).verify(token, by, at)

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const header = { alg: 'EdDSA', typ: 'receiverhook+jwt', kid: key.kid }
const payload = { iss: 'receiverhooks.dev', aud: 'trigger', sub: 'shop/web-up', uid: 'u', rotation: 0 }

/** Returns a token that our key signed, over any header and payload. */
const signed = (claims: object, changed: object = {}): Promise<string> =>
  new CompactSign(Buffer.from(JSON.stringify(claims)))
    .setProtectedHeader({ ...header, ...changed })
    .sign(key.privateKey)

describe('a minted token', () => {
  test('is this one, byte for byte: no release may change the URLs of an installation', async () => {
    expect(await mint(key, claims)).toMatchInlineSnapshot(
      `"eyJhbGciOiJFZERTQSIsInR5cCI6InJlY2VpdmVyaG9vaytqd3QiLCJraWQiOiJVRERSZU9abDFpcFhBZnA5d1lzbTEzc0RCTUs1b2ctLVFXZEJqenVmNm80In0.eyJpc3MiOiJyZWNlaXZlcmhvb2tzLmRldiIsImF1ZCI6InRyaWdnZXIiLCJzdWIiOiJzaG9wL3dlYi11cCIsInVpZCI6IjBiN2U2M2MyLTU4YTEtNGY2ZS05ZDQxLTZhMWMwZTliN2YwMCIsInJvdGF0aW9uIjozfQ.mjsA5JjgT4Jtxni0XP6-z9R-6HLUNT4DV9J-ZxXNrdIvgFgqlSuf3kX9ZOvglbrtMj5foABlQ9nYH88kDLh8Cg"`,
    )
    expect(await mint(key, { ...claims, expiresAt: now + 500 })).toMatchInlineSnapshot(
      `"eyJhbGciOiJFZERTQSIsInR5cCI6InJlY2VpdmVyaG9vaytqd3QiLCJraWQiOiJVRERSZU9abDFpcFhBZnA5d1lzbTEzc0RCTUs1b2ctLVFXZEJqenVmNm80In0.eyJpc3MiOiJyZWNlaXZlcmhvb2tzLmRldiIsImF1ZCI6InRyaWdnZXIiLCJzdWIiOiJzaG9wL3dlYi11cCIsInVpZCI6IjBiN2U2M2MyLTU4YTEtNGY2ZS05ZDQxLTZhMWMwZTliN2YwMCIsInJvdGF0aW9uIjozLCJleHAiOjE3NjcyMjU2MDAuNX0.XaWFeXr5sbYUXGit9TnRHBV2IkvfjgO4xeopm1Ydm77ezZ1YLFNq7JcpZI9rciiqEXoLVA0Sex1lJmB2hIkbDQ"`,
    )
  })

  test('holds what it was made of, and nothing of the time at which it was made', async () => {
    await assert(
      asyncProperty(
        record({
          namespace: stringMatching(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/),
          name: stringMatching(/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/),
          uid: uuid(),
          rotation: nat(),
        }),
        option(integer({ min: now + 1, max: now + 1e12 }), { nil: undefined }),
        async (hook, expiresAt) => {
          const all = expiresAt === undefined ? hook : { ...hook, expiresAt }
          const token = await mint(key, all)
          expect(await mint(key, all)).toBe(token)
          expect(await verify(token)).toEqual({ verdict: 'valid', claims: all, id: tokenId(token) })
        },
      ),
      { numRuns: 50 },
    )
  })

  test('is named by twelve hexadecimal characters', async () => {
    expect(tokenId(await mint(key, claims))).toMatch(/^[0-9a-f]{12}$/)
  })
})

describe('a verified token', () => {
  test('is expired from the moment of its exp on, and says whose it was', async () => {
    const dying = { ...claims, expiresAt: now + 1000 }
    const token = await mint(key, dying)
    expect(await verify(token, now + 999)).toEqual({ verdict: 'valid', claims: dying, id: tokenId(token) })
    expect(await verify(token, now + 1000)).toEqual({ verdict: 'expired', claims: dying })
  })

  test('is of an unknown key when the set does not hold it', async () => {
    expect(await verify(await mint(other, claims))).toEqual({ verdict: 'unknown key', kid: other.kid })
  })

  test('is checked with any key of the set', async () => {
    expect(await verify(await mint(other, claims), now, publicKeysOf([key, other], '2'))).toMatchObject({
      verdict: 'valid',
    })
  })

  test('is none when any one of its characters is changed', async () => {
    const token = await mint(key, claims)
    for (let index = 0; index < token.length; index++) {
      for (const put of ['A', 'B', 'z', '-', '.', '=', ' ', '']) {
        if (put === token[index]) continue
        const { verdict } = await verify(token.slice(0, index) + put + token.slice(index + 1))
        expect(['invalid', 'unknown key'], `${put} at ${index}`).toContain(verdict)
      }
    }
  })

  test('is none when its last character is any other of the sixteen that decode to the same signature', async () => {
    const token = await mint(key, claims)
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const good = []
    for (const last of alphabet) {
      if ((await verify(token.slice(0, -1) + last)).verdict === 'valid') good.push(last)
    }
    expect(good).toEqual([token.at(-1)])
  })

  test.each<[string, object, object?]>([
    ['another typ', payload, { typ: 'JWT' }],
    ['no typ', payload, { typ: undefined }],
    ['a member more in its header', payload, { jku: 'https://example.com' }],
    ['another issuer', { ...payload, iss: 'someone' }],
    ['another audience', { ...payload, aud: 'dashboard' }],
    ['an audience in a list', { ...payload, aud: ['trigger'] }],
    ['no issuer', { ...payload, iss: undefined }],
    ['no audience', { ...payload, aud: undefined }],
    ['no subject', { ...payload, sub: undefined }],
    ['a subject without a namespace', { ...payload, sub: 'web-up' }],
    ['a subject of three parts', { ...payload, sub: 'a/b/c' }],
    ['no uid', { ...payload, uid: undefined }],
    ['an empty uid', { ...payload, uid: '' }],
    ['no rotation', { ...payload, rotation: undefined }],
    ['a rotation in a string', { ...payload, rotation: '0' }],
    ['a negative rotation', { ...payload, rotation: -1 }],
    ['an exp in a string', { ...payload, exp: '2030-01-01T00:00:00Z' }],
    ['an exp that is null', { ...payload, exp: null }],
    ['a payload that is a list', [payload]],
  ])('is none with %s, though our key signed it', async (_, payload, changed = {}) => {
    expect(await verify(await signed(payload, changed))).toEqual({ verdict: 'invalid' })
  })

  test('is one with just the members that a token has', async () => {
    expect(await verify(await signed(payload))).toMatchObject({ verdict: 'valid' })
  })

  test('is none with alg none, with or without a signature', async () => {
    const unsigned = `${part({ ...header, alg: 'none' })}.${part(payload)}`
    const [, , signature] = (await signed(payload)).split('.')
    for (const token of [`${unsigned}.`, `${unsigned}.${signature}`, unsigned]) {
      expect(await verify(token)).toEqual({ verdict: 'invalid' })
    }
  })

  test('is none when it is an HMAC keyed with what everyone can read, our public key', async () => {
    const spki = key.publicKey.export({ format: 'der', type: 'spki' })
    for (const secret of [spki, spki.subarray(-32), Buffer.from(formatPublicKeys([key])), Buffer.from(key.kid)]) {
      for (const alg of ['HS256', 'HS512', 'EdDSA']) {
        const input = `${part({ ...header, alg })}.${part(payload)}`
        const signature = createHmac(alg === 'HS256' ? 'sha256' : 'sha512', secret)
          .update(input)
          .digest('base64url')
        expect(await verify(`${input}.${signature}`)).toEqual({ verdict: 'invalid' })
      }
    }
  })

  test('is none when it is any text, of any length', async () => {
    const base64url = stringMatching(/^[A-Za-z0-9_-]{1,200}$/)
    const texts = oneof(
      string({ maxLength: 5000 }),
      tuple(base64url, base64url, stringMatching(/^[A-Za-z0-9_-]{85}A$/)).map(parts => parts.join('.')),
      tuple(json(), json()).map(([h, p]) => `${part(h)}.${part(p)}.${'A'.repeat(86)}`),
    )
    await assert(
      asyncProperty(texts, async text => {
        expect((await verify(text)).verdict).toBe('invalid')
      }),
    )
    expect(await verify(`${part(header)}.${'A'.repeat(1_000_000)}.${'A'.repeat(86)}`)).toEqual({ verdict: 'invalid' })
  })
})

describe('a payload', () => {
  test('that is any other JSON says nothing', () => {
    assert(
      property(json(), text => {
        expect(parseClaims(text)).toBeUndefined()
      }),
    )
  })
})

describe('a verifier', () => {
  test('checks a signature once for each version of the key set', async () => {
    let found = 0
    const counting = (version: string) => ({ version, find: (kid: string) => (found++, keys.find(kid)) })
    const verifier = createVerifier({ remember: 10 })
    const token = await mint(key, { ...claims, expiresAt: now + 1000 })
    for (const version of ['1', '1', '1', '2', '2']) await verifier.verify(token, counting(version), now)
    expect(found).toBe(2)
    expect((await verifier.verify(token, counting('2'), now + 1000)).verdict).toBe('expired')
    expect(found).toBe(2)
  })

  test('forgets what it knew of a key that the set has lost', async () => {
    const verifier = createVerifier({ remember: 10 })
    const token = await mint(key, claims)
    expect(await verifier.verify(token, keys, now)).toMatchObject({ verdict: 'valid' })
    expect(await verifier.verify(token, publicKeysOf([other], '2'), now)).toMatchObject({ verdict: 'unknown key' })
  })

  test('remembers no more than it is allowed, and keeps what is used', async () => {
    const verifier = createVerifier({ remember: 10 })
    const used = await mint(key, claims)
    let checks = 0
    const counting = { version: '1', find: (kid: string) => (checks++, keys.find(kid)) }
    await verifier.verify(used, counting, now)
    for (let rotation = 100; rotation < 140; rotation++) {
      await verifier.verify(await mint(key, { ...claims, rotation }), counting, now)
      await verifier.verify(used, counting, now)
      expect(verifier.size).toBeLessThanOrEqual(10)
    }
    expect(checks).toBe(41)
  })

  test('remembers no token that is wrong', async () => {
    const verifier = createVerifier({ remember: 10 })
    const token = await mint(key, claims)
    for (const put of 'ABCDEFGHIJK') await verifier.verify(token.slice(0, -50) + put + token.slice(-49), keys, now)
    expect(verifier.size).toBeLessThanOrEqual(1)
  })
})
