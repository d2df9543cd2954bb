import { createHmac, randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import { at, stringAt } from '../../src/api/json.ts'
import { read } from '../../src/kube/requests.ts'
import { secrets } from '../../src/kube/resources.ts'
import { blocksIn, kindOf, listAt, nameOf, objectsIn } from '../deploy/manifests.ts'
import { kubectl } from '../support/kubectl.ts'
import { cluster, post, product, type Cluster, type Posted } from '../support/product.ts'

const page = 'docs/how-to/authenticate-senders.md'

/** The page's section on named URLs has a test of its own: test/api/named-urls.test.ts. */
const ofNames = `${page}#use-a-url-without-a-secret`

const manifests = blocksIn(page, 'yaml').filter(
  block => block.includes('kind: ReceiverHook') && !blocksIn(ofNames, 'yaml').includes(block),
)
const [alertmanager] = blocksIn(page, 'yaml')
  .filter(block => block.startsWith('# alertmanager.yml'))
  .flatMap(objectsIn)

/** The page's commands for Secrets, as kubectl's arguments, with fresh values where they are to be random. */
const commands = blocksIn(page, 'console')
  .filter(block => !blocksIn(ofNames, 'console').includes(block))
  .flatMap(block => block.trim().split('\n'))
  .filter(line => line.includes(' create secret '))
  .map(line =>
    line
      .replaceAll(/"\$\(openssl rand -hex 32\)"/g, () => randomBytes(32).toString('hex'))
      .replaceAll(/"whsec_\$\(openssl rand -base64 32\)"/g, () => `whsec_${randomBytes(32).toString('base64')}`),
  )

/** Returns the page's Secrets and hooks in a namespace of the test's own, as kubectl makes them. */
const followed = async () => {
  const here = await cluster()
  await here.createDeployment('web', 2)
  await product(here)
  const run = async (args: readonly string[], stdin = ''): Promise<string> => {
    const { code, stderr, stdout } = await kubectl(here.kubeconfig, args, stdin)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    return stdout
  }
  const apply = (manifest: string): Promise<string> => run(['apply', '-f', '-'], manifest)
  for (const command of commands) {
    const [program, , namespace, ...args] = command.split(' ')
    expect([program, namespace]).toEqual(['kubectl', 'shop'])
    await run(['-n', here.namespace, ...args])
  }
  for (const manifest of manifests) {
    await apply(manifest.replaceAll('namespace: shop', `namespace: ${here.namespace}`))
  }
  return here
}

const valueIn = async ({ api, namespace }: Cluster, secret: string, key: string): Promise<string> =>
  Buffer.from(stringAt(await read(api, secrets, namespace, secret), 'data', key) ?? '', 'base64').toString()

/** Returns what Alertmanager sends for an `http_config`: its files are those of mounted Secrets. */
const headersFor = async (here: Cluster, config: unknown): Promise<Record<string, string>> => {
  const fromFile = async (...path: string[]): Promise<string> => {
    const [key = '', secret = ''] = (stringAt(config, ...path) ?? '').split('/').toReversed()
    return (await valueIn(here, secret, key)).trim()
  }
  const user = stringAt(config, 'basic_auth', 'username')
  if (user === undefined) {
    const type = stringAt(config, 'authorization', 'type') ?? 'Bearer'
    return { authorization: `${type} ${await fromFile('authorization', 'credentials_file')}` }
  }
  const password = await fromFile('basic_auth', 'password_file')
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` }
}

const notification = JSON.stringify({ receiver: 'x', status: 'firing', alerts: [], version: '4', groupKey: '{}' })
const push = JSON.stringify({ ref: 'refs/heads/main', repository: { full_name: 'shop/web' } })

const signatureOf = async (here: Cluster, secret: string, body: string): Promise<string> =>
  createHmac('sha256', await valueIn(here, secret, 'secret'))
    .update(body)
    .digest('hex')

const receivers = listAt(alertmanager, 'receivers').map(receiver => ({
  name: stringAt(receiver, 'name') ?? '',
  config: at(listAt(receiver, 'webhook_configs')[0], 'http_config'),
}))

it('the page has a hook for each way, and configures Alertmanager for both of its own', () => {
  expect(manifests.flatMap(objectsIn).map(kindOf)).toEqual(Array.from({ length: 7 }, () => 'ReceiverHook'))
  expect(manifests.flatMap(objectsIn).map(nameOf)).toEqual([
    'by-token',
    'by-user',
    'on-push',
    'on-alert',
    'on-gitlab',
    'on-signed',
    'on-alarm',
  ])
  expect(receivers.map(({ name }) => name)).toEqual(['by-token', 'by-user'])
  expect(commands).toHaveLength(6)
})

it('a hook is run by a sender that does what the page says, and by no other', async () => {
  const here = await followed()
  const send = async (hook: string, headers: Record<string, string>, body: string): Promise<Posted> =>
    await post(await here.url(hook), undefined, { headers, body })
  const both = async (hook: string, headers: Record<string, string>, body: string): Promise<void> => {
    const [withHeaders, without] = [await send(hook, headers, body), await send(hook, {}, body)]
    expect({ hook, ...withHeaders.body }).toMatchObject({ hook: `${here.namespace}/${hook}`, outcome: 'applied' })
    expect(without).toMatchObject({ status: 401, body: { reason: 'Unauthorized' } })
  }
  for (const { config, name } of receivers) await both(name, await headersFor(here, config), notification)
  const github = {
    'X-GitHub-Event': 'push',
    'X-Hub-Signature-256': `sha256=${await signatureOf(here, 'github', push)}`,
  }
  await both('on-push', github, push)
  const now = String(Math.floor(Date.now() / 1000))
  const grafana = {
    'X-Grafana-Alerting-Signature': await signatureOf(here, 'grafana', `${now}:${notification}`),
    'X-Grafana-Alerting-Timestamp': now,
  }
  await both('on-alert', grafana, notification)
  const gitlab = { 'X-Gitlab-Event': 'Push Hook' }
  await both('on-gitlab', { ...gitlab, 'X-Gitlab-Token': await valueIn(here, 'gitlab', 'token') }, push)
  const id = 'f5e5f430-f57b-4e6e-9fac-d9128cd7232f'
  const key = Buffer.from((await valueIn(here, 'gitlab-signing', 'secret')).replace('whsec_', ''), 'base64')
  const signature = createHmac('sha256', key).update(`${id}.${now}.${push}`).digest('base64')
  const standard = { 'webhook-id': id, 'webhook-timestamp': now, 'webhook-signature': `v1,${signature}` }
  await both('on-signed', { ...gitlab, 'Idempotency-Key': id, ...standard }, push)
  // test/api/auth-sns.test.ts posts what this one takes.
  expect(await send('on-alarm', grafana, notification)).toMatchObject({ status: 401, body: { reason: 'Unauthorized' } })
})
