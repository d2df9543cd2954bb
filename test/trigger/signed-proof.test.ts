import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { SignedTime } from '../../src/api/auth.ts'
import type { Credentials } from '../../src/api/credentials.ts'
import { parseWebhookSecret, type WebhookSecret } from '../../src/api/webhook-secret.ts'
import { shownBy } from '../../src/trigger/auth/shown.ts'
import { webhookHead } from '../../src/trigger/auth/signed.ts'
import { fc, property } from '../support/property.ts'
import { proves } from './proves.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const hmac = (key: string | Uint8Array, text: string) => createHmac('sha256', key).update(text)

describe('a signature with a time', () => {
  // https://docs.slack.dev/authentication/verifying-requests-from-slack has this request.
  const key = '8f742231b10e8888abcd99yyyzzz85a5'
  const body =
    'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c'
  const signature = 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503'
  const time = 1_531_420_618
  const timestamp: SignedTime = {
    header: 'X-Slack-Request-Timestamp',
    prefix: 'v0:',
    separator: ':',
    toleranceMs: 300_000,
  }
  const slack: Credentials = {
    form: 'hmac',
    keys: [Buffer.from(key)],
    header: 'X-Slack-Signature',
    prefix: 'v0=',
    timestamp,
  }
  const sent = (at: string | number, sig = signature) => ({
    'x-slack-signature': sig,
    'x-slack-request-timestamp': String(at),
  })

  it.each<[string, number, boolean]>([
    ['at once', 0, true],
    ['at the end of the tolerance', 300_000, true],
    ['after it', 300_001, false],
    ['by a clock that is behind', -300_000, true],
    ['by a clock that is far behind', -300_001, false],
  ])('is that of Slack, and counts %s: %d ms after it was made', (_name, after, counts) => {
    expect(proves(slack, sent(time), bytes(body), time * 1000 + after)).toBe(counts)
  })

  it.each<[string, Record<string, string>]>([
    ['another time', sent(time + 1)],
    ['the time twice', sent(`${time}, ${time}`)],
    ['the time with a blank', sent(` ${time}`)],
    ['the time in milliseconds', sent(time * 1000)],
    ['no digits', sent('1531420618.5')],
    ['a number of another form', sent('0x5b4790ca')],
    ['a sign', sent(`+${time}`)],
    ['more digits than any time', sent(`000${time}`)],
    ['no time', { 'x-slack-signature': signature }],
    ['an empty time', sent('')],
  ])('counts for no other header of the time: %s', (_name, headers) => {
    expect(proves(slack, headers, bytes(body), time * 1000)).toBe(false)
  })

  it('is refused before the body is read where the head alone decides', () => {
    expect(shownBy(slack, sent(time), time * 1000 + 300_001)).toBe(-1)
    expect(shownBy(slack, sent(time, 'v0=00'), time * 1000)).toBe(-1)
    expect(shownBy(slack, sent(time), time * 1000)).toBeTypeOf('function')
  })

  it('of the body alone proves nothing where a time is asked for', () => {
    const plain = `v0=${hmac(key, body).digest('hex')}`
    expect(proves(slack, sent(time, plain), bytes(body), time * 1000)).toBe(false)
  })

  property(
    'has one reading: no digit of the body or of the prefix becomes one of the time',
    [fc.integer({ min: 1_000_000_000, max: 9_999_999_999 }), fc.stringMatching(/^[0-9:]{0,12}$/)],
    (at, text) => {
      const grafana: Credentials = { ...slack, prefix: '', timestamp: { ...timestamp, prefix: '' } }
      const signed = hmac(key, `${at}:${text}`).digest('hex')
      for (let cut = 1; cut < String(at).length; cut++) {
        const shifted = sent(String(at).slice(0, cut), signed)
        const rest = `${String(at).slice(cut)}:${text}`
        expect(proves(grafana, shifted, bytes(rest), Number(String(at).slice(0, cut)) * 1000)).toBe(false)
      }
      expect(proves(grafana, sent(at, signed), bytes(text), at * 1000)).toBe(true)
    },
  )
})

describe('a signature in Base64', () => {
  const key = Buffer.from('hush')
  const base64: Credentials = { form: 'hmac', keys: [key], header: 'X-Sig', prefix: '', encoding: 'base64' }
  const digest = hmac(key, 'body')
  const text = digest.digest('base64')

  it.each<[string, string, boolean]>([
    ['as it is', text, true],
    ['without its end', text.slice(0, -1), false],
    ['in hexadecimal digits', Buffer.from(text, 'base64').toString('hex'), false],
    ['with a blank', `${text} `, false],
    ['twice', `${text}, ${text}`, false],
    ['of URLs', text.replaceAll('+', '-').replaceAll('/', '_').replace('=', ''), false],
  ])('%s', (_name, sent, counts) => {
    expect(proves(base64, { 'x-sig': sent }, bytes('body'))).toBe(counts)
  })
})

describe('a header with a secret', () => {
  const gitlab: Credentials = { form: 'header', values: [Buffer.from('s3cret')], header: 'X-Gitlab-Token' }
  it.each<[string, Record<string, string>, boolean]>([
    ['that is right', { 'x-gitlab-token': 's3cret' }, true],
    ['that is another', { 'x-gitlab-token': 's3cres' }, false],
    ['that begins alike', { 'x-gitlab-token': 's3cre' }, false],
    ['that goes on', { 'x-gitlab-token': 's3cret2' }, false],
    ['that was sent twice', { 'x-gitlab-token': 's3cret, s3cret' }, false],
    ['that is empty', { 'x-gitlab-token': '' }, false],
    ['that is not there', {}, false],
    ['in another header', { 'x-token': 's3cret' }, false],
  ])('%s', (_name, headers, counts) => {
    expect(proves(gitlab, headers, bytes('any body'))).toBe(counts)
  })
})

const secretOf = (text: string): WebhookSecret => {
  const secret = parseWebhookSecret(Buffer.from(text))
  if (!secret) throw new Error(`no secret: ${text}`)
  return secret
}
const webhooks = (...[first = '', ...others]: readonly string[]): Credentials => ({
  form: 'standardWebhooks',
  secrets: [secretOf(first), ...others.map(secretOf)],
  toleranceMs: 300_000,
})

describe('a signature of Standard Webhooks', () => {
  // The example that the reference libraries are tested with.
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
  const [id, time, body] = ['msg_p5jXN8AQM9LWM0D4loKWxJek', '1614265330', '{"test": 2432232314}']
  const signature = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
  const now = 1_614_265_330_000
  const headers = (sig: string, at = time, name = id) => ({
    'webhook-id': name,
    'webhook-timestamp': at,
    'webhook-signature': sig,
  })
  const svix = (sent: Record<string, string>) =>
    Object.fromEntries(Object.entries(sent).map(([header, value]) => [header.replace('webhook-', 'svix-'), value]))
  const other = `v1,${Buffer.alloc(32).toString('base64')}`
  const asked = webhooks(secret)

  it.each<[string, string]>([
    ['alone', signature],
    ['after one of another secret', `${other} ${signature}`],
    ['among some that are not known', `v2,x v1a,${Buffer.alloc(64).toString('base64')} ${signature} v1 ,`.slice(0, -2)],
    ['as the tenth', `${`${other} `.repeat(9)}${signature}`],
  ])('counts %s', (_name, sent) => {
    expect(proves(asked, headers(sent), bytes(body), now)).toBe(true)
  })

  it.each<[string, string]>([
    ['none', ''],
    ['one of another text', other],
    ['one of another version', signature.replace('v1', 'v1a')],
    ['one without its version', signature.slice(3)],
    ['one with a word in capitals', signature.replace('v1', 'V1')],
    ['one without its padding', signature.slice(0, -1)],
    ['two headers', `${signature}, ${signature}`],
    ['two headers, of which the second is right', `${other}, ${signature}`],
    ['eleven signatures', `${`${other} `.repeat(10)}${signature}`],
    ['a thousand blanks', `${' '.repeat(1000)}${signature}`],
  ])('does not count: %s', (_name, sent) => {
    expect(proves(asked, headers(sent), bytes(body), now)).toBe(false)
  })

  it.each<[string, Record<string, string>]>([
    ['the ID of another post', headers(signature, time, 'msg_2')],
    ['an ID that was sent twice', headers(signature, time, `${id}, ${id}`)],
    ['a time that was sent twice', headers(signature, `${time}, ${time}`)],
    ['no ID', { 'webhook-timestamp': time, 'webhook-signature': signature }],
    ['no time', { 'webhook-id': id, 'webhook-signature': signature }],
    ['no signature', { 'webhook-id': id, 'webhook-timestamp': time }],
    ['an ID of 129 characters', headers(signature, time, 'x'.repeat(129))],
    ['what every object has by that name', { ...headers(signature), 'webhook-id': 'constructor' }],
  ])('does not count for %s', (_name, sent) => {
    expect(proves(asked, sent, bytes(body), now)).toBe(false)
  })

  it.each<[string, number, boolean]>([
    ['five minutes ago', 300_000, true],
    ['a moment longer ago', 300_001, false],
    ['in five minutes', -300_000, true],
    ['a moment later', -300_001, false],
  ])('made %s', (_name, after, counts) => {
    expect(proves(asked, headers(signature), bytes(body), now + after)).toBe(counts)
  })

  property(
    'has one reading: no part of an ID becomes the time, and no part of the time the body',
    [fc.stringMatching(/^[a-z.]{1,8}$/), fc.stringMatching(/^[0-9.]{1,14}$/), fc.stringMatching(/^[0-9.a-z]{0,8}$/)],
    (idText, timeText, bodyText) => {
      const text = `${idText}.${timeText}.${bodyText}`
      const sig = `v1,${hmac(Buffer.from(secret.slice(6), 'base64'), text).digest('base64')}`
      const readings = [...text.matchAll(/\./g)].flatMap(({ index: first }) =>
        [...text.slice(first + 1).matchAll(/\./g)].map(({ index: second }) => {
          const [name, at, rest] = [
            text.slice(0, first),
            text.slice(first + 1, first + 1 + second),
            text.slice(first + second + 2),
          ]
          return proves(asked, headers(sig, at, name), bytes(rest), Number(at) * 1000)
        }),
      )
      expect(readings.filter(counts => counts).length).toBeLessThanOrEqual(1)
    },
  )

  it('is judged in any form, and throws for nothing', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.string({ unit: 'binary' }),
        fc.string({ unit: 'binary' }),
        (a, b, c) => {
          expect(proves(asked, headers(a, b, c), bytes(body), now)).toBe(false)
        },
      ),
    )
  })

  describe('by a key pair', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519')
    const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)
    const pair = webhooks(`whpk_${raw.toString('base64')}`)
    const made = sign(undefined, Buffer.from(`${id}.${time}.${body}`), privateKey).toString('base64')

    it('counts for the post that was signed alone', () => {
      expect(proves(pair, headers(`v1a,${made}`), bytes(body), now)).toBe(true)
      expect(proves(pair, headers(`${signature} v1a,${made}`), bytes(body), now)).toBe(true)
      expect(proves(pair, headers(`v1a,${made}`), bytes(`${body} `), now)).toBe(false)
      expect(proves(pair, headers(`v1,${made}`), bytes(body), now)).toBe(false)
    })

    it('is not replaced by an HMAC with the public key, which everybody has', () => {
      const forged = hmac(raw, `${id}.${time}.${body}`).digest('base64')
      expect(proves(pair, headers(`v1,${forged}`), bytes(body), now)).toBe(false)
      expect(proves(pair, headers(`v1a,${forged}`), bytes(body), now)).toBe(false)
    })

    it('is looked for among two at most, since each costs as much as fifteen others', () => {
      const wrong = `v1a,${Buffer.alloc(64).toString('base64')}`
      expect(proves(pair, headers(`${wrong} v1a,${made}`), bytes(body), now)).toBe(true)
      expect(proves(pair, headers(`${wrong} ${wrong} v1a,${made}`), bytes(body), now)).toBe(false)
    })
  })

  it.each<[string, Record<string, string>, boolean]>([
    ['alone', svix(headers(signature)), true],
    ['beside equal ones of Standard Webhooks', { ...svix(headers(signature)), ...headers(signature) }, true],
    ['of another time', svix(headers(signature, '1614265331')), false],
    ['with an ID of Standard Webhooks', { ...svix(headers(signature)), 'webhook-id': id }, false],
    ['with a signature of Standard Webhooks', { ...svix(headers('')), 'webhook-signature': signature }, false],
  ])("is read in Svix's own headers: %s", (_name, sent, counts) => {
    expect(proves(asked, sent, bytes(body), now)).toBe(counts)
  })

  it('names the post by its ID, whichever headers it has', () => {
    expect(webhookHead(svix(headers(signature)))).toEqual(webhookHead(headers(signature)))
    expect(webhookHead(headers(signature))).toEqual({ before: `${id}.${time}.`, at: now, id })
    expect(webhookHead(headers(signature, time, 'a.b'))).toBeUndefined()
  })
})

describe('a secret of Standard Webhooks', () => {
  const base64 = (length: number): string => Buffer.alloc(length, 7).toString('base64')
  it.each<[string, string, 'v1' | 'v1a' | undefined]>([
    ['of 24 bytes', `whsec_${base64(24)}`, 'v1'],
    ['of 64 bytes', `whsec_${base64(64)}`, 'v1'],
    ['of 23 bytes', `whsec_${base64(23)}`, undefined],
    ['of 65 bytes', `whsec_${base64(65)}`, undefined],
    ['that is a public key', `whpk_${base64(32)}`, 'v1a'],
    ['that is a longer public key', `whpk_${base64(33)}`, undefined],
    ['that is a private key', `whsk_${base64(64)}`, undefined],
    ['without its prefix', base64(32), undefined],
    ['without its padding', `whsec_${base64(25).slice(0, -1)}`, undefined],
    ['with bits that mean nothing', `whsec_${base64(25).slice(0, -3)}x==`, undefined],
    ['of URLs', `whsec_${'_'.repeat(32)}`, undefined],
    ['with a blank', `whsec_${base64(24)} `, undefined],
    ['in two lines', `whsec_${base64(24)}\nwhsec_${base64(24)}`, undefined],
    ['that is empty', 'whsec_', undefined],
  ])('%s', (_name, text, version) => {
    expect(parseWebhookSecret(Buffer.from(text))?.version).toBe(version)
  })

  property('is read for every length that is allowed, and no other', [fc.uint8Array({ maxLength: 80 })], key => {
    const read = parseWebhookSecret(Buffer.from(`whsec_${Buffer.from(key).toString('base64')}`))
    const isAllowed = key.length >= 24 && key.length <= 64
    expect(read).toEqual(isAllowed ? { version: 'v1', key: Buffer.from(key) } : undefined)
  })
})

describe('the previous secret', () => {
  const [next, before] = [Buffer.from('next'), Buffer.from('before')]
  const authorization = (text: string) => ({ authorization: text })
  const keys = ['a', 'b', 'c'].map(letter => `whsec_${Buffer.alloc(32, letter).toString('base64')}`)
  const signed = (key: string) => {
    const digest = hmac(Buffer.from(key.slice(6), 'base64'), 'id.0.body').digest('base64')
    return { 'webhook-id': 'id', 'webhook-timestamp': '0', 'webhook-signature': `v1,${digest}` }
  }
  const pair = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`
  const x = (key: string) => ({ 'x-sig': hmac(key, 'body').digest('hex') })

  it.each<[string, Credentials, readonly Record<string, string>[]]>([
    [
      'bearer',
      { form: 'bearer', tokens: [next, before] },
      ['next', 'before', 'else'].map(t => authorization(`Bearer ${t}`)),
    ],
    [
      'basic',
      { form: 'basic', usersAndPasswords: [Buffer.from('ann:next'), Buffer.from('ann:before')] },
      ['ann:next', 'ann:before', 'bob:before'].map(t => authorization(pair(t))),
    ],
    [
      'header',
      { form: 'header', header: 'X-Sig', values: [next, before] },
      ['next', 'before', 'else'].map(t => ({ 'x-sig': t })),
    ],
    ['hmac', { form: 'hmac', header: 'X-Sig', prefix: '', keys: [next, before] }, ['next', 'before', 'else'].map(x)],
    ['standardWebhooks', webhooks(...keys.slice(0, 2)), keys.map(signed)],
  ])('counts as the present one does, for %s', (_form, credentials, [present = {}, previous = {}, other = {}]) => {
    expect(proves(credentials, present, bytes('body'))).toBe(true)
    expect(proves(credentials, previous, bytes('body'))).toBe(true)
    expect(proves(credentials, other, bytes('body'))).toBe(false)
  })
})
