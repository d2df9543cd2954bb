import { createHmac, randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import { stringAt } from '../../src/api/json.ts'
import { collectionPath, objectPath } from '../../src/kube/paths.ts'
import { create } from '../../src/kube/requests.ts'
import { hooks, secrets } from '../../src/kube/resources.ts'
import { notification } from '../support/alertmanager.ts'
import { cluster, post, product, type Cluster } from '../support/product.ts'

const canary = (what: string): string => `${what}-${randomBytes(12).toString('hex')}`
const encoded = (text: string): string => Buffer.from(text).toString('base64')

/** Makes random values that nothing of the product may show. */
const makeCredentials = () => ({
  token: canary('token'),
  username: canary('username'),
  password: canary('password'),
  former: canary('former'),
  path: canary('path').padEnd(40, '-'),
  webhook: `whsec_${Buffer.from(canary('webhook').padEnd(24)).toString('base64')}`,
})
type Credentials = ReturnType<typeof makeCredentials>
type Send = (url: string, body?: unknown, init?: RequestInit) => Promise<void>

/** Creates the Secret of the senders, and a hook for each form of `auth` and each place of a URL. */
const createHooks = async (here: Cluster, credentials: Credentials): Promise<void> => {
  await here.createHook('web-up', {})
  await here.createHook('lost', { target: { name: 'nowhere' } })
  await here.createHook('secret', {}, { token: { secretName: 'hook-url' } })
  await here.createHook('taken', {}, { token: { secretName: 'hook-url' } })
  const data = Object.fromEntries(Object.entries(credentials).map(([key, value]) => [key, encoded(value)]))
  await create(here.api, secrets, here.namespace, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'senders' },
    data,
  })
  const secretKeyRef = { name: 'senders', key: 'token' }
  await here.createHook('bearer', {}, { auth: { bearer: { secretKeyRef } } })
  await here.createHook('basic', {}, { auth: { basic: { secretRef: { name: 'senders' } } } })
  await here.createHook('hmac', {}, { auth: { hmac: { secretKeyRef, header: 'X-Signature', prefix: '' } } })
  await here.createHook('header', {}, { auth: { header: { name: 'X-Secret', secretKeyRef, previousKey: 'former' } } })
  const standardWebhooks = { secretKeyRef: { name: 'senders', key: 'webhook' } }
  await here.createHook('webhooks', {}, { auth: { standardWebhooks } })
  await here.createHook('no-webhook', {}, { auth: { standardWebhooks: { secretKeyRef } } })
  const token = { url: 'named' }
  await here.createHook('path', {}, { auth: { path: { secretKeyRef: { ...secretKeyRef, key: 'path' } } }, token })
  // The value is too short for a secret in a path, which a condition says.
  await here.createHook('weak', {}, { auth: { path: { secretKeyRef } }, token })
  await here.createHook('keyless', {}, { auth: { bearer: { secretKeyRef: { ...secretKeyRef, key: 'nothing' } } } })
}

/** Sends right and wrong credentials to each hook with `auth`. Returns what was computed from them. */
const sendCredentials = async (
  here: Cluster,
  send: Send,
  credentials: Credentials,
  sent: string,
): Promise<readonly string[]> => {
  const user = encoded(`${credentials.username}:${credentials.password}`)
  const signature = createHmac('sha256', credentials.token).update('x').digest('hex')
  const wrongUser = encoded(`${credentials.username}:${sent}`)
  for (const authorization of [
    `Bearer ${credentials.token}`,
    `Bearer ${sent}`,
    `Basic ${user}`,
    `Basic ${wrongUser}`,
  ]) {
    for (const name of ['bearer', 'basic', 'keyless']) {
      await send(await here.url(name), undefined, { headers: { authorization } })
    }
  }
  for (const body of ['x', 'another']) {
    await send(await here.url('hmac'), undefined, { body, headers: { 'x-signature': signature } })
  }
  for (const secret of [credentials.token, credentials.former, sent]) {
    await send(await here.url('header'), undefined, { headers: { 'x-secret': secret } })
  }
  for (const name of ['path', 'weak']) {
    await here.url(name)
    const endpoint = stringAt(await here.hook(name), 'status', 'endpoint') ?? ''
    for (const secret of [credentials.path, credentials.token, sent]) await send(`${endpoint}/${secret}`)
  }
  const time = String(Math.floor(Date.now() / 1000))
  const webhookKey = Buffer.from(credentials.webhook.slice('whsec_'.length), 'base64')
  const webhookSignature = createHmac('sha256', webhookKey).update(`id.${time}.x`).digest('base64')
  const webhookHeaders = {
    'webhook-id': 'id',
    'webhook-timestamp': time,
    'webhook-signature': `v1,${webhookSignature}`,
  }
  for (const name of ['webhooks', 'no-webhook']) {
    for (const body of ['x', 'another']) await send(await here.url(name), undefined, { body, headers: webhookHeaders })
  }
  const another = createHmac('sha256', credentials.token).update('another').digest('hex')
  return [user, wrongUser, signature, webhookSignature, another]
}

/** Reads the Events of all namespaces of the product, and the conditions of the hooks. */
const readObjects = async ({ api, namespace, systemNamespace }: Cluster) => {
  const read = async (path: string): Promise<string> =>
    (await api.request({ method: 'GET', path, lane: 'bulk', timeoutMs: 5000 })).body
  const events = await Promise.all(
    [namespace, systemNamespace].map(where =>
      read(collectionPath({ group: 'events.k8s.io', version: 'v1', resource: 'events', kind: 'Event' }, where)),
    ),
  )
  const conditions = (await read(collectionPath(hooks, namespace))).match(/"conditions":\[[^\]]*\]/g) ?? []
  return { conditions, events }
}

/** Expects no credential and no token in a text. */
const expectClean = (place: string, text: string, credentials: readonly string[], tokens: readonly string[]): void => {
  for (const credential of credentials) {
    expect(text.includes(credential), `a credential is in the ${place}`).toBe(false)
  }
  for (const token of tokens) {
    expect(token.length, 'a token to look for').toBeGreaterThan(200)
    const [, payload = '', signature = ''] = token.split('.')
    expect(text.includes(payload), `the payload of a token is in the ${place}`).toBe(false)
    expect(text.includes(signature), `the signature of a token is in the ${place}`).toBe(false)
  }
  // The log has a last line of defence; it must not have been needed.
  expect(text.includes('[token]'), `a token was struck out of the ${place}`).toBe(false)
}

it('no token and no credential is ever in a log line, an Event, a metric, a condition or an answer', async () => {
  const here = await cluster()
  const { api, namespace } = here
  await here.createDeployment('web', 2)
  const running = await product(here)
  const answers: unknown[] = []
  const send: Send = async (url, body, init) => {
    answers.push((await post(url, body, init)).body)
  }

  const credentials = makeCredentials()
  const sent = canary('sent')
  await createHooks(here, credentials)
  const url = await here.url('web-up')
  const lost = await here.url('lost')
  const inSecret = await here.until(
    async () => {
      const path = objectPath({ group: '', version: 'v1', resource: 'secrets', kind: 'Secret' }, namespace, 'hook-url')
      return (await api.request({ method: 'GET', path, lane: 'bulk', timeoutMs: 5000 })).body
    },
    body => body.includes('"url"'),
  )
  const secretURL = Buffer.from(/"url":\s*"([^"]+)"/.exec(inSecret)?.[1] ?? '', 'base64').toString()

  await send(url)
  await send(`${url}?dryRun=true`)
  await send(secretURL)
  await send(url, notification('resolved', 'all alerts resolved'))
  await send(url, undefined, { method: 'PUT' })
  await send(url, undefined, { body: 'x'.repeat(2_000_000) })
  await send(`${url.slice(0, -10)}${'A'.repeat(10)}`)
  await send(lost)
  const made = await sendCredentials(here, send, credentials, sent)
  await here.patchHook('web-up', { spec: { token: { rotation: 1, overlap: '0s' } } })
  const rotated = await here.url('web-up')
  await send(url)
  await send(rotated)
  await api.request({ method: 'DELETE', path: objectPath(hooks, namespace, 'web-up'), lane: 'bulk', timeoutMs: 5000 })
  const gone = await here.until(
    () => post(rotated),
    ({ status }) => status === 410,
  )
  answers.push(gone.body)

  const { conditions, events } = await readObjects(here)
  const metrics = await (await fetch(`${running.operations}/metrics`)).text()
  await running.stop()

  const tokens = [url, lost, secretURL, rotated].map(address => address.split('/').at(-1) ?? '')
  expect(new Set(tokens).size).toBe(4)
  const places = {
    logs: running.lines.join(''),
    events: events.join(''),
    metrics,
    conditions: conditions.join(''),
    answers: JSON.stringify(answers),
  }
  expect(places.logs).toContain('"msg":"delivery"')
  expect(places.metrics).toContain('receiverhooks_deliveries_total')
  expect(places.conditions).toContain('TargetNotFound')
  expect(places.conditions).toContain('AuthSecretNotFound')
  expect(places.conditions).toContain('AuthSecretInvalid')
  expect(places.answers).toContain('Unauthorized')
  const secret = [...Object.values(credentials), sent].flatMap(value => [value, encoded(value)])
  for (const [place, text] of Object.entries(places)) expectClean(place, text, [...secret, ...made], tokens)
})
