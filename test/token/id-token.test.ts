import { createHmac, createPublicKey } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import type { IssuerAuth } from '../../src/api/auth.ts'
import { idTokenVerifier, readIdToken } from '../../src/token/id-token.ts'
import { issuerKeysOf } from '../../src/token/issuer-keys.ts'
import { testEnvironment } from '../support/environment.ts'
import { signedToken, signingKey, type SigningKey, type TestClaims } from '../support/issuer.ts'

const issuer = 'https://token.actions.githubusercontent.com'
const auth: IssuerAuth = {
  form: 'oidc',
  issuer,
  audience: 'https://hooks.example.com/v1/hooks/shop/web-up',
  claims: [
    { name: 'repository_id', oneOf: ['123456'] },
    { name: 'ref', oneOf: ['refs/heads/main', 'refs/heads/next'] },
  ],
}
const now = Date.UTC(2026, 10, 28)
const seconds = now / 1000
const good: TestClaims = {
  iss: issuer,
  aud: auth.audience,
  iat: seconds - 10,
  nbf: seconds - 10,
  exp: seconds + 300,
  repository_id: '123456',
  ref: 'refs/heads/main',
}

const algorithms = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const
let keys: Readonly<Record<(typeof algorithms)[number], SigningKey>>
let stranger: SigningKey
beforeAll(async () => {
  const [rs, ps, es, ed] = await Promise.all(algorithms.map(algorithm => signingKey(`key-${algorithm}`, algorithm)))
  if (!rs || !ps || !es || !ed) throw new Error('too few keys')
  keys = { RS256: rs, PS256: ps, ES256: es, EdDSA: ed }
  stranger = await signingKey('key-RS256')
})

/** Returns a verifier of an issuer that publishes all keys, and how often it was asked. */
const verifierOf = () => {
  const published = { current: Object.values(keys).map(({ jwk }) => jwk) }
  const environment = testEnvironment({
    outbound: ({ url }) => {
      const body = url.endsWith('/keys') ? { keys: published.current } : { issuer, jwks_uri: `${issuer}/keys` }
      return Promise.resolve({ status: 200, headers: {}, body: JSON.stringify(body) })
    },
  })
  const issuerKeys = issuerKeysOf(environment, [{ url: issuer, keys: undefined }])
  const verify = idTokenVerifier(issuerKeys)
  return {
    clock: environment.clock,
    published,
    verify: (text: string, of = auth, at = now) => verify(readIdToken(text), of, at),
  }
}

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

describe('a token', () => {
  it.each(algorithms)('signed with %s passes', async algorithm => {
    expect(await verifierOf().verify(await signedToken(keys[algorithm], good))).toBe('valid')
  })

  it.each<[string, TestClaims]>([
    ['one of several audiences', { aud: ['https://other.example.com', auth.audience] }],
    ['the other value of a claim', { ref: 'refs/heads/next' }],
    ['a number that reads the same', { repository_id: 123456 }],
    ['a list of which one member counts', { repository_id: ['7', '123456'] }],
    ['a clock that is 59 seconds behind', { iat: seconds + 59, nbf: seconds + 59 }],
    ['an end that is 59 seconds ago', { exp: seconds - 59, iat: seconds - 300 }],
    ['no beginning', { nbf: undefined }],
  ])('with %s passes', async (_what, claims) => {
    expect(await verifierOf().verify(await signedToken(keys.RS256, { ...good, ...claims }))).toBe('valid')
  })

  it.each<[string, TestClaims, string]>([
    ['of another issuer', { iss: 'https://gitlab.com' }, 'it is from another issuer'],
    ['of an issuer with a slash more', { iss: `${issuer}/` }, 'it is from another issuer'],
    ['without an issuer', { iss: undefined }, 'it is from another issuer'],
    ['for another audience', { aud: `${auth.audience}-2` }, 'it is for another audience'],
    ['for no audience', { aud: undefined }, 'it is for another audience'],
    ['for an empty list', { aud: [] }, 'it is for another audience'],
    ['that has expired', { exp: seconds - 60, iat: seconds - 300 }, 'it has expired'],
    ['without an end', { exp: undefined }, 'it does not say when it is valid'],
    ['without a time of issue', { iat: undefined }, 'it does not say when it is valid'],
    ['that ends before it begins', { iat: seconds + 301 }, 'it is valid for more than 24 hours'],
    ['that is valid for a day and a second', { exp: seconds - 9 + 86_400 }, 'it is valid for more than 24 hours'],
    ['that was issued in the future', { iat: seconds + 61 }, 'it is not valid yet'],
    ['that begins in the future', { nbf: seconds + 61 }, 'it is not valid yet'],
    ['of a stranger with the right branch', { repository_id: '654321' }, 'the claim repository_id is missing or'],
    ['without a claim', { ref: undefined }, 'the claim ref is missing or has another value'],
    ['with a longer value', { ref: 'refs/heads/main2' }, 'the claim ref is missing or'],
    ['with other capitals', { ref: 'refs/heads/Main' }, 'the claim ref is missing or'],
    ['with a claim that is an object', { ref: { toString: 'refs/heads/main' } }, 'the claim ref is missing or'],
    ['with a claim in a list of lists', { ref: [['refs/heads/main']] }, 'the claim ref is missing or'],
    ['with a claim that is null', { ref: null }, 'the claim ref is missing or'],
  ])('%s is refused', async (_what, claims, why) => {
    const verdict = await verifierOf().verify(await signedToken(keys.RS256, { ...good, ...claims }))
    expect(verdict).toHaveProperty('refused')
    expect(JSON.stringify(verdict)).toContain(why)
  })

  it('is refused if its email is not verified', async () => {
    const { verify } = verifierOf()
    const byEmail = { ...auth, claims: [{ name: 'email', oneOf: ['pusher@acme.iam.gserviceaccount.com'] }] }
    const email = 'pusher@acme.iam.gserviceaccount.com'
    for (const [email_verified, verdict] of [
      [true, 'valid'],
      [false, { refused: 'the claim email is missing or has another value' }],
      ['true', { refused: 'the claim email is missing or has another value' }],
      [undefined, { refused: 'the claim email is missing or has another value' }],
    ] as const) {
      expect(await verify(await signedToken(keys.RS256, { ...good, email, email_verified }), byEmail)).toEqual(verdict)
    }
  })

  it('has no claim by the name of a member of every object', async () => {
    const { verify } = verifierOf()
    const byName = { ...auth, claims: [{ name: 'constructor', oneOf: ['123456'] }] }
    expect(await verify(await signedToken(keys.RS256, good), byName)).toEqual({
      refused: 'the claim constructor is missing or has another value',
    })
  })
})

const reasons = {
  none: 'the post has no token that can be verified',
  unknown: 'the issuer has no such key',
  signature: 'the signature is not valid',
  fit: 'the algorithm does not fit the key',
} as const

describe('a forged token', () => {
  const pem = (): string =>
    createPublicKey({ key: keys.RS256.jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' }).toString()
  const hs256 = (): string => {
    const text = `${part({ alg: 'HS256', kid: 'key-RS256', typ: 'JWT' })}.${part(good)}`
    return `${text}.${createHmac('sha256', pem()).update(text).digest('base64url')}`
  }
  it.each<[string, keyof typeof reasons, () => string | Promise<string>]>([
    ['with the algorithm none', 'none', () => `${part({ alg: 'none', kid: 'key-RS256' })}.${part(good)}.`],
    [
      'with none and something as its signature',
      'none',
      () => `${part({ alg: 'none', kid: 'key-RS256' })}.${part(good)}.AAAA`,
    ],
    ['signed with the public key as a secret', 'none', hs256],
    [
      'signed with a key of its own, which it has in its header',
      'signature',
      () => signedToken(stranger, good, { jwk: stranger.jwk }),
    ],
    ['signed by a stranger under the id of a key', 'signature', () => signedToken(stranger, good)],
    ['with an unknown key', 'unknown', () => signedToken(stranger, good, { kid: 'unknown' })],
    ['without the id of a key', 'none', () => signedToken(keys.RS256, good, { kid: undefined })],
    ['whose algorithm does not fit the key', 'fit', () => signedToken({ ...keys.ES256, kid: 'key-RS256' }, good)],
    [
      'with a critical extension',
      'none',
      async () => {
        const [, claims, signature] = (await signedToken(keys.RS256, good)).split('.')
        return `${part({ alg: 'RS256', kid: 'key-RS256', crit: ['exp'] })}.${claims}.${signature}`
      },
    ],
    ['of another type', 'none', () => signedToken(keys.RS256, good, { typ: 'logout+jwt' })],
    [
      'with other claims than were signed',
      'signature',
      async () => {
        const [header, , signature] = (await signedToken(keys.RS256, { ...good, ref: 'refs/heads/mine' })).split('.')
        return `${header}.${part(good)}.${signature}`
      },
    ],
    ['without a signature', 'none', async () => (await signedToken(keys.RS256, good)).replace(/[^.]*$/, '')],
    ['with a part more', 'none', async () => `${await signedToken(keys.RS256, good)}.AAAA`],
    ['that is no token', 'none', () => 'a-bearer-token'],
    ['that is empty', 'none', () => ''],
    [
      'with claims that are a list',
      'none',
      async () => {
        const [header, , signature] = (await signedToken(keys.RS256, good)).split('.')
        return `${header}.${Buffer.from('[]').toString('base64url')}.${signature}`
      },
    ],
    ['of more than 8 KiB', 'none', () => signedToken(keys.RS256, { ...good, filler: 'x'.repeat(8000) })],
    ['of 8 MB', 'none', () => `${'a'.repeat(4e6)}.${'a'.repeat(4e6)}.a`],
  ])('%s is refused', async (_what, why, make) => {
    const verdict = await verifierOf().verify(await make())
    expect(verdict).toEqual({ refused: reasons[why] })
  })
})

it.each([
  { kty: 'EC', crv: 'P-256', alg: 'ES256', x: 'AAAA', y: 'AAAA' },
  { kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA', x: '' },
  { kty: 'RSA', alg: 'RS256', n: Buffer.alloc(300).toString('base64url'), e: 'AQAB' },
])('a token is refused where its key has numbers of no key: %j', async jwk => {
  const { published, verify } = verifierOf()
  published.current = [{ ...jwk, kid: 'odd' }]
  const text = `${part({ alg: jwk.alg, kid: 'odd' })}.${part(good)}.${'A'.repeat(86)}`
  expect(await verify(text)).toEqual({ refused: reasons.signature })
})

describe('a good token', () => {
  it('is refused once its key has left the set of the issuer', async () => {
    const { clock, published, verify } = verifierOf()
    const token = await signedToken(keys.RS256, good)
    expect(await verify(token)).toBe('valid')
    published.current = [keys.ES256.jwk]
    expect(await verify(token)).toBe('valid')
    // A new key makes the set be read.
    await clock.advance(10_000)
    expect(await verify(await signedToken(stranger, good, { kid: 'unknown' }))).toEqual({
      refused: 'the issuer has no such key',
    })
    expect(await verify(token)).toEqual({ refused: 'the issuer has no such key' })
  })

  it('is refused when it expires, and for a hook with other claims', async () => {
    const { verify } = verifierOf()
    const token = await signedToken(keys.RS256, good)
    expect(await verify(token)).toBe('valid')
    expect(await verify(token, auth, now + 361_000)).toEqual({ refused: 'it has expired' })
    expect(await verify(token, { ...auth, audience: 'another' })).toEqual({ refused: 'it is for another audience' })
  })
})
