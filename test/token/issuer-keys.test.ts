import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { ApiConnection, Outbound } from '../../src/environment/environment.ts'
import { nodeOutbound } from '../../src/environment/outbound.ts'
import { issuerIn, type Issuer } from '../../src/token/issuer.ts'
import { issuerKeysOf, noIssuers } from '../../src/token/issuer-keys.ts'
import { noApi, testEnvironment } from '../support/environment.ts'
import { signingKey, testIssuer, type Mood, type SigningKey } from '../support/issuer.ts'

let first: SigningKey
let second: SigningKey
beforeAll(async () => {
  first = await signingKey('first')
  second = await signingKey('second', 'ES256')
})

/** How long a request to an issuer that never answers takes here, instead of 5 s. In milliseconds. */
const impatientMs = 100

/** Returns an issuer with one key, and what a process knows of it. */
const prepared = async (
  given: { readonly keys?: string; readonly outbound?: Outbound; readonly api?: ApiConnection } = {},
) => {
  const issuer = await testIssuer([first.jwk])
  const isSilent = (): boolean => issuer.mood === 'hangs' || issuer.mood === 'trickles'
  const environment = testEnvironment({
    api: given.api ?? noApi,
    outbound:
      given.outbound ??
      (request => nodeOutbound({ ...request, timeoutMs: isSilent() ? impatientMs : request.timeoutMs })),
  })
  const configured: Issuer = { url: issuer.url, keys: given.keys?.replace('ISSUER', issuer.url) }
  const keys = issuerKeysOf(environment, [configured])
  return { ...environment, issuer, keys, find: (kid: string) => keys.find(issuer.url, kid) }
}

const found = { algorithms: ['RS256'] }

describe('keys of an issuer', () => {
  it('are read when they are first needed, once for all posts', async () => {
    const { find, issuer } = await prepared()
    const all = await Promise.all(Array.from({ length: 20 }, () => find('first')))
    expect(all.map(key => typeof key)).toEqual(Array(20).fill('object'))
    expect(issuer.asked).toBe(2)
    expect(await find('first')).toBe(all[0])
  })

  it('are read again for a key that is not known, once in ten seconds', async () => {
    const { clock, find, issuer } = await prepared()
    await find('first')
    issuer.keys = [first.jwk, second.jwk]
    for (let n = 0; n < 50; n++) expect(await find(`made-up-${n}`)).toBe('unknown')
    expect(issuer.asked).toBe(2)
    await clock.advance(10_000)
    expect(await find('second')).toMatchObject({ algorithms: ['ES256'] })
    for (let n = 0; n < 50; n++) expect(await find(`made-up-${n}`)).toBe('unknown')
    expect(issuer.asked).toBe(4)
  })

  it('are the same objects while the issuer publishes the same keys, and are gone when it does not', async () => {
    const { clock, find, issuer } = await prepared()
    const before = await find('first')
    issuer.keys = [second.jwk, first.jwk]
    await clock.advance(10_000)
    await find('second')
    expect(await find('first')).toBe(before)
    issuer.keys = [second.jwk]
    await clock.advance(10_000)
    await find('made-up')
    expect(await find('first')).toBe('unknown')
  })

  it('are gone when the issuer publishes none, and posts are to come again', async () => {
    const { clock, find, issuer, keys } = await prepared()
    await find('first')
    issuer.keys = []
    await clock.advance(10_000)
    expect(await find('second')).toBe('unavailable')
    expect(await find('first')).toBe('unavailable')
    expect(await keys.problem(issuer.url)).toContain('it published no usable key')
    issuer.keys = [second.jwk]
    await clock.advance(10_000)
    expect(await find('first')).toBe('unknown')
    expect(await keys.problem(issuer.url)).toBeUndefined()
  })

  it.each<[Mood, RegExp]>([
    ['hangs', /can't reach its host/],
    ['trickles', /can't reach its host/],
    ['redirects', /a redirect, which is not followed/],
    ['answers much', /a JSON object of at most 256 KiB/],
    ['fails', /answered 500/],
    ['answers no JSON', /did not answer with a JSON object/],
    ['lies', /identifies itself as a different issuer/],
  ])('are not there from an issuer that %s, and posts do not ask it again at once', async (mood, why) => {
    const { clock, find, issuer, keys, lines } = await prepared()
    issuer.mood = mood
    expect(await find('first')).toBe('unavailable')
    const { asked } = issuer
    for (let n = 0; n < 50; n++) expect(await find('first')).toBe('unavailable')
    expect(issuer.asked).toBe(asked)
    expect(await keys.problem(issuer.url)).toMatch(why)
    expect(lines.filter(line => why.test(line))).toHaveLength(1)
    issuer.mood = 'answers'
    await clock.advance(10_000)
    expect(await find('first')).toMatchObject(found)
    expect(await keys.problem(issuer.url)).toBeUndefined()
  })

  it.each<Mood>(['hangs', 'redirects', 'answers much', 'fails', 'lies'])(
    'that were read are used for 24 hours while the issuer %s',
    async mood => {
      const { clock, find, issuer, keys } = await prepared()
      await find('first')
      issuer.mood = mood
      await clock.advance(24 * 3_600_000 - 1)
      expect(await find('first')).toMatchObject(found)
      // Nobody knows whether the issuer has such a key by now.
      expect(await find('second')).toBe('unavailable')
      expect(await keys.problem(issuer.url)).toBeUndefined()
      await clock.advance(1)
      expect(await find('first')).toBe('unavailable')
      expect(await keys.problem(issuer.url)).toEqual(expect.any(String))
    },
  )

  it('are read once more where the read that a post meets began long before it, as in a process that stood still', async () => {
    let answer = (): void => {}
    let isHeld = true
    const { clock, find, issuer } = await prepared({
      outbound: async request => {
        const answered = await nodeOutbound(request)
        if (isHeld && request.url.endsWith('/keys')) await new Promise<void>(resolve => (answer = resolve))
        return answered
      },
    })
    const early = find('first')
    await expect.poll(() => issuer.asked).toBe(2)
    issuer.keys = [second.jwk]
    await clock.advance(11_000)
    const late = find('second')
    isHeld = false
    answer()
    expect(await late).toMatchObject({ algorithms: ['ES256'] })
    expect(await early).toBe('unavailable')
    expect(issuer.asked).toBe(4)
  })

  it('keep a post waiting for two seconds at most, and 32 posts at once', async () => {
    const asked: string[] = []
    const { clock, find } = await prepared({
      outbound: ({ url }) => {
        asked.push(url)
        return new Promise(() => {})
      },
    })
    const waiting = Array.from({ length: 32 }, () => find('first'))
    expect(await find('first')).toBe('unavailable')
    let isOver = false
    void Promise.all(waiting).then(() => (isOver = true))
    await clock.advance(1999)
    expect(isOver).toBe(false)
    await clock.advance(1)
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['unavailable']))
    expect(asked).toHaveLength(1)
    expect(clock.pending).toBe(0)
  })

  it('are waited for by the controller for five seconds after the start, and then no more', async () => {
    const { clock, issuer, keys } = await prepared({ outbound: () => new Promise(() => {}) })
    let said: unknown = 'nothing'
    void keys.problem(issuer.url).then(problem => (said = problem))
    await clock.advance(4999)
    expect(said).toBe('nothing')
    await clock.advance(1)
    expect(said).toBe('its keys are still being read')
    expect(await keys.problem(issuer.url)).toBe('its keys are still being read')
    expect(clock.pending).toBe(0)
    const quick = await prepared()
    expect(await quick.keys.problem(quick.issuer.url)).toBeUndefined()
  })

  it('are read every ten minutes, and sooner after a failure', async () => {
    const asked: string[] = []
    let isDown = true
    const environment = testEnvironment({
      outbound: ({ url }) => {
        asked.push(url)
        const body = JSON.stringify({ keys: [first.jwk] })
        return Promise.resolve({ status: isDown ? 503 : 200, headers: {}, body })
      },
    })
    const { clock, metrics } = environment
    const keys = issuerKeysOf(environment, [{ url: 'https://issuer.example.com', keys: 'https://keys.example.com/' }])
    const stop = new AbortController()
    const running = keys.run(stop.signal)
    onTestFinished(() => stop.abort())
    await clock.advance(0)
    expect(asked).toEqual(['https://keys.example.com/'])
    await clock.advance(11_000)
    expect(asked).toHaveLength(2)
    expect(await metrics.text()).toMatch(/issuer_keys_age_seconds\{issuer="https:\/\/issuer\.example\.com"\} 1\d/)
    isDown = false
    await clock.advance(22_000)
    expect(asked).toHaveLength(3)
    expect(await metrics.text()).toMatch(/issuer_keys_age_seconds\{issuer="https:\/\/issuer\.example\.com"\} 0/)
    await clock.advance(599_000)
    expect(asked).toHaveLength(3)
    await clock.advance(62_000)
    expect(asked).toHaveLength(4)
    // The age is that of the keys, however long the process has run.
    isDown = true
    await clock.advance(661_000)
    expect(asked.length).toBeGreaterThan(4)
    expect(await metrics.text()).toMatch(/issuer_keys_age_seconds\{issuer="https:\/\/issuer\.example\.com"\} 6\d\d\b/)
    stop.abort()
    await running
    expect(clock.pending).toBe(0)
  })

  it('are not taken from another host, unless the installation names it', async () => {
    const { find, issuer, keys } = await prepared()
    issuer.jwksURL = 'http://localhost:1/keys'
    expect(await find('first')).toBe('unavailable')
    expect(await keys.problem(issuer.url)).toContain('name their URL after the issuer, with ,keys=URL')
    const named = await prepared({ keys: 'ISSUER/keys' })
    named.issuer.jwksURL = 'http://localhost:1/keys'
    expect(await named.find('first')).toMatchObject(found)
    expect(named.issuer.asked).toBe(1)
  })

  it('are read from the API server for the accounts of this cluster', async () => {
    const answers = new Map<string, object>()
    const status = { current: 200 }
    const api: ApiConnection = {
      ...noApi,
      // A real API server answers 406 to who asks for its keys as anything else.
      request: ({ as, path }) =>
        Promise.resolve({
          status: path.endsWith('/jwks') && as !== 'key set' ? 406 : status.current,
          headers: {},
          body: JSON.stringify(answers.get(path) ?? {}),
        }),
    }
    const { clock, find, issuer, keys } = await prepared({ keys: 'cluster', api })
    answers.set('/.well-known/openid-configuration', {
      issuer: issuer.url,
      jwks_uri: 'https://10.0.0.1/openid/v1/jwks',
    })
    answers.set('/openid/v1/jwks', { keys: [first.jwk] })
    status.current = 403
    expect(await find('first')).toBe('unavailable')
    expect(await keys.problem(issuer.url)).toContain('system:service-account-issuer-discovery')
    status.current = 200
    await clock.advance(10_000)
    expect(await find('first')).toMatchObject(found)
    expect(issuer.asked).toBe(0)
  })

  it('are refused where they are weak, slow, secret, or for something else', async () => {
    const issuer = await testIssuer([])
    const [short, long] = [
      await signingKey('short', 'RS256', 1024).catch(() => undefined),
      await signingKey('long', 'RS256', 4104),
    ]
    const p384 = await signingKey('p384', 'ES384')
    issuer.keys = [
      first.jwk,
      ...(short ? [short.jwk] : []),
      long.jwk,
      p384.jwk,
      { ...second.jwk, kid: 'encrypts', use: 'enc' },
      { ...second.jwk, kid: 'private', d: 'AAAA' },
      { ...second.jwk, kid: 'other-alg', alg: 'ES512' },
      { kty: 'oct', kid: 'shared', k: 'c2VjcmV0' },
      { kty: 'RSA', kid: 'small', n: Buffer.alloc(255, 1).toString('base64url'), e: 'AQAB' },
      { ...second.jwk, kid: 'first' },
    ]
    const keys = issuerKeysOf(testEnvironment({ outbound: nodeOutbound }), [{ url: issuer.url, keys: undefined }])
    expect(await keys.find(issuer.url, 'first')).toMatchObject(found)
    for (const kid of ['short', 'long', 'p384', 'encrypts', 'private', 'other-alg', 'shared', 'small']) {
      expect([kid, await keys.find(issuer.url, kid)]).toEqual([kid, 'unknown'])
    }
  })
})

describe('an issuer of the installation', () => {
  it.each<[string, Issuer]>([
    ['https://gitlab.com', { url: 'https://gitlab.com', keys: undefined }],
    [
      'https://accounts.google.com',
      { url: 'https://accounts.google.com', keys: 'https://www.googleapis.com/oauth2/v3/certs' },
    ],
    [
      'https://a.example.com/b/,keys=https://c.example.com/d',
      { url: 'https://a.example.com/b/', keys: 'https://c.example.com/d' },
    ],
    ['https://kubernetes.default.svc,keys=cluster', { url: 'https://kubernetes.default.svc', keys: 'cluster' }],
    ['http://127.0.0.1:8080', { url: 'http://127.0.0.1:8080', keys: undefined }],
  ])('may be %s', (text, issuer) => {
    expect(issuerIn(text)).toEqual(issuer)
  })

  it.each([
    '',
    'gitlab.com',
    'http://gitlab.com',
    'http://127.0.0.1.example.com',
    'https://user:password@gitlab.com',
    'https://gitlab.com?x',
    'https://gitlab.com,',
    'https://gitlab.com,keys=',
    'https://gitlab.com,keys=http://gitlab.com/keys',
    'https://gitlab.com,keys=cluster,keys=cluster',
    'https://gitlab.com,key=cluster',
    `https://${'a'.repeat(250)}.com`,
  ])('cannot be %j', text => {
    expect(issuerIn(text)).toEqual(expect.any(String))
  })

  it('is none by default', async () => {
    expect(noIssuers.allows('https://gitlab.com')).toBe(false)
    expect(await noIssuers.find('https://gitlab.com', 'a')).toBe('unknown')
  })
})
