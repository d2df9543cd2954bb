import { describe, expect, it } from 'vitest'
import { nobody } from '../../src/api/by.ts'
import type { SecretAuth } from '../../src/api/auth.ts'
import { stringAt } from '../../src/api/json.ts'
import { promMetrics } from '../../src/environment/metrics.ts'
import { refusal } from '../../src/trigger/answer.ts'
import { accountsIn } from '../../src/api/bind-command.ts'
import { checkAuthOf as realBar, countedAuth } from '../../src/trigger/auth/proof.ts'
import type { AuthBody } from '../../src/trigger/auth/signed.ts'
import type { ReadSecret } from '../../src/trigger/auth/secrets.ts'
import type { CheckGenuine } from '../../src/trigger/genuine.ts'
import type { Body } from '../../src/trigger/posted.ts'
import { readMessage } from '../../src/trigger/reading/message.ts'
import { notification, signed, topic } from '../senders/sns-messages.ts'
import { someHook } from './some-hook.ts'

const bearer: SecretAuth = { form: 'bearer', secret: 'senders', key: 'token' }
const basic: SecretAuth = { form: 'basic', secret: 'senders' }
const hmac: SecretAuth = {
  form: 'hmac',
  secret: 'senders',
  key: 'token',
  header: 'X-Hub-Signature-256',
  prefix: 'sha256=',
}

const data = { token: "It's a Secret to Everybody", username: 'ann', password: 'open sesame' }
const encoded = Object.fromEntries(
  Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
)
const readable: ReadSecret = () => Promise.resolve({ secret: { data: encoded } })

const right = {
  bearer: { authorization: `Bearer ${data.token}` },
  basic: { authorization: `Basic ${Buffer.from('ann:open sesame').toString('base64')}` },
  hmac: { 'x-hub-signature-256': 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17' },
}

const bodyOf = (sent: Body): AuthBody => ({
  sent,
  message: () => Promise.reject(new Error('the body must not be parsed')),
})
const textOf = (text: string): AuthBody => bodyOf(() => Promise.resolve({ body: new TextEncoder().encode(text) }))
const unread = bodyOf(() => Promise.reject(new Error('the body must not be read')))
const hello = textOf('Hello, World!')

const noTokens = { check: () => Promise.reject(new Error('no token must be verified')) }
const unchecked: CheckGenuine = () => Promise.reject(new Error('no signature of a sender must be verified'))
const authBar = (readSecret: ReadSecret, checkGenuine = unchecked, now = Date.UTC(2012, 3, 26)) =>
  realBar({ now: () => now }, readSecret, checkGenuine, noTokens, accountsIn('receiver-hooks'))

it('counts the proofs by form and result', async () => {
  const metrics = promMetrics()
  const bearerToken = { ...someHook, auth: bearer }
  const signed = { ...someHook, auth: hmac }
  const bar = countedAuth(authBar(readable), metrics)
  await bar(someHook, {}, unread)
  await bar(bearerToken, right.bearer, unread)
  for (const headers of [{}, right.basic]) await bar(bearerToken, headers, unread)
  await countedAuth(
    authBar(() => Promise.resolve('forbidden')),
    metrics,
  )(bearerToken, right.bearer, unread)
  await countedAuth(
    authBar(() => Promise.resolve('unreachable')),
    metrics,
  )(bearerToken, right.bearer, unread)
  await bar(
    signed,
    right.hmac,
    bodyOf(() => Promise.resolve({ refused: 'no answer' })),
  )
  const counted = [...(await metrics.text()).matchAll(/^receiverhooks_proofs_total\{(.*)\} (\d)$/gm)]
  expect(counted.map(([, labels, count]) => `${labels} ${count}`)).toEqual([
    'form="bearer",result="accepted" 1',
    'form="bearer",result="refused" 2',
    'form="bearer",result="failed" 1',
    'form="bearer",result="unavailable" 1',
    'form="hmac",result="unread" 1',
  ])
})

describe('a post to a hook', () => {
  it('without auth passes, and neither a Secret nor its body is read', async () => {
    const bar = authBar(() => Promise.reject(new Error('no Secret must be read')))
    expect(await bar(someHook, {}, unread)).toEqual(nobody)
  })

  it.each([
    [bearer, 'senders/token'],
    [basic, 'senders/password'],
  ] as const)('with %s is judged before its body is read', async (auth, secret) => {
    const bar = authBar(readable)
    expect(await bar({ ...someHook, auth }, right[auth.form], unread)).toEqual({ by: { secret } })
    expect(await bar({ ...someHook, auth }, {}, unread)).toMatchObject({ refused: { status: 401 } })
  })

  it('with hmac is judged by its body as it came', async () => {
    const bar = authBar(readable)
    const hook = { ...someHook, auth: hmac }
    const spaced = textOf('Hello, World! ')
    expect(await bar(hook, right.hmac, hello)).toEqual({ by: { secret: 'senders/token' } })
    expect(await bar(hook, right.hmac, spaced)).toMatchObject({ refused: { status: 401 } })
  })

  it('whose signed body cannot be read is answered that', async () => {
    const refused = refusal(413, 'BodyTooLarge')
    const body = bodyOf(async () => ({ refused }))
    expect(await authBar(readable)({ ...someHook, auth: hmac }, right.hmac, body)).toEqual({ refused })
  })

  it.each<[SecretAuth, Record<string, string>]>([
    [bearer, { 'www-authenticate': 'Bearer realm="receiver-hooks"' }],
    [basic, { 'www-authenticate': 'Basic realm="receiver-hooks", charset="UTF-8"' }],
    [hmac, {}],
  ])('that proves nothing to $form gets one answer, regardless of what is wrong', async (auth, headers) => {
    const bar = authBar(readable)
    const wrong = [{}, { authorization: 'Bearer x' }, { authorization: 'x' }, { 'x-hub-signature-256': 'sha256=00' }]
    for (const sent of wrong) {
      expect(await bar({ ...someHook, auth }, sent, hello)).toEqual({ refused: refusal(401, 'Unauthorized', headers) })
    }
  })
})

describe('a post to a hook that takes messages of one topic of SNS', () => {
  const hook = { ...someHook, auth: { form: 'sns', topicArn: topic } as const }
  const noSecret: ReadSecret = () => Promise.reject(new Error('no Secret must be read'))
  const posted = (json: unknown, headers: Readonly<Record<string, string>> = {}): AuthBody => {
    const body = new TextEncoder().encode(JSON.stringify(json))
    const message = readMessage({ headers, body, receivedAt: 0 }, 100_000)
    if (typeof message === 'string') throw new Error(message)
    return { sent: () => Promise.resolve({ body }), message: () => Promise.resolve({ message }) }
  }
  const refused = { refused: refusal(401, 'Unauthorized') }
  const verdict =
    (found: Awaited<ReturnType<CheckGenuine>>): CheckGenuine =>
    () =>
      Promise.resolve(found)

  it.each<[Awaited<ReturnType<CheckGenuine>>, unknown]>([
    ['genuine', nobody],
    ['refused', refused],
    ['unavailable', { refused: refusal(503, 'NotVerified') }],
  ])('is answered by what its signature is: %s', async (found, answer) => {
    expect(await authBar(noSecret, verdict(found))(hook, {}, posted(signed(notification, '2')))).toEqual(answer)
  })

  it.each<[string, number, unknown]>([
    ['a moment ago', 1000, nobody],
    ['almost an hour ago', 3_599_999, nobody],
    ['an hour ago', 3_600_000, refused],
    ['by a clock that is ahead', -60_000, nobody],
  ])('is refused once what has counted may be forgotten: one published %s', async (_name, ago, answer) => {
    const now = Date.parse(notification['Timestamp'] ?? '') + ago
    const bar = authBar(noSecret, verdict('genuine'), now)
    const body = posted(signed(notification, '2'))
    expect(await bar({ ...hook, replayWindowMs: 3_600_000 }, {}, body)).toEqual(answer)
    expect(await bar(hook, {}, body)).toEqual(nobody)
  })

  it.each<[string, unknown, Record<string, string>]>([
    ['of another topic', signed({ ...notification, TopicArn: `${topic}2` }, '2'), {}],
    ['that is no message', { TopicArn: topic }, {}],
    ['of raw delivery', { TopicArn: topic }, { 'x-amz-sns-rawdelivery': 'true' }],
    ['of another sender by its header', signed(notification, '2'), { 'x-github-event': 'push' }],
  ])('is refused without a look at its signature: one %s', async (_name, json, headers) => {
    expect(await authBar(noSecret)(hook, headers, posted(json, headers))).toEqual(refused)
  })

  it('is answered that its body does not arrive or cannot be read now, and no more', async () => {
    const sent = () => Promise.resolve({ body: new Uint8Array() })
    const tooLarge = { refused: refusal(413, 'BodyTooLarge') }
    const overloaded = { refused: refusal(503, 'Overloaded') }
    const answer = (body: AuthBody) => authBar(noSecret)(hook, {}, body)
    expect(await answer(bodyOf(async () => tooLarge))).toEqual(tooLarge)
    expect(await answer({ sent, message: async () => overloaded })).toEqual(overloaded)
    expect(await answer({ sent, message: async () => ({ refused: refusal(400, 'BodyTooDeep') }) })).toEqual(refused)
  })
})

describe.each([bearer, basic, hmac])('where it is unknown whether a post satisfies $form', auth => {
  const hook = { ...someHook, auth }

  it.each<[string, Awaited<ReturnType<ReadSecret>>, string, string, RegExp]>([
    [
      'since the API server is away, it may try again',
      'unreachable',
      'unavailable',
      'ApiUnreachable',
      /^can't read Secret.senders/,
    ],
    ['since the Secret is too large, it fails', 'too large', 'failed', 'AuthSecretTooLarge', /^Secret.senders.*64 KiB/],
    ['since there is no Secret, it fails', { secret: undefined }, 'failed', 'AuthSecretNotFound', /^auth names Secret/],
    [
      'since the Secret has nothing for it, it fails',
      { secret: { data: {} } },
      'failed',
      'AuthSecretNotFound',
      /no key/,
    ],
    [
      'since the right is missing, it fails and says what is to be bound',
      'forbidden',
      'failed',
      'Forbidden',
      /^the trigger may not read Secret.senders.*: kubectl -n shop create rolebinding receiver-hooks-auth /,
    ],
  ])('%s, and its body is not read', async (_name, found, outcome, reason, says) => {
    const problem = await authBar(() => Promise.resolve(found))(hook, right[auth.form], unread)
    expect(problem).toMatchObject({ outcome, reason })
    expect(stringAt(problem, 'message')).toMatch(says)
  })
})
