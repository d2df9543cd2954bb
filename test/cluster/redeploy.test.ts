import { describe, expect, inject, it } from 'vitest'
import { at, parseJson, stringAt } from '../../src/api/json.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import type { ApiConnection } from '../../src/environment/environment.ts'
import { create } from '../../src/kube/requests.ts'
import { hooks } from '../../src/kube/resources.ts'
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
