import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { at, parseJson, stringAt } from '../../src/api/json.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import { collectionPath, objectPath, type ResourceType } from '../../src/kube/paths.ts'
import { create, send } from '../../src/kube/requests.ts'
import { hooks } from '../../src/kube/resources.ts'
import { blockWith, listAt } from '../deploy/manifests.ts'
import { kubectl } from '../support/kubectl.ts'
import { cluster, installCrd, post, product, until, type Posted } from '../support/product.ts'
import { program, type Program } from '../support/program.ts'
import { startControlPlane, type ControlPlane } from './control-plane/control-plane.ts'
import { startWorkloads } from './control-plane/workloads.ts'
import { installation, rightsOfBase, rightsOfDriver } from './installation.ts'

// The outcome of a delivery, on the real controllers. kwok says of the pods of its node that they are Ready. While the node takes
// no pods, new ones never come.

let controlPlane: ControlPlane
beforeAll(async () => {
  controlPlane = await startControlPlane()
  await installCrd(controlPlane.api)
  await startWorkloads(controlPlane)
})
afterAll(() => controlPlane.stop())

const apps = (resource: string, kind: string): ResourceType => ({ group: 'apps', version: 'v1', resource, kind })

/** Lets the node take new pods, or none. */
const cordon = (unschedulable: boolean): Promise<unknown> =>
  send(controlPlane.api, {
    method: 'PATCH',
    path: '/api/v1/nodes/kwok',
    contentType: 'application/merge-patch+json',
    body: JSON.stringify({ spec: { unschedulable } }),
  })

interface Workload {
  readonly kind?: 'Deployment' | 'StatefulSet' | 'DaemonSet'
  readonly replicas?: number
  readonly spec?: object
  /** Whether the trigger may list pods. */
  readonly listsPods?: boolean
}

/** Sets up a workload that runs its first image, a hook that is sent pushes of others, and triggers with the rights of the component alone. */
const setUp = async ({ kind = 'Deployment', listsPods = true, replicas = 2, spec = {} }: Workload = {}) => {
  const here = await cluster(controlPlane.kubeconfig)
  const { api, namespace } = here
  const rights = [...rightsOfDriver('redeploy'), ...(listsPods ? rightsOfDriver('rollout-pods') : [])]
  const { as, kubeconfigs } = await installation(here, [...rightsOfBase(), ...rights])
  await product({ ...here, api: as.controller }, { trigger: false, publicURL: 'http://replaced.example.com' })
  const type = apps(`${kind.toLowerCase()}s`, kind)
  const labels = { app: 'web' }
  const template = { metadata: { labels }, spec: { containers: [{ name: 'app', image: 'acme/web:1.0.0' }] } }
  const counted = kind === 'DaemonSet' ? {} : { replicas }
  await create(api, type, namespace, {
    apiVersion: 'apps/v1',
    kind,
    metadata: { name: 'web' },
    spec: { selector: { matchLabels: labels }, template, ...counted, ...spec },
  })
  await create(api, hooks, namespace, {
    apiVersion,
    kind: hookKind,
    metadata: { name: 'push' },
    spec: { driver: 'redeploy', redeploy: { target: { kind, name: 'web' }, tags: { semver: '*' } } },
  })
  const path = new URL(await here.url('push')).pathname
  const startTrigger = async (): Promise<{ trigger: Program; url: string }> => {
    const places = ['--namespace', here.systemNamespace, '--watch-namespace', namespace]
    const ports = ['--host', '127.0.0.1', '--trigger-port', '0', '--operations-port', '0', '--shutdown-delay', '0']
    const trigger = program(['serve', 'trigger', '--kubeconfig', kubeconfigs.trigger, ...places, ...ports])
    const [posts, operations] = await trigger.said(line =>
      /"triggerPort":(\d+),"operationsPort":(\d+)/.exec(line)?.slice(1),
    )
    await until(
      async () => (await fetch(`http://127.0.0.1:${operations}/readyz`)).status,
      status => status === 200,
    )
    return { trigger, url: `http://127.0.0.1:${posts}${path}` }
  }
  const list = async (listed: ResourceType): Promise<readonly unknown[]> => {
    const { body } = await api.request({
      method: 'GET',
      path: collectionPath(listed, namespace),
      lane: 'bulk',
      timeoutMs: 10_000,
    })
    return listAt(parseJson(body), 'items')
  }
  const { trigger, url } = await startTrigger()
  return {
    ...here,
    trigger,
    url,
    startTrigger,
    list,
    kubectl: (...args: readonly string[]) => kubectl(here.kubeconfig, ['-n', namespace, ...args]),
    /** Posts a push of a tag, with a key of that name. */
    push: (tag: string, wait: string, to = url): Promise<Posted> =>
      post(`${to}?wait=${wait}`, undefined, {
        headers: { 'content-type': 'application/json', 'idempotency-key': `push-${tag}` },
        body: JSON.stringify({ image: `acme/web:${tag}` }),
      }),
    patch: (body: object): Promise<unknown> =>
      send(api, {
        method: 'PATCH',
        path: objectPath(type, namespace, 'web'),
        contentType: 'application/merge-patch+json',
        body: JSON.stringify(body),
      }),
    /** The images of the pods that are not ending. */
    images: async (): Promise<readonly (string | undefined)[]> =>
      (await list({ group: '', version: 'v1', resource: 'pods', kind: 'Pod' }))
        .filter(pod => at(pod, 'metadata', 'deletionTimestamp') === undefined)
        .map(pod => stringAt(listAt(pod, 'spec', 'containers')[0], 'image')),
  }
}

const stateOf = ({ body }: Posted): unknown => body['state']

/** Posts again where a machine that is busy had no time for it. */
const answered = (ask: () => Promise<Posted>): Promise<Posted> => until(ask, ({ status }) => status !== 503)

/** Asks again as a pipeline does, until something else than progressing is answered. */
const ended = (ask: () => Promise<Posted>): Promise<Posted> =>
  until(ask, ({ status }) => status !== 202 && status !== 503, 90_000)

const kinds: readonly (readonly [what: string, workload: Workload])[] = [
  ['a Deployment that is rolled over', {}],
  // Its status has the condition of the rollout before for a moment.
  ['a Deployment that is recreated', { spec: { strategy: { type: 'Recreate' } } }],
  ['a StatefulSet', { kind: 'StatefulSet', spec: { serviceName: 'web' } }],
  ['a DaemonSet', { kind: 'DaemonSet' }],
]

it.each(kinds)(
  '%s is complete when all of its pods run what was pushed, and not before',
  { timeout: 240_000 },
  async (_what, workload) => {
    const here = await setUp(workload)
    for (const tag of ['1.0.1', '1.0.2', '1.0.3']) {
      const answer = await ended(() => here.push(tag, '5s'))
      expect([answer.status, stateOf(answer), answer.body['reason']]).toEqual([200, 'complete', 'RolloutComplete'])
      // The answer came after the last of them was there, so that an old pod cannot be found any more.
      expect(new Set(await here.images())).toEqual(new Set([`acme/web:${tag}`]))
    }
    expect(stateOf(await answered(() => here.push('1.0.1', '0s')))).toBe('superseded')
  },
)

it(
  'new pods that never come stall at the deadline, and are complete when there is a place for them',
  { timeout: 240_000 },
  async () => {
    const here = await setUp({ spec: { progressDeadlineSeconds: 3 } })
    await ended(() => here.push('1.0.1', '5s'))
    await cordon(true)
    try {
      const stalled = await ended(() => here.push('1.0.2', '10s'))
      expect([stalled.status, stalled.body['reason']]).toEqual([422, 'RolloutStalled'])
      expect(stalled.body['message']).toContain('after 3 s (progressDeadlineSeconds)')
      expect(stalled.body['causes']).toEqual(['Unschedulable (1 of 2)'])
      // A later push takes its place, while that one goes no further either.
      expect(stateOf(await ended(() => here.push('1.0.3', '10s')))).toBe('stalled')
      expect(await here.push('1.0.2', '10s')).toMatchObject({ status: 200, body: { state: 'superseded' } })
    } finally {
      await cordon(false)
    }
    const healed = await until(
      () => here.push('1.0.3', '10s'),
      answer => answer.status === 200,
      90_000,
    )
    expect(stateOf(healed)).toBe('complete')
    // Each ran once, however often it was asked about.
    expect(await here.list(apps('replicasets', 'ReplicaSet'))).toHaveLength(4)
  },
)

it(
  'without the right to list pods, an answer has no causes, and the log says why once',
  { timeout: 240_000 },
  async () => {
    const here = await setUp({ listsPods: false, spec: { progressDeadlineSeconds: 3 } })
    await cordon(true)
    try {
      const stalled = await ended(() => here.push('1.0.1', '10s'))
      expect([stalled.status, stalled.body['causes']]).toEqual([422, undefined])
      expect((await here.push('1.0.1', '2s')).status).toBe(422)
    } finally {
      await cordon(false)
    }
    expect(here.trigger.lines.filter(line => line.includes('may not list pods'))).toHaveLength(1)
  },
)

it('somebody who rolls back in between has replaced it', { timeout: 240_000 }, async () => {
  const here = await setUp()
  await ended(() => here.push('1.0.1', '5s'))
  await ended(() => here.push('1.0.2', '5s'))
  expect(await here.kubectl('rollout', 'undo', 'deployment/web')).toMatchObject({ code: 0 })
  expect(await here.push('1.0.2', '10s')).toMatchObject({
    status: 409,
    body: { state: 'replaced', reason: 'Replaced' },
  })
  expect(await here.kubectl('set', 'image', 'deployment/web', 'app=acme/web:hotfix')).toMatchObject({ code: 0 })
  expect(await here.push('1.0.1', '10s')).toMatchObject({ status: 409, body: { state: 'replaced' } })
})

it(
  'a Deployment that is paused stalls at once, and pods that start by hand are stored',
  { timeout: 240_000 },
  async () => {
    const paused = await setUp()
    await ended(() => paused.push('1.0.1', '5s'))
    await paused.patch({ spec: { paused: true } })
    expect(await paused.push('1.0.2', '10s')).toMatchObject({ status: 422, body: { state: 'stalled' } })
    await paused.patch({ spec: { paused: false } })
    expect(stateOf(await ended(() => paused.push('1.0.2', '10s')))).toBe('complete')
    const spec = { serviceName: 'web', updateStrategy: { type: 'OnDelete' } }
    const byHand = await setUp({ kind: 'StatefulSet', spec })
    expect(await byHand.push('1.0.1', '10s')).toMatchObject({ status: 200, body: { state: 'stored' } })
  },
)

it(
  'a trigger that is killed while a hundred wait: the same request to another finds the end, and runs nothing',
  { timeout: 240_000 },
  async () => {
    const here = await setUp()
    await ended(() => here.push('1.0.1', '5s'))
    const second = await here.startTrigger()
    await cordon(true)
    try {
      // Any answer that comes at once, or none at all.
      const waiting = Array.from({ length: 100 }, () => here.push('1.0.2', '60s').then(String, String))
      await until(
        async () => (await here.list(apps('replicasets', 'ReplicaSet'))).length,
        count => count === 3,
      )
      await until(
        () => here.push('1.0.2', '0s', second.url),
        answer => answer.status === 202,
      )
      await here.trigger.end('SIGKILL')
      await Promise.all(waiting)
      expect(stateOf(await answered(() => here.push('1.0.2', '0s', second.url)))).toBe('progressing')
    } finally {
      await cordon(false)
    }
    expect(stateOf(await ended(() => here.push('1.0.2', '10s', second.url)))).toBe('complete')
    expect(await here.list(apps('replicasets', 'ReplicaSet'))).toHaveLength(3)
  },
)

it('the loop of the page fails a pipeline whose rollout fails, and no other', { timeout: 240_000 }, async () => {
  const here = await setUp()
  const script = blockWith('docs/how-to/ci-jobs.md#fail-a-pipeline-when-the-rollout-fails', 'sh', 'wait=25s')
  const run = (
    tag: string,
    variables: Readonly<Record<string, string>> = {},
  ): Promise<{ code: unknown; said: string }> => {
    const env = { ...process.env, HOOK_URL: here.url, IMAGE: `acme/web:${tag}`, KEY: randomUUID(), ...variables }
    const child = spawn('sh', ['-c', script], { env, stdio: ['ignore', 'pipe', 'pipe'] })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
    return new Promise((resolve, reject) => child.on('error', reject).on('close', code => resolve({ code, said })))
  }
  expect(await run('1.0.1')).toMatchObject({ code: 0, said: expect.stringContaining('RolloutComplete') as unknown })
  await here.patch({ spec: { paused: true } })
  expect(await run('1.0.2')).toMatchObject({ code: 1, said: expect.stringContaining('RolloutStalled') as unknown })
  // Nobody answers there, and its time is over.
  const nowhere = { HOOK_URL: 'http://127.0.0.1:9/v1/trigger/none', WITHIN: '1' }
  expect(await run('1.0.3', nowhere)).toMatchObject({
    code: 1,
    said: expect.stringContaining('has not finished') as unknown,
  })
})
