import { describe, expect, it } from 'vitest'
import { baseOf, hookURL } from '../../src/token/hook-url.ts'

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
