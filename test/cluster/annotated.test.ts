import { describe, expect, it, onTestFinished } from 'vitest'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import type { ApiConnection } from '../../src/environment/environment.ts'
import { create } from '../../src/kube/requests.ts'
import { hooks, serviceAccounts } from '../../src/kube/resources.ts'
import { cluster, deployments, post, product, until, type Cluster } from '../support/product.ts'
import { installation, rightsOfBase, rightsOfDriver } from './installation.ts'

/** Runs an image of a registry. */
const web = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: {
    replicas: 0,
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'app', image: 'acme/web:1.0.0' }] },
    },
  },
}

describe('where a policy of the cluster annotates each write', () => {
  const refusal = 'of deployments the trigger changes only'
  const admission = '/apis/admissionregistration.k8s.io/v1'

  /** Adds an annotation to each write of a Deployment in the namespace. Resolves with false on an API server that cannot. */
  const annotating = async ({ api, namespace }: Cluster): Promise<boolean> => {
    const expression = "Object{metadata: Object.metadata{annotations: {'example.com/verified': 'yes'}}}"
    const policy = {
      failurePolicy: 'Fail',
      reinvocationPolicy: 'Never',
      matchConstraints: {
        resourceRules: [
          { apiGroups: ['apps'], apiVersions: ['v1'], operations: ['UPDATE'], resources: ['deployments'] },
        ],
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
      },
      mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression } }],
    }
    for (const [plural, spec] of [
      ['mutatingadmissionpolicies', policy],
      ['mutatingadmissionpolicybindings', { policyName: namespace }],
    ] as const) {
      const path = `${admission}/${plural}`
      const body = JSON.stringify({ metadata: { name: namespace }, spec })
      const { status } = await api.request({ method: 'POST', path, body, lane: 'bulk', timeoutMs: 5000 })
      if (status === 404) return false
      expect(status).toBe(201)
      onTestFinished(async () => {
        await api.request({ method: 'DELETE', path: `${path}/${namespace}`, lane: 'bulk', timeoutMs: 5000 })
      })
    }
    return true
  }

  /** Creates the account `hooks`, which may roll out Deployments, and lets the trigger act as it. */
  const account = async ({ api, namespace, systemNamespace }: Cluster): Promise<void> => {
    await create(api, serviceAccounts, namespace, { metadata: { name: 'hooks' } })
    const trigger = { name: 'receiver-hooks-trigger', namespace: systemNamespace }
    for (const [name, subject, apiGroups, resources, verbs] of [
      ['hooks', { name: 'hooks', namespace }, ['apps'], ['deployments'], ['get', 'list', 'watch', 'patch']],
      ['acting', trigger, [''], ['serviceaccounts'], ['get', 'impersonate']],
    ] as const) {
      const rbac = { group: 'rbac.authorization.k8s.io', version: 'v1' }
      const metadata = { name }
      await create(api, { ...rbac, resource: 'roles', kind: 'Role' }, namespace, {
        metadata,
        ...{ rules: [{ apiGroups, resources, verbs }] },
      })
      await create(api, { ...rbac, resource: 'rolebindings', kind: 'RoleBinding' }, namespace, {
        metadata,
        ...{
          roleRef: { apiGroup: rbac.group, kind: 'Role', name },
          subjects: [{ kind: 'ServiceAccount', ...subject }],
        },
      })
    }
  }

  it('the product refuses what the trigger writes, and a hook that acts as an account rolls out', async ({ skip }) => {
    const here = await cluster()
    const { as } = await installation(here, [...rightsOfBase(), ...rightsOfDriver('redeploy')])
    if (!(await annotating(here))) skip('this API server has no mutating policies')
    await account(here)
    await product({ ...here, api: as.controller }, { trigger: false, publicURL: 'http://replaced.example.com' })
    const { triggerPort } = await product({ ...here, api: as.trigger }, { controller: false })
    await create(here.api, deployments, here.namespace, web)
    const redeploy = { target: { name: 'web' }, tags: { semver: '*' } }
    const pushed = async (name: string, spec: object): Promise<string> => {
      await create(here.api, hooks, here.namespace, {
        apiVersion,
        kind: hookKind,
        metadata: { name },
        spec: { driver: 'redeploy', redeploy, ...spec },
      })
      const url = `http://127.0.0.1:${triggerPort}${new URL(await here.url(name)).pathname}`
      const image = { image: 'acme/web:1.0.1' }
      const answer = await post(url, image, { headers: { 'content-type': 'application/json' } })
      return `${answer.status} ${String(answer.body['message'])}`
    }
    // Policies that were just stored are in force a moment later: this one, and those of the product.
    await until(
      () => rollOut(here, as.trigger),
      answer => answer.includes(refusal),
    )
    expect(await pushed('as-trigger', {})).toContain(refusal)
    expect(await pushed('as-account', { serviceAccountName: 'hooks' })).toMatch(
      /^200 rolled out .* to acme\/web:1\.0\.1$/,
    )
  })

  /** Returns what the API server answers to a rollout that changes nothing but an image. Stores nothing. */
  const rollOut = async ({ namespace }: Cluster, api: ApiConnection): Promise<string> => {
    const path = `/apis/apps/v1/namespaces/${namespace}/deployments/web`
    const contentType = 'application/json-patch+json'
    const image = { op: 'replace', path: '/spec/template/spec/containers/0/image', value: 'acme/web:1.0.2' }
    const request = { method: 'PATCH', path, query: { dryRun: 'All' }, contentType } as const
    return (await api.request({ ...request, body: JSON.stringify([image]), lane: 'bulk', timeoutMs: 5000 })).body
  }
})
