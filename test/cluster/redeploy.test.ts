import { describe, expect, inject, it, onTestFinished } from 'vitest'
import { at, parseJson, stringAt } from '../../src/api/json.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import type { ApiConnection } from '../../src/environment/environment.ts'
import { create } from '../../src/kube/requests.ts'
import { hooks, serviceAccounts } from '../../src/kube/resources.ts'
import { kubectl } from '../support/kubectl.ts'
import { cluster, post, product, until, type Cluster } from '../support/product.ts'
import { connectionFor, installation, rightsOfDriver, rightsOfBase } from './installation.ts'

const digest = `sha256:${'d'.repeat(64)}`

const apply = async (here: Cluster, object: object): Promise<void> => {
  const ran = await kubectl(inject('kubeconfig'), ['-n', here.namespace, 'apply', '-f', '-'], JSON.stringify(object))
  expect(ran).toMatchObject({ code: 0 })
}

const template = (images: Readonly<Record<string, string>>, extra: object = {}): object => ({
  metadata: { labels: { app: 'web' } },
  spec: { containers: Object.entries(images).map(([name, image]) => ({ name, image })), ...extra },
})

/** Returns one workload of each kind, in the form of a manifest in Git. */
const workloads = (image: string): readonly object[] => [
  ...(['Deployment', 'DaemonSet'] as const).map(kind => ({
    apiVersion: 'apps/v1',
    kind,
    metadata: { name: 'web', labels: { team: 'shop' }, finalizers: ['example.com/kept'] },
    spec: {
      selector: { matchLabels: { app: 'web' } },
      template: template({ app: image, side: 'envoy:1' }, { initContainers: [{ name: 'init', image }] }),
    },
  })),
  {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'web' },
    spec: { serviceName: 'web', selector: { matchLabels: { app: 'web' } }, template: template({ app: image }) },
  },
  {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'web' },
    spec: {
      schedule: '0 0 1 1 *',
      jobTemplate: { spec: { template: template({ app: image }, { restartPolicy: 'Never' }) } },
    },
  },
]

describe('with the rights of the component alone, and under the policies', () => {
  it('every kind is rolled out, by a new tag, by the same tag and by a restart', async () => {
    const here = await cluster()
    const { as } = await installation(here, [...rightsOfBase(), ...rightsOfDriver('redeploy')])
    await product({ ...here, api: as.controller }, { trigger: false, publicURL: 'http://replaced.example.com' })
    const { triggerPort } = await product({ ...here, api: as.trigger }, { controller: false })
    for (const object of workloads('acme/web:1.0.0')) await apply(here, object)
    await create(here.api, hooks, here.namespace, {
      apiVersion,
      kind: hookKind,
      metadata: { name: 'web-push' },
      spec: { driver: 'redeploy', redeploy: { selector: {}, tags: { semver: '*' }, withoutImage: 'restart' } },
    })
    const url = `http://127.0.0.1:${triggerPort}${new URL(await here.url('web-push')).pathname}`
    const pushed = async (body: object): Promise<string> => {
      const answer = await post(url, body, { headers: { 'content-type': 'application/json' } })
      return `${answer.status} ${String(answer.body['message'])}`
    }
    expect(await pushed({ image: 'acme/web:1.0.1' })).toBe('200 rolled out acme/web:1.0.1 in 4 workloads')
    expect(await pushed({ image: `acme/web:1.0.1@${digest}` })).toBe('200 rolled out acme/web:1.0.1 in 4 workloads')
    expect(await pushed({})).toBe('200 restarted 3 workloads')
    // What Git says comes back with kubectl apply, and a container that Git drops is gone.
    const [deployment] = workloads('acme/web:1.0.0')
    await apply(here, {
      ...deployment,
      spec: { selector: { matchLabels: { app: 'web' } }, template: template({ app: 'acme/web:1.0.0' }) },
    })
    const path = `/apis/apps/v1/namespaces/${here.namespace}/deployments/web`
    const now = await here.api.request({ method: 'GET', path, lane: 'bulk', timeoutMs: 5000 })
    expect(at(parseJson(now.body), 'spec', 'template', 'spec', 'containers')).toMatchObject([
      { name: 'app', image: 'acme/web:1.0.0' },
    ])
  })
})

describe('where a policy of the cluster annotates each write', () => {
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
    for (const object of workloads('acme/web:1.0.0')) await apply(here, object)
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
    // A policy that was just stored is in force a moment later.
    await until(
      async () => (await patchMetadata(here)).includes('example.com/verified'),
      isAnnotated => isAnnotated,
    )
    expect(await pushed('as-trigger', {})).toContain('of deployments the trigger changes only')
    expect(await pushed('as-account', { serviceAccountName: 'hooks' })).toMatch(/^200 rolled out acme\/web:1.0.1/)
  })

  /** Returns what a write to the Deployment would store. */
  const patchMetadata = async ({ api, namespace }: Cluster): Promise<string> => {
    const path = `/apis/apps/v1/namespaces/${namespace}/deployments/web`
    const contentType = 'application/merge-patch+json'
    const body = JSON.stringify({ metadata: { annotations: { a: 'b' } } })
    const request = { method: 'PATCH', path, query: { dryRun: 'All' }, contentType, body } as const
    return (await api.request({ ...request, lane: 'bulk', timeoutMs: 5000 })).body
  }
})

interface Operation {
  readonly op: string
  readonly path: string
  readonly from?: string
  readonly value?: unknown
}

const podSpec = '/spec/template/spec'
const app = `${podSpec}/containers/0`

describe("a patch by the trigger's account", () => {
  const patching = async (): Promise<(operations: readonly Operation[]) => Promise<string>> => {
    const here = await cluster()
    await installation(here, [...rightsOfBase(), ...rightsOfDriver('redeploy')])
    const api = await connectionFor(here, 'trigger')
    for (const object of workloads('acme/web:1.0.0')) await apply(here, object)
    const patch = patchOf(here, api)
    // A policy that was just stored is in force a moment later.
    await until(
      () => patch([{ op: 'add', path: '/metadata/labels/x', value: 'y' }]),
      answer => answer.startsWith('422') || answer.startsWith('403'),
    )
    return patch
  }
  const patchOf =
    (here: Cluster, api: ApiConnection) =>
    async (operations: readonly Operation[]): Promise<string> => {
      const answer = await api.request({
        method: 'PATCH',
        path: `/apis/apps/v1/namespaces/${here.namespace}/deployments/web`,
        query: { dryRun: 'All' },
        contentType: 'application/json-patch+json',
        body: JSON.stringify(operations),
        lane: 'bulk',
        timeoutMs: 5000,
      })
      return `${answer.status} ${stringAt(parseJson(answer.body), 'message') ?? ''}`
    }

  it('changes tags, digests, pull policies and annotations of its own, and nothing else', async () => {
    const patch = await patching()
    const legal: readonly (readonly Operation[])[] = [
      [{ op: 'replace', path: `${app}/image`, value: 'acme/web:2' }],
      [{ op: 'replace', path: `${app}/image`, value: `acme/web:2@${digest}` }],
      [{ op: 'replace', path: `${podSpec}/initContainers/0/image`, value: 'acme/web:2' }],
      [{ op: 'add', path: `${app}/imagePullPolicy`, value: 'Always' }],
      [{ op: 'add', path: '/metadata/annotations/pushed.receiverhooks.dev~1app', value: '1 x' }],
      [{ op: 'add', path: '/spec/template/metadata/annotations', value: { 'pushed.receiverhooks.dev/app': digest } }],
    ]
    for (const operations of legal)
      expect([operations, (await patch(operations)).slice(0, 3)]).toEqual([operations, '200'])
    const illegal: readonly (readonly Operation[])[] = [
      [{ op: 'replace', path: `${app}/image`, value: 'evil/web:1.0.0' }],
      [{ op: 'replace', path: `${app}/image`, value: 'evil.io/acme/web:1.0.0' }],
      [{ op: 'replace', path: `${app}/image`, value: 'acme/web/evil:1.0.0' }],
      [{ op: 'replace', path: `${app}/image`, value: 'acme:1/web' }],
      [{ op: 'replace', path: `${app}/imagePullPolicy`, value: 'Never' }],
      [{ op: 'add', path: `${app}/command`, value: ['sh'] }],
      [{ op: 'add', path: `${app}/args`, value: ['-c'] }],
      [{ op: 'add', path: `${app}/env`, value: [{ name: 'A', value: 'b' }] }],
      [{ op: 'add', path: `${app}/securityContext`, value: { runAsUser: 0 } }],
      [{ op: 'replace', path: `${app}/name`, value: 'other' }],
      [{ op: 'add', path: `${podSpec}/containers/-`, value: { name: 'new', image: 'acme/web:1' } }],
      [{ op: 'remove', path: `${podSpec}/containers/1` }],
      [{ op: 'move', from: `${podSpec}/containers/1`, path: `${podSpec}/containers/0` }],
      [{ op: 'remove', path: `${podSpec}/initContainers` }],
      [{ op: 'add', path: `${podSpec}/volumes`, value: [{ name: 'v', hostPath: { path: '/' } }] }],
      [{ op: 'add', path: `${podSpec}/hostNetwork`, value: true }],
      [{ op: 'add', path: `${podSpec}/hostPID`, value: true }],
      [{ op: 'add', path: `${podSpec}/serviceAccountName`, value: 'admin' }],
      [{ op: 'add', path: `${podSpec}/nodeName`, value: 'n' }],
      [{ op: 'replace', path: '/spec/replicas', value: 5 }],
      [{ op: 'add', path: '/spec/paused', value: true }],
      [{ op: 'add', path: '/spec/template/metadata/labels/x', value: 'y' }],
      [{ op: 'add', path: '/spec/template/metadata/annotations', value: { other: 'x' } }],
      [{ op: 'add', path: '/metadata/annotations/other', value: 'x' }],
      [{ op: 'remove', path: '/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration' }],
      [{ op: 'add', path: '/metadata/labels/x', value: 'y' }],
      [{ op: 'remove', path: '/metadata/labels' }],
      [{ op: 'remove', path: '/metadata/finalizers' }],
      [
        {
          op: 'add',
          path: '/metadata/ownerReferences',
          value: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u' }],
        },
      ],
    ]
    for (const operations of illegal) {
      expect([operations, await patch(operations)]).toEqual([
        operations,
        expect.stringContaining('of deployments the trigger changes only'),
      ])
    }
  })
})
