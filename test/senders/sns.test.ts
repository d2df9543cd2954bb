import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Outbound, OutboundRequest } from '../../src/environment/environment.ts'
import { Unreachable } from '../../src/environment/unreachable.ts'
import { fetchedCertificates } from '../../src/senders/certificates.ts'
import { confirmationOf } from '../../src/senders/registry.ts'
import type { VerificationMeans } from '../../src/senders/sender.ts'
import { verified } from './verified.ts'
import { fakeClock } from '../support/clock.ts'
import { fc, property } from '../support/property.ts'
import { certificate } from './certificate.ts'
import { certificateURL, keys, notification, signed, subscription, topic, type Fields } from './sns-messages.ts'

const others = generateKeyPairSync('rsa', { modulusLength: 2048 })
const now = Date.UTC(2026, 0, 1)
const day = 86_400_000
const pem = certificate(keys, [now - day, now + day])

/** Returns the dependencies of a trigger, and what it asked of the outside. */
const means = (outbound: Outbound = async () => ({ status: 200, headers: {}, body: pem })) => {
  const asked: OutboundRequest[] = []
  const clock = fakeClock(now)
  const of = fetchedCertificates({
    clock,
    outbound: request => {
      asked.push(request)
      return outbound(request)
    },
  })
  return { clock, certificates: of('shop'), of, asked }
}

const without = (fields: Fields, ...names: readonly string[]): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)))

const verdict = (json: unknown, given: VerificationMeans = means()) => verified({ headers: {}, json }, given)

describe('the signature of an SNS message', () => {
  it.each([
    ['a notification, version 1', signed(notification, '1')],
    ['a notification, version 2', signed(notification, '2')],
    ['a notification without a subject', signed(without(notification, 'Subject'), '1')],
    ['a subscription, version 1', signed(subscription, '1')],
    ['a subscription, version 2', signed(subscription, '2')],
    ['the end of a subscription', signed({ ...subscription, Type: 'UnsubscribeConfirmation' }, '2')],
  ])('makes it genuine: %s', async (_name, json) => {
    expect(await verdict(json)).toBe('genuine')
  })

  it.each(['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn'])('does not hold for another %s', async name => {
    expect(await verdict({ ...signed(notification, '2'), [name]: 'other' })).toHaveProperty('refused')
  })

  it.each(['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn'])(
    'of a subscription does not hold for another %s',
    async name => {
      expect(await verdict({ ...signed(subscription, '2'), [name]: 'other' })).toHaveProperty('refused')
    },
  )

  it.each([
    ['a subject that was not signed', { ...signed(without(notification, 'Subject'), '1'), Subject: 'added' }],
    ["somebody else's key", signed(notification, '2', others.privateKey)],
    ['version 2 said to be version 1', { ...signed(notification, '2'), SignatureVersion: '1' }],
    ['a version that there is not', { ...signed(notification, '2'), SignatureVersion: '3' }],
    ['no signature', without(signed(notification, '1'), 'Signature')],
    ['a signature that is no base64', { ...signed(notification, '1'), Signature: '!!' }],
    ['a type that is not signed', { ...signed(notification, '1'), Type: 'constructor' }],
    [
      'an id that has swallowed the subject, and signs as the same text',
      {
        ...without(signed(notification, '2'), 'Subject'),
        MessageId: `${notification['MessageId']}\nSubject\n${notification['Subject']}`,
      },
    ],
    ['no certificate', without(signed(notification, '1'), 'SigningCertURL')],
  ])('is refused: %s', async (_name, json) => {
    expect(await verdict(json)).toHaveProperty('refused')
  })

  property(
    'holds for no message but its own',
    [fc.subarray(Object.keys(notification), { minLength: 1 }), fc.string()],
    async (names, text) => {
      const json = signed(notification, '2')
      const changed = { ...json, ...Object.fromEntries(names.map(name => [name, text])) }
      const isSame = names.every(name => json[name] === text)
      expect((await verdict(changed)) === 'genuine').toBe(isSame)
    },
  )
})

describe('the certificate of an SNS message', () => {
  it.each([
    'http://sns.eu-central-1.amazonaws.com/SimpleNotificationService-9c64.pem',
    'https://sns.eu-central-1.amazonaws.com.example.com/SimpleNotificationService-9c64.pem',
    'https://example.com/SimpleNotificationService-9c64.pem',
    'https://sns.eu-central-1.amazonaws.com@example.com/SimpleNotificationService-9c64.pem',
    'https://user:password@sns.eu-central-1.amazonaws.com/SimpleNotificationService-9c64.pem',
    'https://sns.eu-central-1.amazonaws.com:8443/SimpleNotificationService-9c64.pem',
    'https://sns.s3-us-west-2.amazonaws.com/SimpleNotificationService-9c64.pem',
    'https://sns.s3.eu-central-1.amazonaws.com/SimpleNotificationService-9c64.pem',
    'https://sns.s3.eusc-de-east-1.amazonaws.eu/SimpleNotificationService-9c64.pem',
    'https://sns.s3-eusc-de-east-1.amazonaws.eu/SimpleNotificationService-9c64.pem',
    'https://sns.eusc-de-east-1.amazonaws.com/SimpleNotificationService-9c64.pem',
    'https://sns.eu-central-1.amazonaws.eu/SimpleNotificationService-9c64.pem',
    'https://s3.eu-central-1.amazonaws.com/SimpleNotificationService-9c64.pem',
    'https://sns.eu-central-1.amazonaws.com/bucket/SimpleNotificationService-9c64.pem',
    'https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-9c64.txt',
    'https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-9c64.pem?Action=Publish',
    'https://sns.eu-central-1.amazonaws.com./SimpleNotificationService-9c64.pem',
    'https://sns.eu-central-1.amazonaws.com%2eexample.com/SimpleNotificationService-9c64.pem',
    'https://sns.eu-central-1.amazonaws.com\n.example.com/SimpleNotificationService-9c64.pem',
    'https://example.com\\@sns.eu-central-1.amazonaws.com/SimpleNotificationService-9c64.pem',
    'https://sns.eu-central-1.amazonaws.com\\@example.com/SimpleNotificationService-9c64.pem',
    'https://sns.eu-central-1.\u0430mazonaws.com/SimpleNotificationService-9c64.pem',
    'https://sns.eu-central-1.amazonaws.com/%53impleNotificationService-9c64.pem',
    'https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-9c64.pem#@example.com',
    'https://169.254.169.254/SimpleNotificationService-9c64.pem',
    'file:///etc/passwd',
    '/SimpleNotificationService-9c64.pem',
    '',
  ])('is never fetched from %s', async url => {
    const given = means()
    expect(await verdict({ ...signed(notification, '1'), SigningCertURL: url }, given)).toHaveProperty('refused')
    expect(given.asked).toEqual([])
  })

  it.each([
    certificateURL,
    'https://sns.us-gov-west-1.amazonaws.com/SimpleNotificationService-9c64.pem',
    'https://sns.cn-north-1.amazonaws.com.cn/SimpleNotificationService-9c64.pem',
    'https://sns.eusc-de-east-1.amazonaws.eu/SimpleNotificationService-9c64.pem',
  ])('is fetched once from %s', async url => {
    const given = means()
    const json = { ...signed(notification, '1'), SigningCertURL: url }
    expect([await verdict(json, given), await verdict(json, given)]).toEqual(['genuine', 'genuine'])
    expect(given.asked).toMatchObject([{ method: 'GET', url }])
  })

  it.each<[string, Outbound]>([
    ["can't reach its host", () => Promise.reject(new Unreachable('refused', false))],
    ['its host redirects', async () => ({ status: 302, headers: { location: 'http://localhost' }, body: pem })],
    ['its host answers with an error', async () => ({ status: 403, headers: {}, body: '<Error/>' })],
    ['it is none', async () => ({ status: 200, headers: {}, body: '<html></html>' })],
  ])('that cannot be had now is no reason to lose the message: %s', async (_name, outbound) => {
    const given = means(outbound)
    expect(await verdict(signed(notification, '1'), given)).toHaveProperty('unavailable')
    // The sender tries again, and so do all others: they share what was found for a while.
    await Promise.all(Array.from({ length: 100 }, () => verdict(signed(notification, '1'), given)))
    expect(given.asked).toHaveLength(1)
    await given.clock.advance(10_000)
    await Promise.all(Array.from({ length: 100 }, () => verdict(signed(notification, '1'), given)))
    expect(given.asked).toHaveLength(2)
  })

  it('is fetched at a bounded rate, however many URLs are named', async () => {
    const given = means(async () => ({ status: 403, headers: {}, body: '<Error/>' }))
    const named = Array.from({ length: 100 }, (_, number) => certificateURL.replace(/[0-9a-f]+\.pem/, `${number}.pem`))
    const verdicts = await Promise.all(
      named.map(url => verdict({ ...signed(notification, '1'), SigningCertURL: url }, given)),
    )
    expect(verdicts.every(found => typeof found === 'object' && 'unavailable' in found)).toBe(true)
    expect(given.asked.length).toBeLessThan(10)
  })

  const forged = (count: number, from = 0) =>
    Array.from({ length: count }, (_, index) => certificateURL.replace(/[0-9a-f]+\.pem/, `${from + index}.pem`))

  it('is fetched for one namespace, however many URLs another has named', async () => {
    const given = means(async ({ url }) =>
      url === certificateURL ? { status: 200, headers: {}, body: pem } : { status: 403, headers: {}, body: '<Error/>' },
    )
    const other = { clock: given.clock, certificates: given.of('other') }
    await Promise.all(forged(20).map(url => verdict({ ...signed(notification, '1'), SigningCertURL: url }, other)))
    expect(await verdict(signed(notification, '1'), other)).toHaveProperty('unavailable')
    expect(await verdict(signed(notification, '1'), given)).toBe('genuine')
    expect(await verdict(signed(notification, '1'), other)).toBe('genuine')
  })

  it('is fetched for one namespace while another, which may fetch none, asks for the same', async () => {
    const given = means()
    const other = { clock: given.clock, certificates: given.of('other') }
    await Promise.all(forged(20).map(url => verdict({ ...signed(notification, '1'), SigningCertURL: url }, other)))
    const verdicts = await Promise.all([
      verdict(signed(notification, '1'), other),
      verdict(signed(notification, '1'), given),
    ])
    expect(verdicts[1]).toBe('genuine')
  })

  it('is shared with a message that arrives while it is fetched, though its namespace may fetch no other', async () => {
    const given = means()
    const genuine = verdict(signed(notification, '1'), given)
    const others = forged(20).map(url => verdict({ ...signed(notification, '1'), SigningCertURL: url }, given))
    const again = verdict(signed(notification, '1'), given)
    expect(await Promise.all([genuine, again])).toEqual(['genuine', 'genuine'])
    expect(await Promise.all(others)).toContainEqual({
      unavailable: "the signature's certificate: too many were requested",
    })
  })

  it('is fetched at a bounded rate for all namespaces together', async () => {
    const given = means(async () => ({ status: 403, headers: {}, body: '<Error/>' }))
    await Promise.all(
      forged(1000).map((url, index) =>
        verdict(
          { ...signed(notification, '1'), SigningCertURL: url },
          { clock: given.clock, certificates: given.of(`namespace-${index}`) },
        ),
      ),
    )
    expect(given.asked.length).toBeLessThan(100)
  })

  it('costs a namespace nothing while others have used up the rate of all', async () => {
    const given = means(async () => ({ status: 403, headers: {}, body: '<Error/>' }))
    const askedBy = (namespace: string, url: string): Promise<unknown> =>
      verdict(
        { ...signed(notification, '1'), SigningCertURL: url },
        { clock: given.clock, certificates: given.of(namespace) },
      )
    await Promise.all(forged(200).map((url, index) => askedBy(`namespace-${index}`, url)))
    await Promise.all(forged(8, 1000).map(url => askedBy('shop', url)))
    // The rate of all lets eight more through, and a namespace that had paid would have one.
    await given.clock.advance(500)
    const before = given.asked.length
    await Promise.all(forged(8, 2000).map(url => askedBy('shop', url)))
    expect(given.asked.length - before).toBe(8)
  })

  it('is kept while it verifies messages, however many others are fetched', async () => {
    const given = means()
    for (let round = 0; round < 3; round++) {
      expect(await verdict(signed(notification, '1'), given)).toBe('genuine')
      for (const url of forged(100, round * 100)) {
        await given.clock.advance(1000)
        expect(
          await verdict({ ...signed(notification, '1', others.privateKey), SigningCertURL: url }, given),
        ).toHaveProperty('refused')
      }
    }
    expect(given.asked.filter(({ url }) => url === certificateURL)).toHaveLength(1)
    // Those that verify messages replace each other by their use.
    for (const url of forged(40, 1000)) {
      await given.clock.advance(1000)
      expect(await verdict({ ...signed(notification, '1'), SigningCertURL: url }, given)).toBe('genuine')
      expect(await verdict(signed(notification, '1'), given)).toBe('genuine')
    }
    expect(given.asked.filter(({ url }) => url === certificateURL)).toHaveLength(1)
  })

  it.each([
    ['before its time', [now + day, now + 2 * day]],
    ['after its time', [now - 2 * day, now - day]],
  ] as const)('does not hold %s', async (_name, valid) => {
    const given = means(async () => ({ status: 200, headers: {}, body: certificate(keys, valid) }))
    expect(await verdict(signed(notification, '1'), given)).toHaveProperty('refused')
  })

  it('of another kind of key does not hold', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const body = certificate({ privateKey, publicKey }, [now - day, now + day])
    const given = means(async () => ({ status: 200, headers: {}, body }))
    expect(await verdict(signed(notification, '2', privateKey), given)).toHaveProperty('refused')
  })
})

describe('a message that is not signed', () => {
  it.each([
    ['a post of any kind', {}, { text: 'scale up' }],
    ['raw message delivery', { 'x-amz-sns-rawdelivery': 'true' }, { AlarmName: 'web-load', NewStateValue: 'ALARM' }],
  ])('is believed, since its token is its proof: %s', async (_name, headers, json) => {
    expect(await verified({ headers, json }, means())).toBe('genuine')
  })
})

describe('the link that confirms a subscription', () => {
  const confirmation = (json: unknown) => confirmationOf({ headers: {}, json })

  it('is handed on with the topic, and not opened', async () => {
    const given = means()
    const json = signed(subscription, '2')
    expect(await verdict(json, given)).toBe('genuine')
    expect(confirmation(json)).toEqual({ subject: topic, link: subscription['SubscribeURL'] })
    expect(given.asked.map(({ url }) => url)).toEqual([certificateURL])
  })

  it('is handed on without what is no topic', () => {
    expect(confirmation(signed({ ...subscription, TopicArn: 'open https://example.com' }, '2'))?.subject).toBe('')
  })

  it('restores a subscription that was ended, which anybody with a message of it may do', () => {
    expect(confirmation(signed({ ...subscription, Type: 'UnsubscribeConfirmation' }, '2'))).toEqual({
      subject: subscription['TopicArn'],
      link: subscription['SubscribeURL'],
    })
  })

  it('is handed on as a browser would read it', () => {
    const SubscribeURL = ' https:sns.eu-central-1.amazonaws.com/\n?Action=ConfirmSubscription'
    expect(confirmation(signed({ ...subscription, SubscribeURL }, '2'))?.link).toBe(
      'https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription',
    )
  })

  it.each([
    ['of a host that is not of Amazon', signed({ ...subscription, SubscribeURL: 'https://example.com/' }, '2')],
    [
      'that is long',
      signed({ ...subscription, SubscribeURL: `${subscription['SubscribeURL']}${'x'.repeat(1_000_000)}` }, '2'),
    ],
    ['that is missing', without(signed(subscription, '2'), 'SubscribeURL')],
    ['of a notification', signed({ ...notification, SubscribeURL: subscription['SubscribeURL'] ?? '' }, '2')],
    ['of a post that is no message of SNS', { Type: 'SubscriptionConfirmation' }],
  ])('is not handed on: one %s', (_name, json) => {
    expect(confirmation(json)).toBeUndefined()
  })
})
