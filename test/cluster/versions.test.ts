import { expect, it, onTestFinished } from 'vitest'
import { at, isObject, type JsonObject } from '../../src/api/json.ts'
import { apiVersion, group, hookKind, hookPlural } from '../../src/api/names.ts'
import type { StoredObject } from '../../src/api/object.ts'
import { objectPath, type ResourceType } from '../../src/kube/paths.ts'
import { create, read, send } from '../../src/kube/requests.ts'
import { hooks } from '../../src/kube/resources.ts'
import { kubectl } from '../support/kubectl.ts'
import { cluster, postUntilDone, product, until, type Cluster } from '../support/product.ts'
import { startControlPlane } from './control-plane/control-plane.ts'

// What docs/reference/receiverhook.md says of the next version: it has the same fields, and the API server converts nothing but the
// name of the version. A CRD is of the whole cluster, so this test has a cluster of its own.

const beta: ResourceType = { ...hooks, version: 'v1beta1' }
const definitionPath = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${hookPlural}.${group}`

/** Serves v1beta1 with the schema of v1alpha1, and stores hooks in one of them. */
const serveBoth = async ({ api }: Cluster, stored: 'v1alpha1' | 'v1beta1'): Promise<void> => {
  const found = at(await send(api, { method: 'GET', path: definitionPath }), 'spec', 'versions')
  const listed: readonly unknown[] = Array.isArray(found) ? found : []
  const [first] = listed
  if (!isObject(first)) throw new Error('the CRD must have a version')
  const versions = ['v1alpha1', 'v1beta1'].map(version => ({ ...first, name: version, storage: version === stored }))
  await send(api, {
    method: 'PATCH',
    path: definitionPath,
    contentType: 'application/merge-patch+json',
    body: JSON.stringify({ spec: { conversion: { strategy: 'None' }, versions } }),
  })
  await until(
    () => api.request({ method: 'GET', path: `/apis/${group}/v1beta1/${hookPlural}`, lane: 'bulk', timeoutMs: 5000 }),
    ({ status }) => status === 200,
  )
}

/** Returns a hook without its apiVersion and its managedFields, which name a version. */
const withoutVersion = (hook: StoredObject | undefined): JsonObject => {
  if (hook === undefined) throw new Error('the hook must be there')
  const { apiVersion: _, metadata, ...rest } = { apiVersion: '', ...hook }
  const { managedFields: __, ...own } = { managedFields: [], ...metadata }
  return { ...rest, metadata: own }
}

const bothVersions = async ({ api, namespace }: Cluster, hook: string) => {
  const [alpha, next] = await Promise.all([read(api, hooks, namespace, hook), read(api, beta, namespace, hook)])
  return { alpha: withoutVersion(alpha), next: withoutVersion(next) }
}

/** Posts to the URL that a hook has, and returns that URL. */
const posted = async (here: Cluster, hook: string, outcome: object): Promise<string> => {
  const url = await here.url(hook)
  expect(await postUntilDone(url)).toMatchObject({ status: 200, body: outcome })
  return url
}

const start = async (): Promise<Cluster> => {
  const { kubeconfig, stop } = await startControlPlane()
  onTestFinished(stop)
  const here = await cluster(kubeconfig)
  await here.createDeployment('web', 1)
  await product(here)
  return here
}

it('a hook that is stored as v1alpha1 is the same hook as v1beta1, and the product that runs goes on with both', async () => {
  const here = await start()
  const { api, kubeconfig, namespace } = here
  await here.createHook('web-up', { by: '25%' }, { cooldown: '0s', when: "sender != 'grafana'" })
  const url = await posted(here, 'web-up', { outcome: 'applied', from: 1, to: 2 })

  await serveBoth(here, 'v1alpha1')
  const { generation } = (await here.hook('web-up'))?.metadata ?? {}
  const served = await until(
    () => bothVersions(here, 'web-up'),
    // The report of the delivery reaches the status a moment later.
    ({ alpha, next }) =>
      JSON.stringify(alpha) === JSON.stringify(next) && at(alpha, 'status', 'lastDelivery') !== undefined,
  )
  expect(at(served.next, 'status', 'triggerURL')).toBe(url)
  expect(await posted(here, 'web-up', { from: 2, to: 3 })).toBe(url)

  // A person writes through the new version, with kubectl as well as by a patch of the API.
  const manifest = { apiVersion: `${group}/v1beta1`, kind: hookKind, metadata: { name: 'web-down', namespace } }
  const scale = { target: { name: 'web' }, action: 'down', min: 1 }
  const applied = await kubectl(
    kubeconfig,
    ['apply', '-f', '-'],
    JSON.stringify({ ...manifest, spec: { driver: 'scale', scale } }),
  )
  expect(applied).toMatchObject({ code: 0, stderr: '' })
  await posted(here, 'web-down', { from: 3, to: 2 })
  await send(api, {
    method: 'PATCH',
    path: objectPath(beta, namespace, 'web-up'),
    contentType: 'application/merge-patch+json',
    body: JSON.stringify({ spec: { scale: { max: 2 } } }),
  })
  await until(
    () => here.hook('web-up'),
    hook => at(hook, 'status', 'observedGeneration') === Number(generation) + 1,
  )
  // A trigger may act on what a hook said two seconds ago.
  await until(
    () => postUntilDone(`${url}?dryRun=true`),
    ({ body }) => body['reason'] === 'AtBound',
  )
  expect(await posted(here, 'web-up', { outcome: 'unchanged', reason: 'AtBound' })).toBe(url)
})

it('storing hooks as v1beta1 changes no URL, no generation and no field, and v1alpha1 stays served', async () => {
  const here = await start()
  const { api, namespace } = here
  await here.createHook('web-up', {})
  const url = await posted(here, 'web-up', { from: 1, to: 2 })
  await serveBoth(here, 'v1beta1')

  // What moves a stored object to the new version: a write that changes nothing else.
  const before = await here.hook('web-up')
  await send(api, {
    method: 'PATCH',
    path: objectPath(beta, namespace, 'web-up'),
    contentType: 'application/merge-patch+json',
    body: JSON.stringify({ metadata: { labels: { moved: 'yes' } } }),
  })
  const after = await here.hook('web-up')
  expect(after).toMatchObject({
    apiVersion,
    spec: before?.['spec'],
    metadata: { generation: before?.metadata.generation },
  })
  expect(await posted(here, 'web-up', { from: 2, to: 3 })).toBe(url)

  await create(api, beta, namespace, {
    apiVersion: `${group}/v1beta1`,
    kind: hookKind,
    metadata: { name: 'web-more' },
    spec: { driver: 'scale', scale: { target: { name: 'web' }, action: 'up', max: 10 } },
  })
  await posted(here, 'web-more', { from: 3, to: 4 })
  const stored = at(await send(api, { method: 'GET', path: definitionPath }), 'status', 'storedVersions')
  expect(stored).toEqual(['v1alpha1', 'v1beta1'])
})
