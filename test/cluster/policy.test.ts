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
    timeoutMs: 4000,
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
  it('is told as it is, and a delivery that it has refused is carried out once the hook asks for another', async () => {
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
  const hookWith = (annotations: object) => ({
    apiVersion: 'receiverhooks.dev/v1alpha1',
    kind: 'ReceiverHook',
    metadata: { name: 'web', annotations },
    spec: { driver: 'scale', scale: { target: { name: 'web' }, action: 'up', max: 10 } },
  })

  it('lets a hook have what tools write, and refuses annotations that every replica would read', async () => {
    const here = await cluster()
    await installed(here)
    // A policy is in force a moment after it was stored.
    const refused = await until(
      () => ask(here, 'POST', hooksIn(here), hookWith({ fat: 'x'.repeat(40_000) }), { dryRun: 'All' }),
      ({ status }) => status === 422,
    )
    expect(refused.body).toContain('the annotations of a hook take at most 32768 characters')
    expect(await ask(here, 'POST', hooksIn(here), hookWith({ copy: 'x'.repeat(30_000) }))).toMatchObject({
      status: 201,
    })
    const path = `${hooksIn(here)}/web`
    expect(await ask(here, 'PATCH', path, { metadata: { annotations: { more: '<'.repeat(3000) } } })).toMatchObject({
      status: 422,
    })
    expect(await ask(here, 'PATCH', path, { spec: { suspend: true } })).toMatchObject({ status: 200 })
  })
})
