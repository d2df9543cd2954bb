import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadAccess } from '../../src/kube/access.ts'
import { fakeClock } from '../support/clock.ts'

let directory: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'access-'))
})
afterAll(() => rm(directory, { recursive: true }))

const kubeconfig = async (name: string, change: object = {}): Promise<string> => {
  const file = join(directory, name)
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'one',
    clusters: [
      { name: 'one', cluster: { server: 'https://one.example:6443/behind/a/path', 'tls-server-name': 'kubernetes' } },
      { name: 'two', cluster: { server: 'http://127.0.0.1:8001' } },
    ],
    users: [
      { name: 'one', user: { token: 'secret-of-one' } },
      { name: 'two', user: {} },
    ],
    contexts: [
      { name: 'one', context: { cluster: 'one', user: 'one', namespace: 'shop' } },
      { name: 'two', context: { cluster: 'two', user: 'two' } },
    ],
    ...change,
  }
  await writeFile(file, JSON.stringify(config))
  return file
}

test('a kubeconfig whose user has a tokenFile sends the token that is in the file', async () => {
  await writeFile(join(directory, 'one-token'), 'first-token\n')
  const file = await kubeconfig('token-file', { users: [{ name: 'one', user: { tokenFile: 'one-token' } }] })
  const access = await loadAccess({ env: {}, kubeconfig: file })
  expect(await access.authorization?.()).toBe('Bearer first-token')
})

const serviceAccount = async (name: string): Promise<string> => {
  const account = join(directory, name)
  await mkdir(account)
  await writeFile(join(account, 'token'), 'first\n')
  await writeFile(join(account, 'ca.crt'), 'PEM')
  await writeFile(join(account, 'namespace'), 'receiver-hooks\n')
  return account
}

test('a kubeconfig file gives the server, the token and the namespace of its current context', async () => {
  const access = await loadAccess({ kubeconfig: await kubeconfig('plain'), env: {} })
  expect(access).toMatchObject({
    server: 'https://one.example:6443/behind/a/path',
    namespace: 'shop',
    tls: { servername: 'kubernetes' },
  })
  expect(await access.authorization?.()).toBe('Bearer secret-of-one')
})

test('another context of it can be chosen, with a server on plain HTTP and no credentials', async () => {
  const access = await loadAccess({ kubeconfig: await kubeconfig('other'), context: 'two', env: {} })
  expect(access.server).toBe('http://127.0.0.1:8001')
  expect(await access.authorization?.()).toBeUndefined()
  expect(access.namespace).toBeUndefined()
})

test('an exec plugin is asked for the header, once for all who ask at the same time', async () => {
  const count = join(directory, 'runs')
  const script = `require("fs").appendFileSync(${JSON.stringify(count)}, "x");
    console.log(JSON.stringify({ status: { token: "from-a-plugin", expirationTimestamp: "2020-01-01T00:00:00Z" } }))`
  const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: process.execPath, args: ['-e', script] }
  const file = await kubeconfig('exec', { users: [{ name: 'one', user: { exec } }] })
  const access = await loadAccess({ kubeconfig: file, env: {} })
  expect(await Promise.all([access.authorization?.(), access.authorization?.()])).toEqual([
    'Bearer from-a-plugin',
    'Bearer from-a-plugin',
  ])
  const runs = (await readFile(count, 'utf8')).length
  expect(runs, 'one when it was loaded, one for both requests').toBe(2)
})

test('client certificates are taken from the kubeconfig', async () => {
  const data = (text: string): string => Buffer.from(text).toString('base64')
  const user = { 'client-certificate-data': data('CERT'), 'client-key-data': data('KEY') }
  const file = await kubeconfig('certificate', { users: [{ name: 'one', user }] })
  const { tls } = await loadAccess({ kubeconfig: file, env: {} })
  expect({ cert: String(tls?.cert), key: String(tls?.key) }).toEqual({ cert: 'CERT', key: 'KEY' })
})

test('KUBECONFIG comes before the service account of a pod, and may name several files', async () => {
  const first = await kubeconfig('first', { clusters: [], users: [], 'current-context': 'two' })
  const second = await kubeconfig('second', { contexts: [] })
  const env = { KUBECONFIG: `${first}:${second}`, KUBERNETES_SERVICE_HOST: '10.0.0.1' }
  const access = await loadAccess({ env, serviceAccount: await serviceAccount('ignored') })
  expect(access.server).toBe('http://127.0.0.1:8001')
})

test('in a pod the service account is used, and its token is read again after a minute', async () => {
  const account = await serviceAccount('account')
  const clock = fakeClock()
  const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '6443' }
  const access = await loadAccess({ env, serviceAccount: account, clock })
  expect(access).toMatchObject({ server: 'https://[fd00::1]:6443', namespace: 'receiver-hooks', tls: { ca: 'PEM' } })
  expect(await access.authorization?.()).toBe('Bearer first')

  await writeFile(join(account, 'token'), 'second')
  await clock.advance(59_000)
  expect(await access.authorization?.()).toBe('Bearer first')
  await clock.advance(1_000)
  expect(await access.authorization?.()).toBe('Bearer second')
})

test('a token that cannot be read fails the request alone: it is tried again a second later', async () => {
  const account = await serviceAccount('broken')
  const clock = fakeClock()
  const access = await loadAccess({ env: { KUBERNETES_SERVICE_HOST: 'host' }, serviceAccount: account, clock })
  await rm(join(account, 'token'))
  await expect(access.authorization?.()).rejects.toThrow(/token/)
  await writeFile(join(account, 'token'), 'back')
  await clock.advance(1_000)
  expect(await access.authorization?.()).toBe('Bearer back')
})

test('outside of a cluster, ~/.kube/config is read', async () => {
  const home = join(directory, 'home')
  await mkdir(join(home, '.kube'), { recursive: true })
  await kubeconfig('home/.kube/config')
  expect((await loadAccess({ env: { HOME: home } })).namespace).toBe('shop')
})

test.each([
  ['nothing is found', {}, /no API server: looked for --kubeconfig.* KUBERNETES_SERVICE_HOST.*HOME is not set/],
  ['the file is not there', { kubeconfig: '/nowhere/config' }, /kubeconfig \/nowhere\/config: there is no such file/],
])('an error says what was looked for when %s', async (_when, options, message) => {
  await expect(loadAccess({ env: {}, serviceAccount: '/nowhere', ...options })).rejects.toThrow(message)
})

test('in a pod a context that is named is never ignored', async () => {
  const account = await serviceAccount('beside')
  const env = { KUBERNETES_SERVICE_HOST: '10.0.0.1' }
  await expect(loadAccess({ env, serviceAccount: account, context: 'two' })).rejects.toThrow(
    /no kubeconfig with the context "two": looked for --kubeconfig.*HOME is not set/,
  )
  const home = join(directory, 'home-in-pod')
  await mkdir(join(home, '.kube'), { recursive: true })
  await kubeconfig('home-in-pod/.kube/config')
  const access = await loadAccess({ env: { ...env, HOME: home }, serviceAccount: account, context: 'two' })
  expect(access.server).toBe('http://127.0.0.1:8001')
})

test('an error names the contexts there are', async () => {
  const file = await kubeconfig('contexts')
  await expect(loadAccess({ kubeconfig: file, context: 'three', env: {} })).rejects.toThrow(
    /there is no context "three"; there is: one, two/,
  )
})

test('what would be silently ignored is refused: a proxy and impersonation', async () => {
  const proxied = await kubeconfig('proxy', {
    clusters: [{ name: 'one', cluster: { server: 'https://one.example', 'proxy-url': 'http://proxy.example' } }],
  })
  await expect(loadAccess({ kubeconfig: proxied, env: {} })).rejects.toThrow(/proxy-url is not supported/)
  const impersonating = await kubeconfig('as', { users: [{ name: 'one', user: { as: 'somebody' } }] })
  await expect(loadAccess({ kubeconfig: impersonating, env: {} })).rejects.toThrow(/impersonation/)
})
