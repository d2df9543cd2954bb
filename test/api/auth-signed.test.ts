import { createHmac, randomBytes } from 'node:crypto'
import { request } from 'node:http'
import { describe, expect, it } from 'vitest'
import { at, stringAt } from '../../src/api/json.ts'
import { objectPath } from '../../src/kube/paths.ts'
import { create, send as sendTo } from '../../src/kube/requests.ts'
import { secrets } from '../../src/kube/resources.ts'
import { listAt } from '../deploy/manifests.ts'
import { cluster, postUntilDone, product, type Posted } from '../support/product.ts'

/** The forms of auth that sign a time, or name a header of their own; and secrets that are changed without losing a post. */

const key = randomBytes(32)
const values: Readonly<Record<string, string>> = {
  token: 's3cret',
  before: 'f0rmer',
  whsec: `whsec_${key.toString('base64')}`,
  former: `whsec_${randomBytes(32).toString('base64')}`,
  username: 'ann',
  password: 'next',
}
const encoded = (entries: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(entries).map(([name, value]) => [name, Buffer.from(value).toString('base64')]))
const entry = (name: string) => ({ secretKeyRef: { name: 'senders', key: name } })

const setUp = async (auth: object) => {
  const here = await cluster()
  await here.createDeployment('web', 2)
  const data = encoded(values)
  await create(here.api, secrets, here.namespace, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'senders' },
    data,
  })
  await product(here)
  await here.createHook('web-up', { max: 50 }, { auth })
  const url = await here.url('web-up')
  const send = (headers: Record<string, string>, body = 'body', query = ''): Promise<Posted> =>
    postUntilDone(`${url}${query}`, undefined, { headers, body })
  const patchSecret = (entries: Readonly<Record<string, string | null>>) =>
    sendTo(here.api, {
      method: 'PATCH',
      path: objectPath(secrets, here.namespace, 'senders'),
      contentType: 'application/merge-patch+json',
      body: JSON.stringify({
        data: Object.fromEntries(
          Object.entries(entries).map(([name, value]) => [
            name,
            value === null ? null : Buffer.from(value).toString('base64'),
          ]),
        ),
      }),
    })
  return { ...here, patchSecret, send }
}

const seconds = (later = 0): string => String(Math.floor(Date.now() / 1000) + later)
const digest = (secret: string | Buffer, text: string) => createHmac('sha256', secret).update(text)
const keyIn = (secret = ''): Buffer => Buffer.from(secret.slice('whsec_'.length), 'base64')

/** Signs as a sender of Standard Webhooks does. */
const webhook = (id: string, body = 'body', time = seconds(), secret = values['whsec']) => ({
  'webhook-id': id,
  'webhook-timestamp': time,
  'webhook-signature': `v1,${digest(keyIn(secret), `${id}.${time}.${body}`).digest('base64')}`,
})

/** Signs as Slack and Grafana do. */
const timed = (body = 'body', time = seconds()) => ({
  'x-slack-signature': `v0=${digest('s3cret', `v0:${time}:${body}`).digest('hex')}`,
  'x-slack-request-timestamp': time,
})
const slack = {
  hmac: {
    ...entry('token'),
    header: 'X-Slack-Signature',
    prefix: 'v0=',
    timestamp: { header: 'X-Slack-Request-Timestamp', prefix: 'v0:' },
  },
}

const applied = { status: 200, body: { outcome: 'applied' } }
const duplicate = { status: 200, body: { outcome: 'skipped', reason: 'Duplicate' } }
const unauthorized = { status: 401, body: { reason: 'Unauthorized' } }

describe('a hook with auth.header', () => {
  it("takes GitLab's token, and answers 401 in one way to every other post", async () => {
    const { replicas, send } = await setUp({ header: { name: 'X-Gitlab-Token', ...entry('token') } })
    expect(await send({ 'X-Gitlab-Token': 's3cret', 'X-Gitlab-Event': 'Push Hook' }, '{}')).toMatchObject(applied)
    const wrong = [
      {},
      { 'X-Gitlab-Token': 's3cre' },
      { authorization: 'Bearer s3cret' },
      { 'X-Gitlab-Token': 's3cret, s3cret' },
    ]
    for (const headers of wrong) {
      const answer = await send({ ...headers }, '{}')
      expect(answer).toMatchObject(unauthorized)
      expect(answer.headers.get('www-authenticate')).toBeNull()
    }
    expect(await replicas('web')).toBe(3)
  })
})

describe('a hook with auth.standardWebhooks', () => {
  const auth = { standardWebhooks: entry('whsec') }

  it('takes a delivery once by its signed ID, even if a captured post comes again under another key', async () => {
    const { replicas, send } = await setUp(auth)
    const captured = webhook('msg_1')
    expect(await send({ ...captured, 'Idempotency-Key': '"first"' })).toMatchObject(applied)
    for (const name of ['first', 'second']) {
      expect(await send({ ...captured, 'Idempotency-Key': JSON.stringify(name) })).toMatchObject(duplicate)
    }
    expect(await send({ ...captured, 'X-GitHub-Delivery': '1', 'X-GitHub-Event': 'push' })).toMatchObject(duplicate)
    // The sender's own retry is signed at another time, and has the same ID.
    expect(await send(webhook('msg_1', 'body', seconds(1)))).toMatchObject(duplicate)
    // Two deliveries count, even under one key.
    expect(await send({ ...webhook('msg_2'), 'Idempotency-Key': '"first"' })).toMatchObject(applied)
    expect(await replicas('web')).toBe(4)
  })

  it.each<[string, () => Record<string, string>]>([
    ['by a clock that is an hour behind', () => webhook('msg_1', 'body', seconds(-3600))],
    ['by a clock that is an hour ahead', () => webhook('msg_1', 'body', seconds(3600))],
    ['with another secret', () => webhook('msg_1', 'body', seconds(), values['former'])],
    ['for another body', () => webhook('msg_1', 'other')],
    ['for another ID', () => ({ ...webhook('msg_1'), 'webhook-id': 'msg_2' })],
    ['for another time', () => ({ ...webhook('msg_1'), 'webhook-timestamp': seconds(7) })],
    ['with the dot between the parts shifted', () => shifted()],
    ['not at all', () => ({ 'webhook-id': 'msg_1', 'webhook-timestamp': seconds() })],
    ['by its token', () => ({ authorization: `Bearer ${values['whsec']}` })],
  ])('answers 401 to a post that was signed %s', async (_name, headers) => {
    const { replicas, send } = await setUp(auth)
    expect(await send(headers())).toMatchObject(unauthorized)
    expect(await replicas('web')).toBe(2)
  })

  it('takes one of two that came at once', async () => {
    const { replicas, send } = await setUp(auth)
    const captured = webhook('msg_1')
    const answers = await Promise.all(['a', 'b', 'c', 'd'].map(name => send({ ...captured, 'Idempotency-Key': name })))
    expect(answers.map(({ body }) => String(body['reason'])).toSorted((a, b) => a.localeCompare(b))).toEqual([
      'Duplicate',
      'Duplicate',
      'Duplicate',
      'Stepped',
    ])
    expect(await replicas('web')).toBe(3)
  })

  it('refuses a Secret that is no such secret, and is Ready once it is', async () => {
    const { hook, patchSecret, send, until } = await setUp({ standardWebhooks: entry('token') })
    const refused = await send(webhook('msg_1'))
    expect(refused).toMatchObject({ status: 422, body: { reason: 'AuthSecretInvalid' } })
    expect(refused.body['message']).toContain('must be whsec_ and 24 to 64 bytes')
    const ready = async () => {
      const conditions = listAt(await hook('web-up'), 'status', 'conditions')
      return stringAt(
        conditions.find(condition => at(condition, 'type') === 'Ready'),
        'reason',
      )
    }
    expect(await ready()).toBe('AuthSecretInvalid')
    await patchSecret({ token: values['whsec'] ?? '' })
    await until(ready, reason => reason === 'Valid')
    await until(
      () => send(webhook('msg_1')),
      ({ status }) => status === 200,
    )
  })
})

describe('a header', () => {
  /** Posts with headers of which each value is a line of its own: fetch would join them itself. */
  const sendLines = (url: string, headers: Readonly<Record<string, string | string[]>>): Promise<number> =>
    new Promise((resolve, reject) => {
      const posting = request(url, { method: 'POST', headers }, answer => {
        answer.resume()
        answer.on('end', () => resolve(answer.statusCode ?? 0))
      })
      posting.on('error', reject)
      posting.end('body')
    })

  it.each<[string, object, () => Record<string, string>]>([
    ['header', { header: { name: 'X-Secret', ...entry('token') } }, () => ({ 'x-secret': 's3cret' })],
    ['hmac', slack, () => timed()],
    ['standardWebhooks', { standardWebhooks: entry('whsec') }, () => webhook('msg_1')],
  ])('that was sent in two lines proves nothing, whichever it is, for %s', async (_form, auth, proof) => {
    const { replicas, url } = await setUp(auth)
    const right = proof()
    const address = await url('web-up')
    for (const [name, value] of Object.entries(right)) {
      expect([name, await sendLines(address, { ...right, [name]: [value, value] })]).toEqual([name, 401])
      expect([name, await sendLines(address, { ...right, [name]: ['x', value] })]).toEqual([name, 401])
    }
    expect(await sendLines(address, right)).toBe(200)
    expect(await replicas('web')).toBe(3)
  })

  it('that is as long as a head may be proves nothing, and the next post counts as ever', async () => {
    const { send, url } = await setUp({ standardWebhooks: entry('whsec') })
    const fill = (text: string) => text.repeat(4000 / text.length)
    for (const [name, text] of [
      ['webhook-signature', fill('v1, ')],
      ['webhook-signature', fill('v1,= ')],
      ['webhook-id', fill('x')],
      ['webhook-timestamp', fill('1')],
    ] as const) {
      expect(await send({ ...webhook('msg_1'), [name]: text })).toMatchObject(unauthorized)
    }
    const tooLong = { ...webhook('msg_1'), 'webhook-id': 'x'.repeat(12_000) }
    expect(await sendLines(await url('web-up'), tooLong)).toBe(431)
    expect(await send(webhook('msg_1'))).toMatchObject(applied)
  })
})

/** Returns a post whose ID ends where a digit of its time began: what was signed for it is the same text. */
const shifted = (): Record<string, string> => {
  const time = seconds()
  const signature = webhook('msg_1', `${time}.body`, time)
  return { ...signature, 'webhook-id': `msg_1.${time}` }
}

describe('a hook with auth.hmac and a timestamp', () => {
  it('takes a signed text once within twice the tolerance, however its posts are named', async () => {
    const { replicas, send } = await setUp(slack)
    const captured = timed()
    expect(await send({ ...captured, 'Idempotency-Key': 'one' })).toMatchObject(applied)
    expect(await send({ ...captured, 'Idempotency-Key': 'two' })).toMatchObject(duplicate)
    expect(await send(captured)).toMatchObject(duplicate)
    // The same body, signed at another time, is another post.
    expect(await send(timed('body', seconds(1)))).toMatchObject(applied)
    expect(await replicas('web')).toBe(4)
  })

  it.each<[string, () => Record<string, string>]>([
    ['long ago', () => timed('body', seconds(-301))],
    ['ahead of time', () => timed('body', seconds(310))],
    ['without the time', () => ({ 'x-slack-signature': timed()['x-slack-signature'] })],
    ['with a time that was changed', () => ({ ...timed(), 'x-slack-request-timestamp': seconds(9) })],
    [
      'with the body alone',
      () => ({ ...timed(), 'x-slack-signature': `v0=${digest('s3cret', 'body').digest('hex')}` }),
    ],
  ])('answers 401 to a post that was signed %s', async (_name, headers) => {
    const { replicas, send } = await setUp(slack)
    expect(await send(headers())).toMatchObject(unauthorized)
    expect(await replicas('web')).toBe(2)
  })

  it('asks nothing of a dry run but the proof, and remembers none', async () => {
    const { send } = await setUp(slack)
    const captured = timed()
    const dry = { status: 200, body: { dryRun: true, outcome: 'applied' } }
    expect(await send(captured, 'body', '?dryRun=true')).toMatchObject(dry)
    expect(await send(captured)).toMatchObject(applied)
  })
})

describe('a hook with auth.hmac in Base64', () => {
  it('takes a signature in Base64, and none in digits', async () => {
    const { send } = await setUp({
      hmac: { ...entry('token'), header: 'X-Shopify-Hmac-Sha256', prefix: '', encoding: 'base64' },
    })
    const made = (encoding: 'hex' | 'base64') => ({
      'x-shopify-hmac-sha256': digest('s3cret', 'body').digest(encoding),
    })
    expect(await send(made('base64'))).toMatchObject(applied)
    expect(await send(made('hex'))).toMatchObject(unauthorized)
  })
})

describe('a secret that changes', () => {
  const basic = (password: string) => ({ authorization: `Basic ${Buffer.from(`ann:${password}`).toString('base64')}` })
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
  const hub = (secret: string) => ({ 'x-hub-signature-256': `sha256=${digest(secret, 'body').digest('hex')}` })

  it.each<[string, object, (secret: string) => Record<string, string>, string, string]>([
    ['bearer', { bearer: { ...entry('token'), previousKey: 'before' } }, bearer, 'token', 'before'],
    ['basic', { basic: { secretRef: { name: 'senders' }, previousKey: 'before' } }, basic, 'password', 'before'],
    [
      'header',
      { header: { name: 'X-Secret', ...entry('token'), previousKey: 'before' } },
      secret => ({ 'x-secret': secret }),
      'token',
      'before',
    ],
    ['hmac', { hmac: { ...entry('token'), previousKey: 'before' } }, hub, 'token', 'before'],
    [
      'standardWebhooks',
      { standardWebhooks: { ...entry('whsec'), previousKey: 'former' } },
      secret => webhook(randomBytes(8).toString('hex'), 'body', seconds(), secret),
      'whsec',
      'former',
    ],
  ])('counts as the previous one does while that is there (%s)', async (_form, auth, proof, present, previous) => {
    const { patchSecret, send, until } = await setUp(auth)
    const [now, before] = [values[present] ?? '', values[previous] ?? '']
    const by = (key: string) => ({ status: 200, body: { by: { secret: `senders/${key}` } } })
    expect(await send(proof(now))).toMatchObject(by(present))
    expect(await send(proof(before))).toMatchObject(by(previous))
    const other = present === 'whsec' ? `whsec_${randomBytes(32).toString('base64')}` : 'another'
    expect(await send(proof(other))).toMatchObject(unauthorized)
    await patchSecret({ [previous]: null })
    await until(
      () => send(proof(before)),
      ({ status }) => status === 401,
    )
    expect(await send(proof(now))).toMatchObject({ status: 200 })
  })

  it('loses no post on its way: the next one is added, the sender changes, the previous one goes', async () => {
    const { patchSecret, send, until } = await setUp({ bearer: { ...entry('token'), previousKey: 'before' } })
    await patchSecret({ before: 's3cret', token: 'next' })
    await until(
      async () => {
        // What the sender has not changed yet is never refused.
        expect(await send(bearer('s3cret'))).toMatchObject({ status: 200 })
        return await send(bearer('next'))
      },
      ({ status }) => status === 200,
    )
    await patchSecret({ before: null })
    await until(
      async () => {
        expect(await send(bearer('next'))).toMatchObject({ status: 200 })
        return await send(bearer('s3cret'))
      },
      ({ status }) => status === 401,
    )
  })
})
