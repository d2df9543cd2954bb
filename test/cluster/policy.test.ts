import { describe, expect, it, onTestFinished } from 'vitest'
import { collectionPath, objectPath } from '../../src/kube/paths.ts'
import { cluster, post, until, type Cluster, type Posted } from '../support/product.ts'
import { installed } from './installed.ts'
import { createTargets } from './posting.ts'

const group = 'admissionregistration.k8s.io'
const policies = { group, version: 'v1', resource: 'validatingadmissionpolicies', kind: 'ValidatingAdmissionPolicy' }
const bindings = {
  group,
  version: 'v1',
  resource: 'validatingadmissionpolicybindings',
  kind: 'ValidatingAdmissionPolicyBinding',
}
const deployments = { group: 'apps', version: 'v1', resource: 'deployments', kind: 'Deployment' }

const ask = ({ api }: Cluster, method: 'POST' | 'PATCH' | 'DELETE', path: string, body?: object, query = {}) =>
  api.request({
    method,
    path,
    query,
    ...(body && {
      body: JSON.stringify(body),
      contentType: method === 'PATCH' ? 'application/merge-patch+json' : 'application/json',
    }),
    lane: 'bulk',
    timeoutMs: 30_000,
  })

/** Makes the cluster refuse one count of the Deployments of a namespace until the test ends. Resolves once it does. */
const forbid = async (here: Cluster, name: string, count: number): Promise<void> => {
  const metadata = { name: `counts.${here.namespace}` }
  // A count of 0 is not in a Scale.
  const expression = `!has(object.spec.replicas) || object.spec.replicas != ${count}`
  const policy = {
    failurePolicy: 'Fail',
    matchConstraints: {
      resourceRules: [
        { apiGroups: ['apps'], apiVersions: ['v1'], operations: ['UPDATE'], resources: ['deployments/scale'] },
      ],
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': here.namespace } },
    },
    validations: [{ expression, message: `${count} is not wanted here` }],
  }
  const binding = { policyName: metadata.name, validationActions: ['Deny'] }
  for (const [type, spec] of [
    [policies, policy],
    [bindings, binding],
  ] as const) {
    const body = { apiVersion: `${group}/v1`, kind: type.kind, metadata, spec }
    expect(await ask(here, 'POST', collectionPath(type), body)).toMatchObject({ status: 201 })
    onTestFinished(async () => void (await ask(here, 'DELETE', `${collectionPath(type)}/${metadata.name}`)))
  }
  const scale = objectPath(deployments, here.namespace, name, 'scale')
  await until(
    () => ask(here, 'PATCH', scale, { spec: { replicas: count } }, { dryRun: 'All' }),
    ({ status }) => status === 422,
  )
}

describe('a policy of the cluster that is against a count', () => {
  it('is reported as it is, and a delivery that it has refused is carried out once the hook asks for another', async () => {
    const here = await cluster()
    const { url: urlOf } = await installed(here)
    await createTargets(here, ['web-0'])
    const url = await urlOf('web-0')
    await forbid(here, 'web-0', 1)
    const job = (query = ''): Promise<Posted> =>
      post(`${url}${query}`, undefined, { headers: { 'idempotency-key': 'job 1' } })
    for (let copy = 0; copy < 2; copy++) {
      const { body, status } = await job()
      expect({ status, body }).toMatchObject({ status: 422, body: { outcome: 'failed', reason: 'NotScalable' } })
      expect(String(body['message'])).toContain('1 is not wanted here')
    }
    await here.patchHook('web-0', { spec: { scale: { by: 2 } } })
    const edited = await until(job, ({ status }) => status === 200)
    expect(edited.body).toMatchObject({ outcome: 'applied', from: 0, to: 2 })
    expect((await job()).body).toMatchObject({ outcome: 'skipped', reason: 'Duplicate' })
    expect(await here.replicas('web-0')).toBe(2)
  })
})

describe('the policy on the size of hooks', () => {
  const hooksIn = ({ namespace }: Cluster): string =>
    `/apis/receiverhooks.dev/v1alpha1/namespaces/${namespace}/receiverhooks`
  const hookWith = (metadata: object) => ({
    apiVersion: 'receiverhooks.dev/v1alpha1',
    kind: 'ReceiverHook',
    metadata: { name: 'web', ...metadata },
    spec: { driver: 'scale', scale: { target: { name: 'web' }, action: 'up', max: 10 } },
  })

  it('lets a hook have what tools write, and refuses annotations that every replica would read', async () => {
    const here = await cluster()
    await installed(here)
    // A policy is in force a moment after it was stored.
    const refused = await until(
      () => ask(here, 'POST', hooksIn(here), hookWith({ annotations: { fat: 'x'.repeat(40_000) } }), { dryRun: 'All' }),
      ({ status }) => status === 422,
    )
    expect(refused.body).toContain("a hook's annotations may have at most 32768 characters")
    expect(
      await ask(here, 'POST', hooksIn(here), hookWith({ annotations: { copy: 'x'.repeat(30_000) } })),
    ).toMatchObject({
      status: 201,
    })
    const path = `${hooksIn(here)}/web`
    expect(await ask(here, 'PATCH', path, { metadata: { annotations: { more: '<'.repeat(3000) } } })).toMatchObject({
      status: 422,
    })
    expect(await ask(here, 'PATCH', path, { spec: { suspend: true } })).toMatchObject({ status: 200 })
  })

  const domain = `${'p'.repeat(63)}.${'q'.repeat(63)}.com`
  const names = (count: number): readonly string[] =>
    Array.from({ length: count }, (_, index) => `${domain}/${String(index).padStart(63, 'a')}`)
  const labels = (count: number) => Object.fromEntries(names(count).map(name => [name, 'v'.repeat(63)]))
  const tiny = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`l${index}`, '']))
  const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'x'.repeat(400_000), uid: 'u'.repeat(400_000) }
  const managed = (count: number, bytes: number) =>
    Array.from({ length: count }, (_, index) => ({
      manager: `tool-${index}`,
      operation: 'Apply',
      apiVersion: 'receiverhooks.dev/v1alpha1',
      time: '2026-01-01T00:00:00Z',
      fieldsType: 'FieldsV1',
      fieldsV1: { 'f:spec': { [`f:${'x'.repeat(bytes)}`]: {} } },
    }))

  it.each([
    ['long labels', { labels: labels(3000) }],
    ['many labels', { labels: tiny }],
    ['finalizers', { finalizers: names(3000) }],
    ['owners', { ownerReferences: [owner] }],
    ['managed fields that are no fields', { managedFields: managed(3, 200_000) }],
    ['many managers', { managedFields: managed(3000, 10) }],
  ])('refuses %s that every replica would read', async (_what, metadata) => {
    const here = await cluster()
    await installed(here)
    const refused = await until(
      () => ask(here, 'POST', hooksIn(here), hookWith(metadata), { dryRun: 'All' }),
      ({ status }) => status === 422,
    )
    expect(refused.body).toContain("a hook's metadata may have at most 65536 characters")
    expect(await ask(here, 'POST', hooksIn(here), hookWith({}))).toMatchObject({ status: 201 })
    expect(await ask(here, 'PATCH', `${hooksIn(here)}/web`, { metadata })).toMatchObject({ status: 422 })
  })

  it('lets a hook that is too large already become smaller, and be deleted', async () => {
    const here = await cluster()
    const large = { finalizers: names(300), labels: labels(300) }
    const path = `${hooksIn(here)}/web`
    expect(await ask(here, 'POST', hooksIn(here), hookWith(large))).toMatchObject({ status: 201 })
    await installed(here)
    await until(
      () => ask(here, 'PATCH', path, { metadata: { labels: { more: 'yes' } } }, { dryRun: 'All' }),
      ({ status }) => status === 422,
    )
    expect(await ask(here, 'PATCH', path, { metadata: { finalizers: names(299) } })).toMatchObject({ status: 200 })
    expect(await ask(here, 'DELETE', path)).toMatchObject({ status: 200 })
    expect(await ask(here, 'PATCH', path, { metadata: { finalizers: names(100) } })).toMatchObject({ status: 200 })
    expect(await ask(here, 'PATCH', path, { metadata: { finalizers: null } })).toMatchObject({ status: 200 })
  })
})
