import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { at } from '../../src/api/json.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import type { StoredObject } from '../../src/api/object.ts'
import { objectPath } from '../../src/kube/paths.ts'
import { read } from '../../src/kube/requests.ts'
import { hooks, secrets } from '../../src/kube/resources.ts'
import { kubectl, type Ran } from '../support/kubectl.ts'
import { cluster, deployments, installCrd, post, type Cluster } from '../support/product.ts'
import { startControlPlane, type ControlPlane } from './control-plane/control-plane.ts'
import { startWorkloads } from './control-plane/workloads.ts'
import { applyBase } from './installation.ts'
import { installed } from './installed.ts'

let controlPlane: ControlPlane

beforeAll(async () => {
  controlPlane = await startControlPlane()
  // The garbage collector looks for kinds when it starts, and then every half a minute only.
  await installCrd(controlPlane.api)
  await startWorkloads(controlPlane)
})
afterAll(() => controlPlane.stop())

const setUp = async (replicas: number): Promise<Cluster> => {
  const here = await cluster(controlPlane.kubeconfig)
  await here.createDeployment('web', replicas)
  return { ...here, ...(await installed(here, { secrets: true })) }
}

const readyPods = async ({ api, namespace }: Cluster): Promise<number> =>
  Number(at(await read(api, deployments, namespace, 'web'), 'status', 'readyReplicas') ?? 0)

const condition = (hook: StoredObject | undefined, type: string): unknown => {
  const conditions = at(hook, 'status', 'conditions')
  return Array.isArray(conditions) ? conditions.find(entry => at(entry, 'type') === type) : undefined
}

it('the pods of a Deployment that a hook scales become Ready, and go again', async () => {
  const here = await setUp(1)
  const readyAre = (count: number) =>
    here.until(
      () => readyPods(here),
      ready => ready === count,
      90_000,
    )
  await here.createHook('web-up', { by: 3 })
  await here.createHook('web-down', { action: 'down', by: 2 })
  expect((await post(await here.url('web-up'))).body).toMatchObject({ outcome: 'applied', from: 1, to: 4 })
  await readyAre(4)
  expect((await post(await here.url('web-down'))).body).toMatchObject({ outcome: 'applied', from: 4, to: 2 })
  await readyAre(2)
})

it('a step is exact while the deployment controller writes the status between posts', async () => {
  const here = await setUp(0)
  await here.createHook('web-up', { max: 100 })
  const url = await here.url('web-up')
  for (let count = 1; count <= 30; count++) {
    expect((await post(url)).body).toMatchObject({ outcome: 'applied', from: count - 1, to: count })
  }
  expect(await here.replicas('web')).toBe(30)
})

it('the garbage collector removes the Secret with the URL when its hook is deleted', async () => {
  const here = await setUp(1)
  const secret = () => read(here.api, secrets, here.namespace, 'web-up-url')
  await here.createHook('web-up', {}, { token: { secretName: 'web-up-url' } })
  await here.until(secret, found => found !== undefined)
  const path = objectPath(hooks, here.namespace, 'web-up')
  await here.api.request({ method: 'DELETE', path, lane: 'bulk', timeoutMs: 5000 })
  expect(await here.until(secret, found => found === undefined)).toBeUndefined()
})

it('a hook says that `kubectl autoscale` has taken its target over, and works again without the autoscaler', async () => {
  const here = await setUp(2)
  await here.createHook('web-up', {})
  const url = await here.url('web-up')
  const inNamespace = (...args: string[]) => kubectl(controlPlane.kubeconfig, ['-n', here.namespace, ...args])

  expect(await inNamespace('autoscale', 'deployment', 'web', '--min=1', '--max=5')).toMatchObject({ code: 0 })
  const stalled = await here.until(
    () => here.hook('web-up'),
    hook => condition(hook, 'Stalled') !== undefined,
  )
  expect(condition(stalled, 'Stalled')).toMatchObject({ status: 'True', reason: 'ManagedByAutoscaler' })
  const refused = await here.until(
    () => post(url),
    ({ status }) => status === 422,
  )
  expect(refused.body).toMatchObject({ outcome: 'failed', reason: 'ManagedByAutoscaler' })
  expect(refused.body['message']).toContain('HorizontalPodAutoscaler/web')

  expect(await inNamespace('delete', 'hpa', 'web')).toMatchObject({ code: 0 })
  const works = await here.until(
    () => post(url),
    ({ status }) => status === 200,
  )
  expect(works.body).toMatchObject({ outcome: 'applied' })
})

describe('who has a ClusterRole of Kubernetes in a namespace, and no other right', () => {
  const user = 'ann'
  const hook = (name: string): string =>
    JSON.stringify({
      apiVersion,
      kind: hookKind,
      metadata: { name },
      spec: { driver: 'scale', scale: { target: { name: 'web' }, action: 'up', max: 3 } },
    })

  /** Returns a namespace with a hook in it, and kubectl as somebody with that role there. */
  const bound = async (role: string) => {
    await applyBase(controlPlane.kubeconfig)
    const here = await cluster(controlPlane.kubeconfig)
    await here.createHook('web-up', {})
    const run = (args: readonly string[], stdin = ''): Promise<Ran> => kubectl(controlPlane.kubeconfig, args, stdin)
    const inNamespace = ['-n', here.namespace]
    const binding = await run([
      ...inNamespace,
      'create',
      'rolebinding',
      role,
      `--clusterrole=${role}`,
      `--user=${user}`,
    ])
    expect(binding).toMatchObject({ code: 0, stderr: '' })
    const as = (args: readonly string[], stdin = ''): Promise<Ran> =>
      run([`--as=${user}`, ...inNamespace, ...args], stdin)
    // The role is put together by a controller, and taken note of a moment later.
    await here.until(
      () => as(['get', 'deployments']),
      ({ code }) => code === 0,
    )
    return { as, here, run }
  }

  const succeeds = (ran: Ran): boolean => ran.code === 0

  it.each(['edit', 'admin'])(
    '%s: may read and write its hooks, but neither their status nor those elsewhere',
    async role => {
      const { as, here, run } = await bound(role)
      await here.until(() => as(['create', '-f', '-'], hook('made')), succeeds)
      expect(await as(['get', 'receiverhook', 'web-up'])).toMatchObject({ code: 0 })
      const merge = (patch: string, ...more: string[]): Promise<Ran> =>
        as(['patch', 'receiverhook', 'made', '--type=merge', '-p', patch, ...more])
      expect(await merge('{"spec":{"scale":{"max":4}}}')).toMatchObject({ code: 0, stderr: '' })
      expect((await merge('{"status":{"observedGeneration":9}}', '--subresource=status')).stderr).toContain('forbidden')
      expect(await as(['delete', 'receiverhook', 'made'])).toMatchObject({ code: 0, stderr: '' })
      const elsewhere = await run([`--as=${user}`, '-n', here.systemNamespace, 'create', '-f', '-'], hook('made'))
      expect(elsewhere.stderr).toContain('forbidden')
    },
  )

  it('view: may not even read its hooks, whose status holds their URLs', async () => {
    const { as, here } = await bound('view')
    for (const args of [
      ['get', 'receiverhooks'],
      ['get', 'receiverhook', 'web-up'],
      ['get', 'receiverhooks', '-w'],
    ]) {
      expect((await as(args)).stderr).toContain('forbidden')
    }
    expect((await as(['create', '-f', '-'], hook('made'))).stderr).toContain('forbidden')
    expect(await here.hook('made')).toBeUndefined()
  })
})
