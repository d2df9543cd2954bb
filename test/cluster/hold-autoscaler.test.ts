import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { listObjects } from '../../cli/cluster/hooks.ts'
import type { ApiConnection } from '../../src/environment/environment.ts'
import { at } from '../../src/api/json.ts'
import { nodeClock } from '../../src/environment/node.ts'
import { wait } from '../../src/environment/wait.ts'
import { apiVersionOf, objectPath, type ResourceType } from '../../src/kube/paths.ts'
import { autoscalers } from '../../src/kube/resources.ts'
import { heldKinds } from '../../src/steps/target/held-kinds.ts'
import { define, look, make, makeAutoscaler } from '../support/counted.ts'
import { cluster, deployments, installCrd, postUntilDone, product, until } from '../support/product.ts'
import { startControlPlane, type ControlPlane } from './control-plane/control-plane.ts'
import { startWorkloads } from './control-plane/workloads.ts'

// Autoscalers are run by the real controller. The metrics of its pods are custom resources, which the API server serves
// as a metrics server does. Argo CD is here as it was before 3.1.

const metrics: ResourceType = { group: 'metrics.k8s.io', version: 'v1beta1', resource: 'pods', kind: 'PodMetrics' }

const keepsAll = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }

const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: {
    name: `${metrics.resource}.${metrics.group}`,
    annotations: { 'api-approved.kubernetes.io': 'unapproved, it stands in for a metrics server' },
  },
  spec: {
    group: metrics.group,
    names: { kind: metrics.kind, plural: metrics.resource, singular: 'podmetrics', listKind: 'PodMetricsList' },
    scope: 'Namespaced',
    versions: [{ name: metrics.version, served: true, storage: true, schema: { openAPIV3Schema: keepsAll } }],
  },
}

let controlPlane: ControlPlane
beforeAll(async () => {
  controlPlane = await startControlPlane()
  const { api } = controlPlane
  await installCrd(api)
  await define(api, metrics, definition)
  await startWorkloads(controlPlane, [
    '--horizontal-pod-autoscaler-sync-period=1s',
    '--horizontal-pod-autoscaler-downscale-stabilization=1s',
    '--horizontal-pod-autoscaler-cpu-initialization-period=0s',
    '--horizontal-pod-autoscaler-initial-readiness-delay=0s',
  ])
}, 120_000)
afterAll(() => controlPlane.stop())

const pods: ResourceType = { group: '', version: 'v1', resource: 'pods', kind: 'Pod' }

/** Makes a Deployment of two to six pods that its autoscaler scales by their load, and returns what a test does with them. */
const setUp = async () => {
  const here = await cluster(controlPlane.kubeconfig)
  await product(here)
  const { api, namespace } = here
  const template = {
    metadata: { labels: { app: 'web' } },
    spec: { containers: [{ name: 'web', image: 'web', resources: { requests: { cpu: '100m' } } }] },
  }
  await make(here, deployments, 'web', { replicas: 2, selector: { matchLabels: { app: 'web' } }, template })
  const target = { type: 'Utilization', averageUtilization: 50 }
  await makeAutoscaler(here, 'web', {
    minReplicas: 2,
    metrics: [{ type: 'Resource', resource: { name: 'cpu', target } }],
  })

  /** How many pods the load is for. Each pod has its share. */
  let load = 4
  const over = new AbortController()
  const reporting = (async () => {
    while (!over.signal.aborted) {
      const items = await listObjects(here, pods, namespace)
      const usage = { cpu: `${Math.floor((load * 50) / Math.max(1, items.length))}m` }
      for (const { metadata } of items) await reportUsage(api, namespace, metadata.name, usage)
      await wait(nodeClock, 200)
    }
  })()
  onTestFinished(async () => {
    over.abort()
    await reporting
  })

  const replicas = () => here.replicas('web')
  return {
    here,
    loadFor: (count: number): void => void (load = count),
    becomes: (count: number) => until(replicas, now => now === count),
    /** Holds, as a hook of this name does. */
    hold: async (name: string, hold: object): Promise<void> => {
      await here.createHook(name, {}, { driver: 'hold', scale: undefined, hold, for: '2h' })
      const { body } = await postUntilDone(await here.url(name), undefined, { headers: { 'idempotency-key': 'one' } })
      expect(body['reason']).toMatch(/^(?:Held|Duplicate)$/)
    },
    end: (name: string) => here.patchHook(name, { spec: { endBefore: new Date(Date.now() + 1000).toISOString() } }),
    /** Waits until the controller says this of the autoscaler. Resolves with all that it says then. */
    said: (wanted: (status: unknown) => boolean) => until(() => look(here, autoscalers, 'web', 'status'), wanted),
    replicas,
  }
}

const reportUsage = async (api: ApiConnection, namespace: string, name: string, usage: object): Promise<void> => {
  const body = {
    ...{ apiVersion: apiVersionOf(metrics), kind: metrics.kind, metadata: { name, labels: { app: 'web' } } },
    ...{ timestamp: new Date().toISOString(), window: '10s', containers: [{ name: 'web', usage }] },
  }
  await api.request({
    ...{ method: 'PATCH', path: objectPath(metrics, namespace, name), query: { fieldManager: 'test', force: 'true' } },
    ...{ contentType: 'application/apply-patch+yaml', body: JSON.stringify(body) },
    ...{ lane: 'bulk', timeoutMs: 5000 },
  })
}

const isInactive = (status: unknown): boolean => JSON.stringify(status ?? {}).includes('"ScalingDisabled"')
const isIdle = (status: unknown): boolean => /"averageUtilization":1?\d\D/.test(JSON.stringify(status ?? {}))

it('an autoscaler leaves a workload at 0 that sleeps, and goes on from its own count', async () => {
  const { becomes, end, hold, loadFor, replicas, said } = await setUp()
  await becomes(4)
  await hold('sleep', { target: { name: 'web' }, to: 0 })
  expect(await replicas()).toBe(0)
  loadFor(6)
  await said(isInactive)
  expect(await replicas()).toBe(0)
  await end('sleep')
  await becomes(6)
  loadFor(2)
  await becomes(2)
})

it('an autoscaler moves what is kept awake, and that sleeps and wakes at the count it was moved to', async () => {
  const { becomes, end, hold, loadFor, replicas } = await setUp()
  await becomes(4)
  await hold('awake', { target: { name: 'web' }, to: 'base' })
  await hold('sleep', { target: { name: 'web' }, to: 0 })
  expect(await replicas()).toBe(4)
  loadFor(6)
  await becomes(6)
  await end('awake')
  await becomes(0)
  await end('sleep')
  await becomes(6)
})

it('an autoscaler whose scale-in is held scales out alone, and in again after the end', async () => {
  const { becomes, end, hold, loadFor, replicas, said } = await setUp()
  await becomes(4)
  await hold('no-scale-in', { target: { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', name: 'web' } })
  loadFor(6)
  await becomes(6)
  loadFor(1)
  expect(at(await said(isIdle), 'desiredReplicas')).toBe(6)
  expect(await replicas()).toBe(6)
  await end('no-scale-in')
  await becomes(2)
})

it('a switch that the API server drops, as Argo CD before 3.1 has it, is not held', async () => {
  const type = heldKinds.find(({ type }) => type.kind === 'Application')?.type
  if (!type) throw new Error('an Application can be held')
  const object = (properties: object) => ({ type: 'object', properties })
  await define(controlPlane.api, type, {
    ...definition,
    metadata: { name: `${type.resource}.${type.group}` },
    spec: {
      ...definition.spec,
      group: type.group,
      names: { kind: type.kind, plural: type.resource, singular: 'application', listKind: 'ApplicationList' },
      versions: [
        {
          ...{ name: type.version, served: true, storage: true },
          schema: {
            openAPIV3Schema: object({
              spec: object({ syncPolicy: object({ automated: object({ prune: { type: 'boolean' } }) }) }),
            }),
          },
        },
      ],
    },
  })
  const here = await cluster(controlPlane.kubeconfig)
  await product(here)
  await make(here, type, 'web', { syncPolicy: { automated: { prune: true } } })
  const target = { apiVersion: apiVersionOf(type), kind: type.kind, name: 'web' }
  await here.createHook('freeze', {}, { driver: 'hold', scale: undefined, hold: { target }, for: '2h' })
  const { body, status } = await postUntilDone(await here.url('freeze'), undefined, {
    headers: { 'idempotency-key': 'one' },
  })
  expect([status, body['reason']]).toEqual([422, 'NotHoldable'])
  expect(body['message']).toContain('unknown field "spec.syncPolicy.automated.enabled"')
  expect(await look(here, type, 'web', 'metadata', 'annotations')).toBe(undefined)
  expect(await look(here, type, 'web', 'spec')).toEqual({ syncPolicy: { automated: { prune: true } } })
})
