import { describe, expect, it } from 'vitest'
import { baseOf, hookURL, urlSecretOf } from '../../cli/cluster/hook-url.ts'

const token = 'eyJhbGciOiJFZERTQSJ9.e30.c2ln'
const inStatus = (triggerURL: string) => ({ metadata: { uid: 'u1' }, spec: { token: {} }, status: { triggerURL } })
const inSecret = (base?: string) => ({
  metadata: { uid: 'u1' },
  spec: { token: { secretName: 'web-url' } },
  status: base === undefined ? {} : { endpoint: `${base}/v1/trigger` },
})
const secret = (entries: Readonly<Record<string, string>>, uid = 'u1') => ({
  metadata: { ownerReferences: [{ uid }] },
  data: Object.fromEntries(
    Object.entries(entries).map(([key, text]) => [key, Buffer.from(text).toString('base64')] as const),
  ),
})

describe('the URL of a hook', () => {
  it('is the one of its status', () => {
    const url = `https://hooks.example.com/prefix/v1/trigger/${token}`
    expect(hookURL(inStatus(url), undefined)).toEqual({
      base: 'https://hooks.example.com/prefix',
      path: `/v1/trigger/${token}`,
      url,
    })
    expect(baseOf(inStatus(url))).toBe('https://hooks.example.com/prefix')
  })

  it.each([
    'javascript:alert(1)',
    `ftp://hooks.example.com/v1/trigger/${token}`,
    `https://hooks.example.com/?next=/v1/trigger/${token}`,
    `https://hooks.example.com/#/v1/trigger/${token}`,
    `https://hooks.example.com/v1/trigger/${token}?dryRun=true`,
    `https://hooks.example.com/v1/trigger/${token}\n`,
    `https://hooks.example.com/\u001b[2J/v1/trigger/${token}`,
    `https://hooks.example.com /v1/trigger/${token}`,
    'https://hooks.example.com/v1/trigger/$(id).e30.c2ln',
    'https://hooks.example.com/v1/trigger/token',
    `https:///v1/trigger/${token}`,
    `/v1/trigger/${token}`,
    token,
    '',
  ])('is none where the status says %j', url => {
    expect(hookURL(inStatus(url), undefined)).toMatchObject({ problem: 'unusable' })
    expect(baseOf(inStatus(url))).toBeUndefined()
  })

  it('has of a Secret the token alone', () => {
    const found = hookURL(
      inSecret('https://hooks.example.com'),
      secret({ token, url: 'https://elsewhere.example.com' }),
    )
    const url = `https://hooks.example.com/v1/trigger/${token}`
    expect(found).toEqual({ base: 'https://hooks.example.com', path: `/v1/trigger/${token}`, url })
  })

  it.each([`${token}?x=`, `${token}\n`, `../${token}`, "a.b.c'; id; '", '', 'nobody'])(
    'is none where the Secret has the token %j',
    text => {
      expect(hookURL(inSecret('https://hooks.example.com'), secret({ token: text }))).toEqual({
        problem: 'unusable',
        message: 'Secret/web-url has no token under the key token',
      })
    },
  )

  it('is none in the Secret of something else, or before there is one', () => {
    expect(hookURL(inSecret('https://hooks.example.com'), secret({ token }, 'u2'))).toEqual({ problem: 'foreign' })
    expect(hookURL(inSecret('https://hooks.example.com'), undefined)).toEqual({ problem: 'none' })
    expect(hookURL(inSecret(), secret({ token }))).toEqual({ problem: 'none' })
    expect(hookURL({ spec: { token: {} } }, undefined)).toEqual({ problem: 'none' })
  })
})

describe('the URL with the name of a hook', () => {
  const inPath = 'a-secret-of-thirty-two-characters-at-least'
  const named = (endpoint: string | undefined, auth: object = {}) => ({
    metadata: { namespace: 'shop', name: 'web-up', uid: 'u1' },
    spec: { token: { url: 'named' }, auth },
    status: { endpoint },
  })
  const byPath = { path: { secretKeyRef: { name: 'sender', key: 'path' } } }
  const endpoint = 'https://hooks.example.com/x/v1/hooks/shop/web-up'
  const path = '/v1/hooks/shop/web-up'

  it('is the endpoint, and needs no Secret', () => {
    expect(hookURL(named(endpoint), undefined)).toEqual({ base: 'https://hooks.example.com/x', path, url: endpoint })
    expect(baseOf(named(endpoint))).toBe('https://hooks.example.com/x')
    expect([urlSecretOf(named(endpoint)), urlSecretOf(named(endpoint, byPath))]).toEqual([undefined, 'sender'])
  })

  it('has the secret of auth.path at its end, of any Secret that the hook names', () => {
    expect(hookURL(named(endpoint, byPath), secret({ path: `${inPath}\n` }, 'nobody'))).toEqual({
      base: 'https://hooks.example.com/x',
      path: `${path}/${inPath}`,
      url: `${endpoint}/${inPath}`,
    })
    for (const text of ['', 'short', `${inPath}/x`, `${inPath}'; id`]) {
      expect(hookURL(named(endpoint, byPath), secret({ path: text }))).toMatchObject({ problem: 'unusable' })
    }
    expect(hookURL(named(endpoint, byPath), undefined)).toMatchObject({ problem: 'unusable' })
  })

  it('is none before the controller has published it, or for another hook', () => {
    expect(hookURL(named(undefined), undefined)).toEqual({ problem: 'none' })
    expect(hookURL(named('https://hooks.example.com/v1/trigger'), undefined)).toEqual({ problem: 'none' })
    for (const other of ['https://hooks.example.com/v1/hooks/shop/other', 'javascript:/v1/hooks/shop/web-up', path]) {
      expect(hookURL(named(other), undefined)).toMatchObject({ problem: 'unusable' })
    }
  })
})
