import { createServer } from 'node:http'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { at, stringAt } from '../../src/api/json.ts'
import { urlOf } from '../../dashboard/server/handlers/use.ts'
import { listen } from '../../src/environment/listen.ts'
import { objectPath } from '../../src/kube/paths.ts'
import { create, read, send } from '../../src/kube/requests.ts'
import { hooks, secrets } from '../../src/kube/resources.ts'
import { buildPlugin, type Plugin } from '../support/plugin.ts'
import { cluster, product } from '../support/product.ts'

/** What the Secret of `token.secretName` says is a tenant's word: it must not lead a person's post, or shell, anywhere. */
let plugin: Plugin
beforeAll(async () => void (plugin = await buildPlugin()))
afterAll(() => plugin.remove())

interface Seen {
  readonly path: string
  readonly authorization: string | undefined
}

/** Returns a server that answers as a trigger does, and keeps what came. */
const listener = async (): Promise<{ readonly url: string; readonly seen: Seen[] }> => {
  const seen: Seen[] = []
  const server = createServer((request, response) => {
    seen.push({ path: request.url ?? '', authorization: request.headers.authorization })
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end('{"message": "done", "outcome": "applied", "reason": "Stepped"}')
  })
  const port = await listen(server, { host: '127.0.0.1', port: 0 })
  onTestFinished(() => void server.close())
  return { url: `http://127.0.0.1:${port}`, seen }
}

/**
 * Returns a hook with its URL in a Secret that somebody has changed since. No controller runs to
 * correct it.
 */
const changedSecret = async (change: (elsewhere: string, token: string) => Readonly<Record<string, string>>) => {
  const here = await cluster()
  const [published, elsewhere] = [await listener(), await listener()]
  await here.createDeployment('web', 2)
  const controller = await product(here, { trigger: false, publicURL: published.url })
  const data = { token: Buffer.from('proof').toString('base64') }
  await create(here.api, secrets, here.namespace, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'sender' },
    data,
  })
  const auth = { bearer: { secretKeyRef: { name: 'sender', key: 'token' } } }
  await here.createHook('web-up', {}, { auth, token: { secretName: 'web-up-url' } })
  const secret = await here.until(
    () => read(here.api, secrets, here.namespace, 'web-up-url'),
    found => found !== undefined,
  )
  await here.url('web-up')
  await controller.stop()
  const token = Buffer.from(stringAt(secret, 'data', 'token') ?? '', 'base64').toString()
  await send(here.api, {
    method: 'PATCH',
    path: objectPath(secrets, here.namespace, 'web-up-url'),
    contentType: 'application/merge-patch+json',
    body: JSON.stringify({
      data: Object.fromEntries(
        Object.entries(change(elsewhere.url, token)).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
      ),
    }),
  })
  const run = (line: string) => plugin.run(here.kubeconfig, [...line.split(' '), '-n', here.namespace])
  return { ...here, published, elsewhere, token, run }
}

it('trigger posts where the controller publishes, says where, and never where a Secret points', async () => {
  const { elsewhere, published, run, token } = await changedSecret(url => ({ url: `${url}/any/path?with=query` }))
  const ran = await run('trigger web-up --dry-run')
  expect(elsewhere.seen).toEqual([])
  expect(published.seen).toEqual([{ path: `/v1/trigger/${token}?dryRun=true`, authorization: 'Bearer proof' }])
  expect(ran).toMatchObject({ code: 0, stderr: `posting to ${published.url}\n` })
  expect(await run('url web-up')).toMatchObject({ stdout: `${published.url}/v1/trigger/${token}\n` })
})

it('the page gives the URL where the controller publishes', async () => {
  const { api, namespace, published, token } = await changedSecret(url => ({
    url: `${url}/v1/trigger/other`,
  }))
  const hook = await read(api, hooks, namespace, 'web-up')
  if (hook === undefined) throw new Error('there is no hook')
  expect(await urlOf(api, hook)).toMatchObject({ url: `${published.url}/v1/trigger/${token}` })
})

it('a token that is none is printed nowhere, and run by no shell', async () => {
  const { api, namespace, published, run } = await changedSecret(url => ({
    url: `${url}/v1/trigger/$(touch pwned)`,
    token: "x'; touch pwned; '",
  }))
  for (const line of ['url web-up', 'snippet curl web-up --bare', 'snippet harbor web-up --bare', 'trigger web-up']) {
    const ran = await run(line)
    expect({ line, code: ran.code, stdout: ran.stdout }).toEqual({ line, code: 1, stdout: '' })
    expect(ran.stderr).toContain('Secret/web-up-url has no token under the key token')
  }
  const hook = await read(api, hooks, namespace, 'web-up')
  if (hook === undefined) throw new Error('there is no hook')
  await expect(urlOf(api, hook)).rejects.toThrow('Secret/web-up-url has no token under the key token')
  expect(published.seen).toEqual([])
  expect(at(hook, 'status', 'endpoint')).toBe(`${published.url}/v1/trigger`)
})
