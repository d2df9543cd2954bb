import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { at, stringAt, tryParseJson } from '../../src/api/json.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import { collectionPath } from '../../src/kube/paths.ts'
import { hooks } from '../../src/kube/resources.ts'
import { listAt } from '../deploy/manifests.ts'
import { certificate } from '../senders/certificate.ts'
import { keys, notification, signed, subscription, topic } from '../senders/sns-messages.ts'
import { cluster, post, product, type Posted } from '../support/product.ts'

const now = Date.now()
const pem = certificate(keys, [now - 86_400_000, now + 86_400_000])
const others = generateKeyPairSync('rsa', { modulusLength: 2048 })
const otherTopic = 'arn:aws:sns:eu-central-1:210987654321:web-load'

/** Sets up the product, which may read no Secret, and a hook that takes posts of one topic; `asked` is what was fetched. */
const setUp = async (spec: object = {}) => {
  const here = await cluster()
  const asked: string[] = []
  await here.createDeployment('web', 2)
  const running = await product(here, {
    outbound: async ({ url }) => {
      asked.push(url)
      return { status: 200, headers: {}, body: pem }
    },
  })
  await here.createHook('web-up', {}, { auth: { sns: { topicArn: topic } }, ...spec })
  const url = await here.url('web-up')
  return { ...here, ...running, asked, url }
}

const unauthorized = { status: 401, body: { reason: 'Unauthorized' } }

describe('a hook with auth (sns)', () => {
  it('is run by what Amazon signed for its topic, and is Ready without a Secret', async () => {
    const { hook, replicas, url } = await setUp()
    expect(await post(url, signed(notification, '2'))).toMatchObject({ status: 200, body: { from: 2, to: 3 } })
    expect(await replicas('web')).toBe(3)
    const ready = listAt(await hook('web-up'), 'status', 'conditions').find(each => at(each, 'type') === 'Ready')
    expect(ready).toMatchObject({ status: 'True' })
  })

  it('answers 401 in one way to every other post, and reveals nothing about itself', async () => {
    const { api, asked, namespace, replicas, url } = await setUp({ suspend: true })
    const wrong: readonly unknown[] = [
      signed({ ...notification, TopicArn: otherTopic }, '2'),
      signed({ ...subscription, TopicArn: otherTopic }, '1'),
      { ...signed({ ...notification, TopicArn: otherTopic }, '2'), TopicArn: topic },
      { ...signed(notification, '2'), Message: 'another' },
      signed(notification, '2', others.privateKey),
      { ...signed(notification, '2'), SigningCertURL: 'https://example.com/SimpleNotificationService-9c64.pem' },
      notification,
      { TopicArn: topic },
      {},
    ]
    const answers: Posted[] = []
    for (const body of wrong) answers.push(await post(url, body))
    const json = { 'content-type': 'application/json' }
    const raw = { ...json, 'x-amz-sns-rawdelivery': 'true', 'x-amz-sns-topic-arn': topic }
    answers.push(await post(url))
    answers.push(await post(url, undefined, { headers: json, body: '{' }))
    answers.push(await post(url, undefined, { headers: json, body: `${'['.repeat(65)}${']'.repeat(65)}` }))
    answers.push(await post(url, undefined, { headers: { 'content-encoding': 'br' }, body: 'x' }))
    answers.push(await post(url, undefined, { headers: { 'content-encoding': 'gzip' }, body: 'x' }))
    answers.push(await post(url, undefined, { headers: raw, body: '{"NewStateValue":"ALARM"}' }))
    // What names another sender is not read as a message of SNS.
    const asGitHub = { ...json, 'x-github-event': 'push' }
    answers.push(await post(url, undefined, { headers: asGitHub, body: JSON.stringify(signed(notification, '2')) }))
    answers.push(await post(`${url}?dryRun=perhaps`, {}))
    for (const { body, headers, status } of answers) {
      expect({ status, body }).toEqual({ status: 401, body: answers[0]?.body })
      expect(headers.get('www-authenticate')).toBeNull()
    }
    expect(answers[0]).toMatchObject(unauthorized)
    expect(JSON.stringify(answers[0]?.body)).not.toMatch(/web-up|arn:/)
    // Another topic's messages make the trigger fetch nothing.
    expect(new Set(asked)).toEqual(new Set([signed(notification, '2')['SigningCertURL']]))
    expect(await replicas('web')).toBe(2)
    const path = `/apis/events.k8s.io/v1/namespaces/${namespace}/events`
    const events = await api.request({ method: 'GET', path, lane: 'bulk', timeoutMs: 5000 })
    expect(events.body).not.toContain('SubscriptionToConfirm')
    expect(await post(url, signed(notification, '2'))).toMatchObject({ status: 200, body: { reason: 'Suspended' } })
  })

  it('hands on the link of its own topic, and refuses the messages of the former one once it was changed', async () => {
    const { patchHook, until, url } = await setUp()
    expect(await post(url, signed(subscription, '1'))).toMatchObject({ status: 200, body: { reason: 'NoNews' } })
    await patchHook('web-up', { spec: { auth: { sns: { topicArn: otherTopic } } } })
    await until(
      () => post(`${url}?dryRun=true`, signed(notification, '2')),
      ({ status }) => status === 401,
    )
    const moved = signed({ ...notification, TopicArn: otherTopic }, '2')
    expect(await post(url, moved)).toMatchObject({ status: 200, body: { from: 2, to: 3 } })
  })
})

describe('a message of SNS, with a replayWindow,', () => {
  const published = (ago: number, more: object = {}) =>
    signed({ ...notification, Timestamp: new Date(Date.now() - ago).toISOString(), ...more }, '2')

  it('counts once, however it is named and written, and not at all once it is older than that', async () => {
    const { replicas, url } = await setUp({ auth: { sns: { topicArn: topic, replayWindow: '1h' } } })
    const message = published(60_000)
    const json = { 'content-type': 'application/json' }
    expect(await post(url, message)).toMatchObject({ status: 200, body: { to: 3 } })
    const captured: readonly [Record<string, string>, string][] = [
      [{ 'idempotency-key': 'fresh' }, JSON.stringify(message)],
      [{ 'idempotency-key': 'spaced' }, JSON.stringify(message, null, 1)],
      [{ 'idempotency-key': 'more' }, JSON.stringify({ ...message, UnsubscribeURL: 'https://example.com' })],
    ]
    for (const [headers, body] of captured) {
      const replayed = await post(url, undefined, { headers: { ...json, ...headers }, body })
      expect(replayed).toMatchObject({ status: 200, body: { outcome: 'skipped', reason: 'Duplicate' } })
    }
    expect(await post(url, published(3_601_000, { MessageId: 'old' }))).toMatchObject(unauthorized)
    expect(await post(url, published(0, { MessageId: 'another' }))).toMatchObject({ status: 200, body: { to: 4 } })
    expect(await replicas('web')).toBe(4)
  })
})

describe('a manifest with auth.sns', () => {
  const create = async (sns: object) => {
    const { api, namespace } = await cluster()
    const spec = { driver: 'scale', scale: { target: { name: 'web' }, action: 'up', max: 10 }, auth: { sns } }
    const answer = await api.request({
      method: 'POST',
      path: collectionPath(hooks, namespace),
      query: { fieldValidation: 'Strict' },
      body: JSON.stringify({ apiVersion, kind: hookKind, metadata: { name: 'web-up' }, spec }),
      lane: 'bulk',
      timeoutMs: 5000,
    })
    return { status: answer.status, message: stringAt(tryParseJson(answer.body), 'message') }
  }

  it.each([
    topic,
    'arn:aws-us-gov:sns:us-gov-west-1:123456789012:Web_Load-2',
    'arn:aws-cn:sns:cn-northwest-1:123456789012:web-load',
  ])('is taken: %s', async topicArn => {
    expect(await create({ topicArn })).toMatchObject({ status: 201 })
  })

  it.each([
    '',
    'web-load',
    'arn:aws:sns:eu-central-1:123456789012:',
    'arn:aws:sns:eu-central-1:1234:web-load',
    'arn:aws:sns:eu-central-1:123456789012:*',
    'arn:aws:sqs:eu-central-1:123456789012:web-load',
    `${topic}:8a6f9c3e-1c8f-4c9e-9d0e-0b5f6a7d8e9f`,
    ` ${topic}`,
  ])('is refused with what to write: "%s"', async topicArn => {
    const refused = await create({ topicArn })
    expect(refused.message).toContain('must be the ARN of an SNS topic: arn:aws:sns:REGION:ACCOUNT:NAME')
    expect(refused.status).toBe(422)
  })
})
