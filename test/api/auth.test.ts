import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { at, stringAt, tryParseJson } from '../../src/api/json.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import { collectionPath, objectPath } from '../../src/kube/paths.ts'
import { create, send } from '../../src/kube/requests.ts'
import { hooks, secrets } from '../../src/kube/resources.ts'
import { listAt } from '../deploy/manifests.ts'
import { cluster, post, postUntilDone, product, type Cluster, type Posted } from '../support/product.ts'

const encoded = (text: string): string => Buffer.from(text).toString('base64')
const dataOf = (values: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, encoded(value)]))

const createSecret = ({ api, namespace }: Cluster, name: string, values: Readonly<Record<string, string>>) =>
  create(api, secrets, namespace, { apiVersion: 'v1', kind: 'Secret', metadata: { name }, data: dataOf(values) })

const patchSecret = ({ api, namespace }: Cluster, name: string, values: Readonly<Record<string, string>>) =>
  send(api, {
    method: 'PATCH',
    path: objectPath(secrets, namespace, name),
    contentType: 'application/merge-patch+json',
    body: JSON.stringify({ data: dataOf(values) }),
  })

const deleteSecret = ({ api, namespace }: Cluster, name: string) =>
  api.request({ method: 'DELETE', path: objectPath(secrets, namespace, name), lane: 'bulk', timeoutMs: 5000 })

const values = { token: 's3cret', username: 'ann', password: 'open sesame', key: "It's a Secret to Everybody" }

const hmac = { secretKeyRef: { name: 'senders', key: 'key' } }

const forms = {
  bearer: { bearer: { secretKeyRef: { name: 'senders', key: 'token' } } },
  basic: { basic: { secretRef: { name: 'senders' } } },
  github: { hmac },
  grafana: { hmac: { ...hmac, header: 'X-Grafana-Alerting-Signature', prefix: '' } },
}

/** GitHub's documentation signs this with the key above. */
const hello = 'Hello, World!'
const digits = '757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17'

const alert = JSON.stringify(
  { receiver: 'web-up', status: 'firing', alerts: [], version: '1', groupKey: '{}' },
  null,
  1,
)
const signed = (body: string, key = values.key): string => createHmac('sha256', key).update(body).digest('hex')

/** Sets up the product, a Deployment with 2 replicas, a Secret `senders` and a hook with this `auth`. */
const setUp = async (auth: object) => {
  const here = await cluster()
  await here.createDeployment('web', 2)
  await createSecret(here, 'senders', values)
  const running = await product(here)
  await here.createHook('web-up', {}, { auth })
  const url = await here.url('web-up')
  const send = (headers: Record<string, string>, body = hello, query = ''): Promise<Posted> =>
    postUntilDone(`${url}${query}`, undefined, { headers, body })
  const readyReason = async (): Promise<string | undefined> => {
    const conditions = listAt(await here.hook('web-up'), 'status', 'conditions')
    return stringAt(
      conditions.find(condition => at(condition, 'type') === 'Ready'),
      'reason',
    )
  }
  return { ...here, here, url, send, readyReason, triggerPort: running.triggerPort }
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
const basic = (user: string) => ({ authorization: `Basic ${encoded(user)}` })
const github = (signature: string) => ({ 'x-hub-signature-256': signature })
const grafana = (signature: string) => ({ 'x-grafana-alerting-signature': signature })

const rows: readonly [keyof typeof forms, readonly [object, string][], readonly [object, string][]][] = [
  [
    'bearer',
    [[bearer('s3cret'), '']],
    [
      [{}, ''],
      [bearer('s3cre'), ''],
      [basic('s3cret'), ''],
    ],
  ],
  [
    'basic',
    [[basic('ann:open sesame'), '']],
    [
      [{}, ''],
      [basic('ann:x'), ''],
      [bearer('open sesame'), ''],
    ],
  ],
  [
    'github',
    [
      [github(`sha256=${digits}`), hello],
      [github(`sha256=${signed('')}`), ''],
    ],
    [
      [{}, hello],
      [github(digits), hello],
      [github(`sha256=${digits}`), `${hello}!`],
      [github(`sha256=${digits}`), ''],
    ],
  ],
  [
    'grafana',
    [
      [grafana(signed(alert)), alert],
      [grafana(digits), hello],
    ],
    [
      [grafana(`sha256=${signed(alert)}`), alert],
      [grafana(signed(alert)), JSON.stringify(JSON.parse(alert))],
      [github(`sha256=${signed(alert)}`), alert],
    ],
  ],
]

describe.each(rows)('a hook with auth (%s)', (form, right, wrong) => {
  it('is run by a post that proves it, and answers 401 in one way to every other', async () => {
    const { replicas, send } = await setUp(forms[form])
    let count = 2
    for (const [headers, body] of right) {
      const posted = await send({ ...headers }, body)
      expect(posted).toMatchObject({ status: 200, body: { outcome: 'applied', from: count, to: count + 1 } })
      count += 1
    }
    const answers: Posted[] = []
    for (const [headers, body] of wrong) answers.push(await send({ ...headers }, body))
    for (const { body, headers, status } of answers) {
      expect({ status, body }).toEqual({ status: 401, body: answers[0]?.body })
      expect(body['reason']).toBe('Unauthorized')
      expect(headers.get('www-authenticate')).toBe(answers[0]?.headers.get('www-authenticate'))
      expect(headers.get('www-authenticate')?.split(' ')[0]?.toLowerCase()).toBe(
        'hmac' in forms[form] ? undefined : form,
      )
    }
    expect(await replicas('web')).toBe(count)
  })
})

describe('a signed body, with a replayWindow,', () => {
  const signature = github(`sha256=${digits}`)
  const setUpWindow = () => setUp({ hmac: { ...hmac, replayWindow: '10m' } })

  it('counts once, however its posts are named, and its copies are duplicates', async () => {
    const { hook, replicas, send, until } = await setUpWindow()
    expect(await send({ ...signature, 'Idempotency-Key': 'one' })).toMatchObject({ status: 200, body: { to: 3 } })
    for (const name of ['one', 'two']) {
      const { body } = await send({ ...signature, 'Idempotency-Key': name })
      expect(body).toMatchObject({ outcome: 'skipped', reason: 'Duplicate' })
      expect(body['message']).toContain(`the same ${name === 'one' ? 'delivery' : 'signed body'} was decided at`)
    }
    expect((await send(signature)).body).toMatchObject({ reason: 'Duplicate' })
    expect((await send({ ...signature, 'X-GitHub-Delivery': '1', 'X-GitHub-Event': 'push' })).body).toMatchObject({
      reason: 'Duplicate',
    })
    expect(await replicas('web')).toBe(3)
    const recent = await until(
      async () => listAt(await hook('web-up'), 'status', 'recent').map(one => at(one, 'reason')),
      ({ length }) => length === 5,
    )
    expect(recent).toEqual(['Duplicate', 'Duplicate', 'Duplicate', 'Duplicate', 'Stepped'])
  })

  it('counts once although nothing names it, and another body counts', async () => {
    const { replicas, send } = await setUpWindow()
    const answers = await Promise.all([send(signature), send(signature), send(signature)])
    const reasons = answers.map(({ body }) => body['reason'])
    expect(reasons.filter(reason => reason === 'Stepped')).toHaveLength(1)
    expect(reasons.filter(reason => reason === 'Duplicate')).toHaveLength(2)
    const other = github(`sha256=${signed('another')}`)
    expect((await send(other, 'another')).body).toMatchObject({ reason: 'Stepped' })
    expect(await replicas('web')).toBe(4)
  })

  it('counts each time without one', async () => {
    const { replicas, send } = await setUp({ hmac })
    for (const name of ['one', 'two']) await send({ ...signature, 'Idempotency-Key': name })
    await send(signature)
    expect(await replicas('web')).toBe(5)
  })
})

describe('auth', () => {
  it('comes after the token: a URL that is not ours or is no more says so, regardless of what else is sent', async () => {
    const { api, namespace, send, triggerPort, until, url } = await setUp(forms.bearer)
    const unknown = `http://127.0.0.1:${triggerPort}/v1/trigger/x`
    expect(await post(unknown, undefined, { headers: bearer('s3cret') })).toMatchObject({ status: 404 })
    await api.request({ method: 'DELETE', path: objectPath(hooks, namespace, 'web-up'), lane: 'bulk', timeoutMs: 5000 })
    await until(
      () => post(url),
      ({ status }) => status === 410,
    )
    expect(await send(bearer('s3cret'))).toMatchObject({ status: 410, body: { reason: 'HookDeleted' } })
  })

  it('is asked of a dry run and of a suspended hook as well, and before the query is looked at', async () => {
    const { patchHook, send, until } = await setUp(forms.bearer)
    expect(await send({}, '', '?dryRun=true')).toMatchObject({ status: 401 })
    expect(await send({}, '', '?dryRun=perhaps')).toMatchObject({ status: 401 })
    expect((await send(bearer('s3cret'), '', '?dryRun=true')).body).toMatchObject({ dryRun: true, from: 2, to: 3 })
    await patchHook('web-up', { spec: { suspend: true } })
    await until(
      () => send(bearer('s3cret'), ''),
      ({ body }) => body['reason'] === 'Suspended',
    )
    expect(await send({}, '')).toMatchObject({ status: 401 })
  })

  it('refuses a signed body that is compressed or too large for what it is', async () => {
    const { send } = await setUp(forms.github)
    const signature = github(`sha256=${digits}`)
    expect(await send({ ...signature, 'content-encoding': 'gzip' })).toMatchObject({ status: 400 })
    expect(await send({ ...signature, 'content-encoding': 'br' })).toMatchObject({ status: 415 })
    expect(await send(signature, 'x'.repeat(1024 * 1024 + 1))).toMatchObject({ status: 413 })
  })

  it('says that a body is nested too deeply only to a sender that has signed it', async () => {
    const { send } = await setUp(forms.github)
    const deep = `${'['.repeat(65)}${']'.repeat(65)}`
    expect(await send(github(`sha256=${digits}`), deep)).toMatchObject({ status: 401 })
    expect(await send(github(`sha256=${signed(deep)}`), deep)).toMatchObject({
      status: 400,
      body: { reason: 'BodyTooDeep' },
    })
  })

  it('is asked of the former URL too, while a rotation overlaps', async () => {
    const { here, patchHook, url } = await setUp(forms.bearer)
    await patchHook('web-up', { spec: { token: { rotation: 1 } } })
    const second = await here.url('web-up')
    expect(second).not.toBe(url)
    for (const address of [url, second]) {
      expect(await post(address)).toMatchObject({ status: 401 })
      expect(await post(address, undefined, { headers: bearer('s3cret') })).toMatchObject({ status: 200 })
    }
  })

  it('that is added, changed or removed counts as soon as the trigger has seen it', async () => {
    const { here, patchHook, send, until } = await setUp(forms.bearer)
    await createSecret(here, 'other', { token: 'another' })
    const seen = async (headers: Record<string, string>, status: number): Promise<void> => {
      const answer = await until(
        () => send(headers, '', '?dryRun=true'),
        answer => answer.status === status,
      )
      expect(answer.body['reason']).toBe(status === 401 ? 'Unauthorized' : 'Stepped')
    }
    await patchHook('web-up', { spec: { auth: { bearer: { secretKeyRef: { name: 'other' } } } } })
    await seen(bearer('s3cret'), 401)
    await seen(bearer('another'), 200)
    await patchHook('web-up', { spec: { auth: null } })
    await seen({}, 200)
    await patchHook('web-up', { spec: { auth: forms.github } })
    await seen({}, 401)
  })
})

describe('the Secret of auth', () => {
  it('counts as it is now, a few seconds after it was changed', async () => {
    const { here, send, until } = await setUp(forms.bearer)
    expect(await send(bearer('s3cret'))).toMatchObject({ status: 200 })
    await patchSecret(here, 'senders', { token: 'changed' })
    await until(
      () => send(bearer('changed')),
      ({ status }) => status === 200,
    )
    expect(await send(bearer('s3cret'))).toMatchObject({ status: 401 })
  })

  it.each<[string, object, string]>([
    ['is missing', { bearer: { secretKeyRef: { name: 'nowhere', key: 'token' } } }, 'auth names Secret/nowhere'],
    [
      'lacks the key',
      { hmac: { secretKeyRef: { name: 'senders', key: 'nothing' } } },
      'Secret/senders has no key nothing',
    ],
    ['lacks a password', { basic: { secretRef: { name: 'half' } } }, 'Secret/half has no key password'],
  ])('that %s makes every post fail, and the hook says so', async (_name, auth, says) => {
    const { here, hook, readyReason, replicas, send } = await setUp(auth)
    await createSecret(here, 'half', { username: 'ann', password: '' })
    const { until } = here
    const failed = await until(
      () => send(bearer('s3cret')),
      ({ body }) => String(body['message']).includes(says),
    )
    expect(failed).toMatchObject({ status: 422, body: { outcome: 'failed', reason: 'AuthSecretNotFound' } })
    expect(await readyReason()).toBe('AuthSecretNotFound')
    const conditions = listAt(await hook('web-up'), 'status', 'conditions')
    expect(conditions.map(condition => at(condition, 'type'))).toEqual(['Ready', 'Reconciling'])
    expect(await replicas('web')).toBe(2)
  })

  it('may come after the hook, and go', async () => {
    const { here, readyReason, send, until } = await setUp({ bearer: { secretKeyRef: { name: 'late', key: 'token' } } })
    expect(await readyReason()).toBe('AuthSecretNotFound')
    await createSecret(here, 'late', { token: 'late' })
    await until(readyReason, reason => reason === 'Valid')
    await until(
      () => send(bearer('late')),
      ({ status }) => status === 200,
    )
    await deleteSecret(here, 'late')
    await until(
      () => send(bearer('late')),
      ({ body }) => body['reason'] === 'AuthSecretNotFound',
    )
  })
})

describe('a manifest', () => {
  const one = 'must have exactly one of bearer, basic, header, path, hmac, standardWebhooks, oidc and sns'
  const secretKeyRef = hmac.secretKeyRef
  const timestamp = { header: 'X-Time' }
  it.each<[string, object, string]>([
    ['with none of the forms', {}, one],
    ['with two of them', { ...forms.bearer, ...forms.basic }, one],
    ['with three of them', { ...forms.bearer, ...forms.basic, ...forms.github }, one],
    ['with a bearer from nowhere', { bearer: {} }, 'spec.auth.bearer.secretKeyRef: Required value'],
    ['without a key', { hmac: { secretKeyRef: { name: 'x' } } }, 'spec.auth.hmac.secretKeyRef.key: Required value'],
    ['with a bad name', { basic: { secretRef: { name: 'A/b' } } }, 'must be an object name: lower-case letters'],
    ['with a bad key', { bearer: { secretKeyRef: { name: 'x', key: 'a b' } } }, 'must be a key of a Secret: letters,'],
    ['with no key at all', { bearer: { secretKeyRef: { name: 'x', key: '' } } }, 'must be a key of a Secret: letters,'],
    ['with a bad header', { hmac: { ...hmac, header: 'X-Sig: 1' } }, 'must be the name of a header: letters, digits'],
    ['with a replayWindow that is none', { hmac: { ...hmac, replayWindow: '5' } }, 'must be a duration: a number'],
    ['with a replayWindow that is forgotten', { hmac: { ...hmac, replayWindow: '25h' } }, 'must be at most 24h'],
    ['with a prefix that no header has', { hmac: { ...hmac, prefix: '\n' } }, 'must be the text before the sign'],
    [
      "with HTTP's own header for the secret",
      { header: { name: 'Content-TYPE', secretKeyRef } },
      'must be a header used only for the secret, such as X-Gitlab-Token',
    ],
    [
      'with the header of a name for the secret',
      { header: { name: 'idempotency-Key', secretKeyRef } },
      'must be a header used only for the secret',
    ],
    ['with a header and no Secret', { header: { name: 'X-Secret' } }, 'spec.auth.header.secretKeyRef: Required value'],
    ['with an encoding that is none', { hmac: { ...hmac, encoding: 'hex16' } }, 'supported values: "hex", "base64"'],
    [
      'with a time and a replayWindow',
      { hmac: { ...hmac, timestamp, replayWindow: '1h' } },
      'must not be set together with timestamp: a signed time already prevents replays',
    ],
    [
      'with one header for signature and time',
      { hmac: { ...hmac, timestamp: { header: 'x-hub-signature-256' } } },
      'must not be the header that holds the signature',
    ],
    [
      'with a digit after the time',
      { hmac: { ...hmac, timestamp: { ...timestamp, separator: '0' } } },
      'must not begin with a digit',
    ],
    [
      'with a tolerance that takes yesterday',
      { standardWebhooks: { secretKeyRef, tolerance: '24h' } },
      'must be between 10s and 1h',
    ],
    [
      'with a tolerance of no clock',
      { hmac: { ...hmac, timestamp: { ...timestamp, tolerance: '1s' } } },
      'must be between',
    ],
  ])('%s is refused with what to write', async (_name, auth, says) => {
    const { api, namespace } = await cluster()
    const spec = { driver: 'scale', scale: { target: { name: 'web' }, action: 'up', max: 10 }, auth }
    const answer = await api.request({
      method: 'POST',
      path: collectionPath(hooks, namespace),
      query: { fieldValidation: 'Strict' },
      body: JSON.stringify({ apiVersion, kind: hookKind, metadata: { name: 'web-up' }, spec }),
      lane: 'bulk',
      timeoutMs: 5000,
    })
    expect(stringAt(tryParseJson(answer.body), 'message')).toContain(says)
    expect(answer.status).toBe(422)
  })

  it('has the form of GitHub by default', async () => {
    const here = await cluster()
    expect(await here.createHook('web-up', {}, { auth: { hmac } })).toMatchObject({
      spec: { auth: { hmac: { ...hmac, header: 'X-Hub-Signature-256', prefix: 'sha256=' } } },
    })
  })
})
