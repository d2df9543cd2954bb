import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { stringAt } from '../../../src/api/json.ts'
import { create, send } from '../../../src/kube/requests.ts'
import { secrets } from '../../../src/kube/resources.ts'
import { cluster, installCrd, post, product, until, type Cluster } from '../../support/product.ts'
import { startControlPlane, type ControlPlane } from '../control-plane/control-plane.ts'

let controlPlane: ControlPlane

beforeAll(async () => {
  controlPlane = await startControlPlane()
}, 300_000)
afterAll(() => controlPlane.stop())

const proof = 'a proof that nobody can guess'
const inPath = 'a-secret-of-thirty-two-characters-at-least'
const data = Object.fromEntries(
  Object.entries({ token: proof, path: inPath }).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
)
const entry = (key: string) => ({ secretKeyRef: { name: 'sender', key } })

/** The hooks, and what a sender adds to each one's URL. */
const hooks = {
  'by-header': { spec: { auth: { bearer: entry('token') }, token: { url: 'named' } }, path: '', authorization: proof },
  'by-path': { spec: { auth: { path: entry('path') }, token: { url: 'named' } }, path: `/${inPath}` },
  'by-token': { spec: {}, path: '' },
} as const

/** Applies what Git and a Secret store have, and returns the hooks' URLs, as senders have them. */
const applyAll = async (here: Cluster): Promise<ReadonlyMap<string, string>> => {
  await here.createDeployment('web', 0)
  await create(here.api, secrets, here.namespace, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'sender' },
    data,
  })
  const urls = new Map<string, string>()
  for (const [name, { path, spec }] of Object.entries(hooks)) {
    await here.createHook(name, { max: 1000 }, spec)
    await here.url(name)
    const hook = await here.hook(name)
    const url = stringAt(hook, 'status', 'triggerURL') ?? stringAt(hook, 'status', 'endpoint')
    urls.set(name, `${url}${path}`)
  }
  return urls
}

it('a cluster that is built again from Git and its Secrets has the named URLs of before, and no URL with a token', async () => {
  const here = await cluster(controlPlane.kubeconfig)
  const publicURL = 'https://hooks.example.com'
  const postTo = async (port: number | undefined, name: keyof typeof hooks, url = '') => {
    const hook = hooks[name]
    const headers = 'authorization' in hook ? { authorization: `Bearer ${hook.authorization}` } : {}
    return await until(
      () => post(url.replace(publicURL, `http://127.0.0.1:${port}`), undefined, { headers }),
      ({ status }) => status !== 503,
    )
  }
  const first = await product(here, { publicURL })
  const urls = await applyAll(here)
  for (const name of ['by-header', 'by-path', 'by-token'] as const) {
    expect(await postTo(first.triggerPort, name, urls.get(name))).toMatchObject({ status: 200 })
  }
  expect(await here.replicas('web')).toBe(3)
  const { uid } = (await here.hook('by-header'))?.metadata ?? {}
  await first.stop()

  await controlPlane.changeEtcd(folder => rm(folder, { recursive: true }))
  await installCrd(here.api)
  for (const name of [here.namespace, here.systemNamespace]) {
    await send(here.api, {
      method: 'POST',
      path: '/api/v1/namespaces',
      body: JSON.stringify({ metadata: { name } }),
    })
  }
  const second = await product(here, { publicURL })
  const rebuilt = await applyAll(here)
  expect((await here.hook('by-header'))?.metadata.uid).not.toBe(uid)
  for (const name of ['by-header', 'by-path'] as const) {
    expect(rebuilt.get(name)).toBe(urls.get(name))
    expect(await postTo(second.triggerPort, name, urls.get(name))).toMatchObject({ status: 200 })
  }
  expect(await here.replicas('web')).toBe(2)
  expect(await postTo(second.triggerPort, 'by-token', urls.get('by-token'))).toMatchObject({ status: 404 })
}, 900_000)
