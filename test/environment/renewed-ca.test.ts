import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { at, stringAt } from '../../src/api/json.ts'
import { serveHttp } from '../../apiserver/http.ts'
import { createApiServer } from '../../apiserver/server.ts'
import { runProgram } from '../../cli/program.ts'
import { commands } from '../../src/registry.ts'
import { connect, nodeClock, nodeRandom } from '../../src/environment/node.ts'
import { loadAccess } from '../../src/kube/access.ts'
import { objectPath } from '../../src/kube/paths.ts'
import { read, send } from '../../src/kube/requests.ts'
import { hooks } from '../../src/kube/resources.ts'
import { samples } from '../../apiserver/playground/samples.ts'
import { startRoles } from '../../src/roles.ts'
import { testEnvironment } from '../support/environment.ts'
import { shell } from '../support/shell.ts'
import { makeAuthority, tlsFront } from '../support/tls-front.ts'

const local = { host: '127.0.0.1', port: 0 }

/** Returns an API server with TLS whose certificate can change, and the folder of a pod's service account. */
const setUp = async () => {
  const [former, next] = [makeAuthority(), makeAuthority()]
  const serving = await serveHttp(createApiServer({ clock: nodeClock, random: nodeRandom }), local)
  const api = connect({ server: serving.url })
  for (const [path, object] of samples) await send(api, { method: 'POST', path, body: JSON.stringify(object) })
  const serviceAccount = await mkdtemp(join(tmpdir(), 'account-'))
  onTestFinished(async () => {
    await api.close()
    await serving.close()
    await rm(serviceAccount, { recursive: true })
  })
  const front = await tlsFront(Number(new URL(serving.url).port), former)
  const trust = (ca: string): Promise<void> => writeFile(join(serviceAccount, 'ca.crt'), ca)
  await writeFile(join(serviceAccount, 'token'), 'token')
  await trust(former.ca)
  const env = { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(front.port) }
  return { api, env, front, former, next, serviceAccount, trust }
}

/** Returns a connection with the account of a pod. */
const fromPod = async ({ env, serviceAccount }: Awaited<ReturnType<typeof setUp>>) => {
  const connection = connect(await loadAccess({ env, serviceAccount }))
  onTestFinished(() => connection.close())
  return connection
}

test('both roles go on when the certificate of the API server is by a new CA that their ca.crt has by now', async () => {
  const x = await setUp()
  const environment = { ...testEnvironment({ api: await fromPod(x) }), clock: nodeClock }
  const roles = await startRoles(environment, {
    controller: true,
    trigger: true,
    namespace: 'receiver-hooks',
    identity: 'me',
    publicURL: () => 'http://hooks',
    triggerAddress: local,
    operationsAddress: local,
    shutdownDelayMs: 0,
  })
  onTestFinished(() => roles.stop())
  const isReady = async () => (await fetch(`http://127.0.0.1:${roles.operationsPort}/readyz`)).status === 200
  const hook = () => read(x.api, hooks, 'shop', 'web-up', { lane: 'bulk', timeoutMs: 1000 })
  const url = async () => stringAt(await hook(), 'status', 'triggerURL') ?? ''
  const post = async () => {
    const { pathname } = new URL(await url())
    return (await fetch(`http://127.0.0.1:${roles.triggerPort}${pathname}`, { method: 'POST' })).status
  }
  await expect.poll(url).toMatch(/^http:/)
  await expect.poll(isReady).toBe(true)
  expect(await post()).toBe(200)
  const before = await url()

  x.front.use(x.next)
  await expect.poll(post).toBe(503)
  await x.trust(x.next.ca)
  await send(x.api, {
    method: 'PATCH',
    path: objectPath(hooks, 'shop', 'web-up'),
    contentType: 'application/merge-patch+json',
    body: JSON.stringify({ spec: { token: { rotation: 1 } } }),
  })
  await expect.poll(async () => at(await hook(), 'status', 'minted', 'rotation')).toBe(1)
  expect(await url()).not.toBe(before)
  await expect.poll(post).toBe(200)
})

test.each([
  ['is no certificate', ''],
  ['is half of one', '-----BEGIN CERTIFICATE-----\nMIIB'],
])('the last good CA stays while the file %s', async (_, content) => {
  const x = await setUp()
  const api = await fromPod(x)
  const status = async () =>
    (await api.request({ method: 'GET', path: '/version', lane: 'bulk', timeoutMs: 5000 }).catch(() => undefined))
      ?.status
  expect(await status()).toBe(200)
  await x.trust(content)
  x.front.use(x.former)
  await expect.poll(status).toBe(200)
  x.front.use(x.next)
  expect(await status()).toBeUndefined()
  await x.trust(x.former.ca + x.next.ca)
  await expect.poll(status).toBe(200)
})

test('the dashboard reaches an API server whose certificate is by a new CA, in old sessions and new ones', async () => {
  const x = await setUp()
  const given = shell({ env: x.env })
  const caFile = join(x.serviceAccount, 'ca.crt')
  const url = 'http://page.example.com'
  const typed = ['dashboard', '--sign-in', 'token', '--port', '0', '--ca-file', caFile, '--dashboard-url', url]
  const running = await runProgram({ entries: commands, version: '', summary: '' }, typed, given.shell)
  if (typeof running === 'number') throw new Error(given.err())
  onTestFinished(running)
  const origin = `http://127.0.0.1:${/port (\d+)/.exec(given.err())?.[1]}`
  const signIn = () =>
    fetch(`${origin}/api/session`, {
      method: 'POST',
      headers: { origin, 'content-type': 'application/json' },
      body: JSON.stringify({ token: 'mine' }),
    })
  // What is behind the front takes any token.
  const answer = await signIn()
  expect(answer.status).toBe(200)
  const cookie = answer.headers
    .getSetCookie()
    .map(text => text.split(';')[0])
    .join('; ')
  const headers = { cookie, 'x-page-key': stringAt(await answer.json(), 'pageKey') ?? '' }
  const seen = async () => (await fetch(`${origin}/api/namespaces`, { headers })).status
  expect(await seen()).toBe(200)

  x.front.use(x.next)
  await expect.poll(seen).toBe(503)
  await x.trust(x.next.ca)
  await expect.poll(seen).toBe(200)
  expect((await signIn()).status).toBe(200)
})

test('a socket resumes the TLS session of one in another lane, unless another CA is to be trusted since', async () => {
  const x = await setUp()
  const isResumed = async (later: string): Promise<boolean | undefined> => {
    let { ca } = x.former
    const api = connect({ server: `https://127.0.0.1:${x.front.port}`, ca: async () => ca })
    onTestFinished(() => api.close())
    const request = { method: 'GET', path: '/version', timeoutMs: 5000 } as const
    await api.request({ ...request, lane: 'lookup' })
    ca = later
    await api.request({ ...request, lane: 'bulk' })
    return x.front.resumed.at(-1)
  }
  // The collector of garbage may take a session before it is used.
  await expect.poll(() => isResumed(x.former.ca)).toBe(true)
  expect(await isResumed(x.former.ca + x.next.ca)).toBe(false)
})
