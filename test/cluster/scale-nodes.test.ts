import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { at, parseJson } from '../../src/api/json.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import { connect } from '../../src/environment/node.ts'
import { loadAccess } from '../../src/kube/access.ts'
import { apiVersionOf } from '../../src/kube/paths.ts'
import { create } from '../../src/kube/requests.ts'
import { hooks } from '../../src/kube/resources.ts'
import { clusters, machineDeployments } from '../../src/steps/target/pools.ts'
import { rancherExport } from '../cli/rancher-export.ts'
import { notification } from '../support/alertmanager.ts'
import { look, make } from '../support/counted.ts'
import { kubectl } from '../support/kubectl.ts'
import { buildPlugin, type Plugin } from '../support/plugin.ts'
import { cluster, post, product, type Cluster } from '../support/product.ts'
import { blocksIn } from '../deploy/manifests.ts'
import { countedKinds, defineCounted } from './counted.ts'
import { installation, rightsOfBase, rightsOfDriver } from './installation.ts'

let plugin: Plugin
beforeAll(async () => void (plugin = await buildPlugin()))
afterAll(() => plugin.remove())

beforeAll(async () => {
  const api = connect(await loadAccess({ kubeconfig: inject('kubeconfig'), env: {} }))
  try {
    await defineCounted(api)
  } finally {
    await api.close()
  }
})

const specOf = (type: { readonly group: string; readonly kind: string }, count: number): object => {
  const kind = countedKinds.find(each => each.type.kind === type.kind && each.type.group === type.group)
  if (!kind) throw new Error(`there is no ${type.kind}`)
  return kind.spec(count)
}

const installed = async () => {
  const here = await cluster()
  const { as } = await installation(here, [...rightsOfBase(), ...rightsOfDriver('scale-nodes')])
  await product({ ...here, api: as.controller }, { trigger: false, publicURL: 'http://replaced.example.com' })
  const { triggerPort } = await product({ ...here, api: as.trigger }, { controller: false })
  const urlOf = async (name: string) => `http://127.0.0.1:${triggerPort}${new URL(await here.url(name)).pathname}`
  return { ...here, urlOf }
}

const createHook = ({ api, namespace }: Cluster, name: string, scaleNodes: object, spec: object = {}) =>
  create(api, hooks, namespace, {
    apiVersion,
    kind: hookKind,
    metadata: { name },
    spec: { driver: 'scaleNodes', scaleNodes, ...spec },
  })

it('which machines go first is written with the count, and an alert that ends takes back the count alone', async () => {
  const here = await installed()
  await make(here, machineDeployments, 'workers', specOf(machineDeployments, 5))
  const down = { target: { name: 'workers' }, action: 'down', by: 2, min: 1, removeFirst: 'oldest' }
  await createHook(here, 'fewer', down, { onResolved: 'undo' })
  const url = await here.urlOf('fewer')
  expect(await post(url, notification('firing', 'New group'))).toMatchObject({ body: { from: 5, to: 3 } })
  expect(await look(here, machineDeployments, 'workers', 'spec', 'deletion')).toEqual({ order: 'Oldest' })
  expect(await post(url, notification('resolved', 'All alerts resolved'))).toMatchObject({ body: { from: 3, to: 5 } })
  expect(await look(here, machineDeployments, 'workers', 'spec', 'deletion')).toEqual({ order: 'Oldest' })
})

it('a pool that Git drops after a step is gone, and the hook says which there are', async () => {
  const here = await installed()
  const inGit = (pools: readonly object[]): string =>
    JSON.stringify({
      apiVersion: apiVersionOf(clusters),
      kind: clusters.kind,
      metadata: { name: 'prod', namespace: here.namespace },
      spec: { topology: { classRef: { name: 'small' }, version: 'v1.36.0', workers: { machineDeployments: pools } } },
    })
  const apply = async (pools: readonly object[]): Promise<void> => {
    const args = ['apply', '--server-side', '--field-manager=git', '-f', '-']
    expect(await kubectl(here.kubeconfig, args, inGit(pools))).toMatchObject({ code: 0 })
  }
  const spare = { class: 'spare', name: 'spare', replicas: 1 }
  await apply([spare, { class: 'workers', name: 'workers', replicas: 2 }])
  const target = { apiVersion: apiVersionOf(clusters), kind: 'Cluster', name: 'prod', pool: 'workers' }
  await createHook(here, 'more', { target, action: 'up', max: 9 })
  const url = await here.urlOf('more')
  expect(await post(url)).toMatchObject({ status: 200, body: { from: 2, to: 3 } })
  await apply([spare])
  expect(await look(here, clusters, 'prod', 'spec', 'topology', 'workers', 'machineDeployments')).toEqual([spare])
  const posted = await post(url)
  expect(posted).toMatchObject({ status: 422, body: { reason: 'PoolNotFound' } })
  expect(posted.body['message']).toBe('Cluster/prod has no pool workers: it has spare')
})

it.each([
  ['Valid', {}],
  ['ManagedByAutoscaler', { annotations: { 'cluster.x-k8s.io/cluster-api-autoscaler-node-group-max-size': '9' } }],
  ['OwnedByController', { labels: { 'topology.cluster.x-k8s.io/owned': '' } }],
])('is %s in the conditions, before anything was posted', async (reason, metadata) => {
  const here = await installed()
  await make(here, machineDeployments, 'workers', specOf(machineDeployments, 2), metadata)
  await createHook(here, 'more', { target: { name: 'workers' }, action: 'up', max: 9 })
  await here.url('more')
  const conditions = at(await here.hook('more'), 'status', 'conditions')
  expect(
    Array.isArray(conditions) &&
      at(
        conditions.find(each => at(each, 'type') === 'Ready'),
        'reason',
      ),
  ).toBe(reason)
})

it("what Rancher's receivers did with hosts, imported hooks do with the machines of a pool", async () => {
  const here = await installed()
  await make(here, machineDeployments, 'workers', specOf(machineDeployments, 2))
  const words = ['import', 'rancher', '-', '--pool', 'MachineDeployment/workers', '-n', here.namespace]
  const imported = await plugin.run(here.kubeconfig, words, { stdin: JSON.stringify(rancherExport) })
  const hosts = imported.stdout.split('---\n').filter(each => each.includes('driver: scaleNodes'))
  const applied = await kubectl(here.kubeconfig, ['apply', '-f', '-'], hosts.join('---\n'))
  expect(applied.stdout).toContain('more-hosts created')
  expect(await post(await here.urlOf('more-hosts'))).toMatchObject({ status: 200, body: { from: 2, to: 3 } })
  expect(await post(await here.urlOf('fewer-hosts'))).toMatchObject({ status: 200, body: { from: 3, to: 2 } })
  expect(await look(here, machineDeployments, 'workers', 'spec')).toMatchObject({
    replicas: 2,
    deletion: { order: 'Newest' },
  })
})

it('the hooks of the page are taken by the API server', async () => {
  const here = await installed()
  const hooksOfPage = blocksIn('docs/how-to/scale-nodes.md', 'yaml').filter(block =>
    block.includes('kind: ReceiverHook'),
  )
  expect(hooksOfPage).toHaveLength(2)
  for (const hook of hooksOfPage) {
    const own = hook.replace('namespace: nodes', `namespace: ${here.namespace}`)
    const applied = await kubectl(here.kubeconfig, ['create', '-f', '-', '-o', 'json'], own)
    expect(applied).toMatchObject({ code: 0, stderr: '' })
    expect(at(parseJson(applied.stdout), 'spec', 'driver')).toBe('scaleNodes')
  }
})
