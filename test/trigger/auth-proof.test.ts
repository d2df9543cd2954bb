import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { authOf } from '../../src/api/auth.ts'
import { at } from '../../src/api/json.ts'
import { credentialsIn, type Credentials } from '../../src/api/credentials.ts'
import { proves } from './proves.ts'
import { fc, property } from '../support/property.ts'

const encoded = (text: string): string => Buffer.from(text).toString('base64')
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

const bearer: Credentials = { form: 'bearer', tokens: [Buffer.from('s3cret')] }
const basic: Credentials = { form: 'basic', usersAndPasswords: [Buffer.from('ann:open sesame')] }

describe.each<[string, Credentials, string | undefined, boolean]>([
  ['the token', bearer, 'Bearer s3cret', true],
  ['the token, the scheme in any case', bearer, 'bEARER  s3cret', true],
  ['another token', bearer, 'Bearer s3cres', false],
  ['the beginning of the token', bearer, 'Bearer s3cre', false],
  ['more than the token', bearer, 'Bearer s3crets', false],
  ['the token twice', bearer, 'Bearer s3cret, Bearer s3cret', false],
  ['a right and a wrong token', bearer, 'Bearer s3cret, Bearer x', false],
  ['the token without a scheme', bearer, 's3cret', false],
  ['the token with another scheme', bearer, `Basic ${encoded('s3cret')}`, false],
  ['an empty token', bearer, 'Bearer ', false],
  ['no header', bearer, undefined, false],
  ['user and password', basic, `Basic ${encoded('ann:open sesame')}`, true],
  ['user and password, the scheme in any case', basic, `basic ${encoded('ann:open sesame')}`, true],
  ['another password', basic, `Basic ${encoded('ann:open')}`, false],
  ['another user', basic, `Basic ${encoded('bob:open sesame')}`, false],
  ['the user alone', basic, `Basic ${encoded('ann')}`, false],
  ['user and password as they are', basic, 'Basic ann:open sesame', false],
  ['what is no Base64', basic, `Basic ${encoded('ann:open sesame')}!`, false],
  ['user and password twice', basic, `Basic ${encoded('ann:open sesame')}, Basic ${encoded('ann:open sesame')}`, false],
  ['user and password as a token', basic, `Bearer ${encoded('ann:open sesame')}`, false],
  ['no header', basic, undefined, false],
])('a post with %s', (_name, credentials, sent, proven) => {
  it(`${proven ? 'proves' : 'does not prove'} what ${credentials.form} asks for`, () => {
    const headers = sent === undefined ? {} : { authorization: sent }
    expect(proves(credentials, headers, bytes('any body'))).toBe(proven)
  })
})

describe('a signature', () => {
  const github: Credentials = {
    form: 'hmac',
    keys: [Buffer.from("It's a Secret to Everybody")],
    header: 'X-Hub-Signature-256',
    prefix: 'sha256=',
  }
  const digits = '757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17'

  describe.each<[string, string | undefined, boolean]>([
    ["is GitHub's own example", `sha256=${digits}`, true],
    ['has upper-case digits', `sha256=${digits.toUpperCase()}`, true],
    ['is of another body', `sha256=${digits.replace('7', '8')}`, false],
    ['is cut off', `sha256=${digits.slice(2)}`, false],
    ['goes on', `sha256=${digits}00`, false],
    ['has no prefix', digits, false],
    ['has the prefix of another', `sha1=${digits}`, false],
    ['comes twice', `sha256=${digits}, sha256=${digits}`, false],
    ['is one of a list', `sha256=${'0'.repeat(64)},sha256=${digits}`, true],
    ['is in a list without its prefix', `sha256=${'0'.repeat(64)},${digits}`, false],
    ['is the tenth of a list', `${`sha256=${'0'.repeat(64)},`.repeat(9)}sha256=${digits}`, true],
    ['is the eleventh of a list', `${`sha256=${'0'.repeat(64)},`.repeat(10)}sha256=${digits}`, false],
    ['is in a list that has something else', `sha256=x,sha256=${digits}`, true],
    ['is in a list with an empty place', `sha256=${digits},`, true],
    ['is beside one of another algorithm', `sha1=${digits.slice(24)},sha256=${digits}`, true],
    ['is the eleventh of a list with other things', `${'x,'.repeat(10)}sha256=${digits}`, false],
    ['is in a list of other things alone', `x,sha1=${digits}`, false],
    ['comes twice, once with something else', `sha256=x, sha256=${digits}`, false],
    ['comes twice, and something else later', `sha256=${digits}, sha256=x`, false],
    ['is no number', `sha256=${'z'.repeat(64)}`, false],
    ['is a prefix alone', 'sha256=', false],
    ['is empty', '', false],
    ['is not there', undefined, false],
  ])('that %s', (_name, sent, counts) => {
    it(`${counts ? 'counts' : 'proves nothing'} over the body that was signed`, () => {
      const headers = sent === undefined ? {} : { 'x-hub-signature-256': sent }
      expect(proves(github, headers, bytes('Hello, World!'))).toBe(counts)
    })
  })

  it('without a prefix is what Grafana sends', () => {
    const grafana: Credentials = { ...github, header: 'X-Grafana-Alerting-Signature', prefix: '' }
    expect(proves(grafana, { 'x-grafana-alerting-signature': digits }, bytes('Hello, World!'))).toBe(true)
    expect(proves(grafana, { 'x-grafana-alerting-signature': `sha256=${digits}` }, bytes('Hello, World!'))).toBe(false)
  })

  it('behind a prefix with a comma is one signature', () => {
    const odd: Credentials = { ...github, prefix: 't=1,v1=' }
    expect(proves(odd, { 'x-hub-signature-256': `t=1,v1=${digits}` }, bytes('Hello, World!'))).toBe(true)
    expect(proves(odd, { 'x-hub-signature-256': `v1=${digits},t=1,v1=${digits}` }, bytes('Hello, World!'))).toBe(false)
  })

  it('in a header by the name of what every object has is none', () => {
    expect(proves({ ...github, header: 'constructor', prefix: '' }, {}, bytes(''))).toBe(false)
  })

  property(
    'counts for its own bytes and key, and for no others',
    [fc.uint8Array(), fc.uint8Array(), fc.uint8Array({ minLength: 1 }), fc.uint8Array({ minLength: 1 })],
    (body, otherBody, key, otherKey) => {
      const prefix = 'v1='
      const header = 'X-Signature'
      const signed = `${prefix}${createHmac('sha256', key).update(body).digest('hex')}`
      const judge = (key: Uint8Array, body: Uint8Array): boolean =>
        proves({ form: 'hmac', keys: [Buffer.from(key)], header, prefix }, { 'x-signature': signed }, body)
      expect(judge(key, body)).toBe(true)
      expect(judge(key, otherBody)).toBe(Buffer.compare(body, otherBody) === 0)
      // RFC 2104 fills keys up with zeros and replaces long ones by their digest.
      const filled = (key: Uint8Array): string => Buffer.concat([key, Buffer.alloc(64)], 64).toString('hex')
      expect(judge(otherKey, body)).toBe(filled(key) === filled(otherKey))
    },
  )
})

describe('a Secret', () => {
  const key = { name: 'senders', key: 'token' }
  const forBearer = authOf({ bearer: { secretKeyRef: key } })
  const forBasic = authOf({ basic: { secretRef: { name: 'senders' } } })
  const found = (data: Record<string, string> | undefined, auth = forBearer, hasNamedURL = false): unknown =>
    auth &&
    auth.form !== 'sns' &&
    auth.form !== 'oidc' &&
    credentialsIn(
      data && { data: Object.fromEntries(Object.entries(data).map(([k, v]) => [k, encoded(v)])) },
      auth,
      hasNamedURL,
    )

  it.each<[string, string, string]>([
    ['as it is', 's3cret', 's3cret'],
    ['without a line break at its end', 's3cret\n', 's3cret'],
    ['without a line break of two characters', 's3cret\r\n', 's3cret'],
    ['with all others', ' s3\ncret \n\n', ' s3\ncret \n'],
  ])('counts %s', (_name, stored, counts) => {
    expect(found({ token: stored })).toEqual({ form: 'bearer', tokens: [Buffer.from(counts)] })
  })

  it.each<[string, Record<string, string> | undefined, ReturnType<typeof authOf>, string]>([
    ['that is not there', undefined, forBearer, 'auth names Secret/senders, which does not exist'],
    ['without the key', { other: 'x' }, forBearer, 'Secret/senders has no key token, or it is empty'],
    ['with an empty value', { token: '' }, forBearer, 'Secret/senders has no key token, or it is empty'],
    ['with a line break alone', { token: '\n' }, forBearer, 'Secret/senders has no key token, or it is empty'],
    ['without a user', { password: 'x' }, forBasic, 'Secret/senders has no key username, or it is empty'],
    [
      'without a password',
      { username: 'x', password: '' },
      forBasic,
      'Secret/senders has no key password, or it is empty',
    ],
  ])('%s is missed, in words without its content', (_name, data, auth, missing) => {
    expect(found(data, auth)).toEqual({ reason: 'AuthSecretNotFound', message: missing })
  })

  const strong = 'x'.repeat(16)
  const inPath = 'x'.repeat(32)
  const forPath = authOf({ path: { secretKeyRef: key, previousKey: 'former' } })
  const forHmac = authOf({ hmac: { secretKeyRef: key, header: 'X-Signature', prefix: '' } })
  const forHeader = authOf({ header: { name: 'X-Secret', secretKeyRef: key, previousKey: 'former' } })

  it.each<[ReturnType<typeof authOf>, Record<string, string>, string]>([
    [forBearer, { token: strong.slice(1) }, 'token'],
    [forBasic, { username: strong, password: strong.slice(1) }, 'password'],
    [forHeader, { token: `${strong.slice(1)}\n` }, 'token'],
    [forHeader, { token: strong, former: strong.slice(1) }, 'former'],
    [forHmac, { token: strong.slice(1) }, 'token'],
    [forPath, { token: inPath.slice(1) }, 'token'],
    [forPath, { token: inPath.replace('x', '/') }, 'token'],
    [forPath, { token: 'x'.repeat(257) }, 'token'],
    [forPath, { token: inPath, former: strong }, 'former'],
  ])('is weak for a URL without a secret: %j', (auth, data, where) => {
    const weak = found(data, auth, true)
    expect(weak).toMatchObject({ reason: 'AuthSecretWeak' })
    expect(at(weak, 'message')).toContain(`the key ${where} of Secret/senders has a value`)
    expect(JSON.stringify(weak)).not.toContain('xxx')
    expect(found(data, auth)).toHaveProperty('form')
  })

  it.each<[ReturnType<typeof authOf>, Record<string, string>]>([
    [forBearer, { token: strong }],
    [forBasic, { username: 'a', password: strong }],
    [forHeader, { token: strong, former: '' }],
    [forPath, { token: 'aZ0_-'.repeat(7), former: 'x'.repeat(256) }],
    [forHmac, { token: strong }],
  ])('is strong enough for a URL without a secret: %j', (auth, data) => {
    expect(found(data, auth, true)).toHaveProperty('form')
  })

  it('has user and password as they are sent', () => {
    expect(found({ username: 'ann', password: 'open sesame\n' }, forBasic)).toEqual(basic)
  })
})
