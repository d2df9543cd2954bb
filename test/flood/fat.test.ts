import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { makeBundles } from '../../bench/bundles.ts'
import { peakResidentMB } from '../../bench/process.ts'
import { openStage, triggerPathsOf, type Stage } from '../../bench/stage.ts'
import type { Started } from '../../bench/started.ts'
import { stringAt, tryParseJson } from '../../src/api/json.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import { pagesOf } from '../../src/kube/pager.ts'
import { collectionPath, objectPath, type ResourceType } from '../../src/kube/paths.ts'
import { send } from '../../src/kube/requests.ts'
import { autoscalers, hooks, records, secrets } from '../../src/kube/resources.ts'
import { startHooked } from './hooked.ts'
import { podOf, type Pod } from './pod.ts'

/**
 * One tenant's fat objects: whoever may make objects in one namespace makes many, or the largest that the API server takes. Each
 * role stays within its memory and becomes ready, and the posts of another tenant are answered as before.
 */

/** What the installation gives a role, in MiB. */
const podMiB = 320

/** How many of the largest objects are made. A machine that does other work besides takes minutes for a hundred. */
const largestCount = Number(process.env['FAT_COUNT'] ?? 100)

/** How many posts of the other tenant are timed. */
const posts = Number(process.env['FAT_POSTS'] ?? 400)

const fat = 'fat'
const deployments: ResourceType = { group: 'apps', version: 'v1', resource: 'deployments', kind: 'Deployment' }

/** JSON writes this character in six, and etcd keeps it in one where the kind is stored as protobuf. */
const costly = '<'

interface Kind {
  readonly kind: string
  readonly type: ResourceType
  /** An object with about so many bytes in it, as it is stored. */
  readonly make: (name: string, bytes: number, text: string) => object
  /** The largest that the API server takes, in bytes of text, and of which text. */
  readonly largest: readonly [bytes: number, text: string]
}

const annotated = (name: string, bytes: number, text: string) => ({ name, annotations: { fat: text.repeat(bytes) } })

/** The labels and the owner that make the controller take a Secret for one of its hook's. */
let ofHook: object = {}

const kinds: readonly Kind[] = [
  {
    kind: 'hooks',
    type: hooks,
    largest: [235_000, costly],
    make: (name, bytes, text) => ({
      apiVersion,
      kind: hookKind,
      metadata: annotated(name, bytes, text),
      spec: { driver: 'scale', scale: { target: { name: 'web' }, action: 'up', max: 10 } },
    }),
  },
  {
    kind: 'autoscalers',
    type: autoscalers,
    largest: [255_000, costly],
    make: (name, bytes, text) => ({
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: annotated(name, bytes, text),
      spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name }, maxReplicas: 2 },
    }),
  },
  {
    kind: 'deployments',
    type: deployments,
    largest: [1_450_000, costly],
    make: (name, bytes, text) => ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name },
      spec: {
        replicas: 0,
        selector: { matchLabels: { app: name } },
        template: {
          metadata: { labels: { app: name } },
          spec: {
            containers: [{ name: 'web', image: 'acme/web:1', env: [{ name: 'FAT', value: text.repeat(bytes) }] }],
          },
        },
      },
    }),
  },
  {
    kind: 'secrets',
    type: secrets,
    largest: [1_040_000, 'x'],
    make: (name, bytes, text) => ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, ...ofHook },
      stringData: { fat: text.repeat(bytes) },
    }),
  },
  {
    kind: 'records',
    type: records,
    largest: [1_000_000, 'x'],
    make: (name, bytes, text) => ({
      apiVersion,
      kind: 'ReceiverHookRecord',
      metadata: { name },
      content: JSON.stringify({ recent: text.repeat(bytes) }),
    }),
  },
]

const bundles = makeBundles()
let stage: Stage
let urls: readonly string[]
const pods = new Map<string, Pod | undefined>()

/** Of a cluster without fat objects: how long the roles take to be ready, and how long posts take, in milliseconds. */
let usual: { readonly controllerMs: number; readonly triggerMs: number; readonly p99: number }

const startRole = async (role: 'controller' | 'trigger'): Promise<Started> => {
  const pod = pods.get(role)
  if (pod) vi.stubEnv('BENCH_CGROUP', pod.folder)
  else vi.stubEnv('BENCH_NODE_FLAGS', `--max-old-space-size=${Math.floor(podMiB * 0.6)}`)
  return await stage.product(role)
}

/** How long 99 of 100 posts to the hooks of the other tenant take at most. All are answered 200. */
const p99Of = async (trigger: Started, count: number): Promise<number> => {
  const to = urls.map(path => trigger.origin + path)
  const { latencies, notes } = await stage.load.run({ job: 'post', urls: to, count, concurrency: 4 })
  expect(notes).toMatchObject({ '200 applied': count })
  return [...latencies].sort((a, b) => a - b)[Math.floor(latencies.length * 0.99)] ?? 0
}

/** Writes each of these objects, some at a time. */
const writeAll = async (names: readonly string[], write: (name: string) => Promise<number>): Promise<void> => {
  const waiting = [...names]
  const worker = async (): Promise<void> => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      const status = await write(name)
      if (status > 299) throw new Error(`${name}: the API server answered ${status}`)
    }
  }
  await Promise.all(Array.from({ length: 8 }, worker))
}

const request = { lane: 'bulk', timeoutMs: 60_000, as: 'metadata' } as const

const make = ({ make: object, type }: Kind, names: readonly string[], bytes: number, text: string): Promise<void> =>
  writeAll(names, async name => {
    const body = JSON.stringify(object(name, bytes, text))
    return (await stage.server.api.request({ ...request, method: 'POST', path: collectionPath(type, fat), body }))
      .status
  })

/** Each change is an event of every watch of its kind. */
const touch = ({ type }: Kind, names: readonly string[]): Promise<void> =>
  writeAll(names, async name => {
    const body = JSON.stringify({ metadata: { labels: { touched: 'yes' } } })
    const contentType = 'application/merge-patch+json'
    const path = objectPath(type, fat, name)
    return (await stage.server.api.request({ ...request, method: 'PATCH', path, contentType, body })).status
  })

/** How long somebody takes who lists the objects and does nothing with them: no role can be ready sooner. */
const listMs = async ({ type }: Kind): Promise<number> => {
  const began = performance.now()
  const path = collectionPath(type, fat)
  for await (const _ of pagesOf(stage.server.api, { resource: type.resource, path, lane: 'bulk', timeoutMs: 60_000 }));
  return performance.now() - began
}

beforeAll(async () => {
  for (const role of ['controller', 'trigger']) {
    pods.set(role, podOf(`receiver-hooks-fat-${role}-${process.pid}`, podMiB * 1024 * 1024))
  }
  stage = await openStage(bundles, { inMemory: process.env['FAT_IN_MEMORY'] !== undefined, quick: true })
  const { product } = await startHooked(stage, 4)
  urls = [...(await triggerPathsOf(stage, 4)).values()]
  await product.end()
  const { api } = stage.server
  await send(api, { method: 'POST', path: '/api/v1/namespaces', body: JSON.stringify({ metadata: { name: fat } }) })
  await makePush()
  const controller = await startRole('controller')
  const trigger = await startRole('trigger')
  await p99Of(trigger, posts)
  usual = { controllerMs: controller.startMs, triggerMs: trigger.startMs, p99: await p99Of(trigger, posts) }
  console.log('without fat objects', rounded(usual))
  await Promise.all([controller.end(), trigger.end()])
}, 300_000)

afterAll(async () => {
  await stage.stop()
  bundles.remove()
  for (const pod of pods.values()) pod?.remove()
})

const rounded = (values: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Math.round(value)]))

/** Where the trigger finds the hook of the tenant with the fat objects. */
const pushPath = async (): Promise<string | undefined> => {
  const path = objectPath(secrets, fat, 'push-url')
  const answer = await stage.server.api.request({ method: 'GET', path, lane: 'bulk', timeoutMs: 10_000 })
  const url = answer.status === 200 ? stringAt(tryParseJson(answer.body), 'data', 'url') : undefined
  return url !== undefined ? new URL(Buffer.from(url, 'base64').toString()).pathname : undefined
}

describe.each(kinds)('$kind', kind => {
  it.each<[string, number, number, string]>([
    ['a thousand of 1 kB', 1000, 1000, 'x'],
    ['many of the largest', largestCount, ...kind.largest],
  ])(
    '%s: every role starts, stays within its memory, and other posts are answered as before',
    async (what, count, bytes, text) => {
      const names = Array.from({ length: count }, (_, index) => `fat-${index}`)
      await make(kind, names, bytes, text)
      const listedMs = await listMs(kind)
      const controller = await startRole('controller')
      const trigger = await startRole('trigger')
      await p99Of(trigger, 100)
      const push = await pushPath()
      const [watched] = await Promise.all([p99Of(trigger, posts), touch(kind, names)])
      const pushed = push === undefined ? undefined : fetch(trigger.origin + push, { method: 'POST' })
      const posted = await p99Of(trigger, posts)
      const status = (await pushed)?.status
      const peaks = { controllerMiB: peakResidentMB(controller.pid), triggerMiB: peakResidentMB(trigger.pid) }
      console.log(
        kind.kind,
        what,
        rounded({ listedMs, controllerMs: controller.startMs, triggerMs: trigger.startMs, ...peaks, watched, posted }),
        status,
      )
      await Promise.all([controller.end(), trigger.end()])
      await stage.load.run({ job: 'delete', path: collectionPath(kind.type, fat) })
      if (kind.kind === 'hooks') await makePush()
      expect([...pods.values()].map(pod => pod?.killed() ?? 0)).toEqual([0, 0])
      expect(Math.max(peaks.controllerMiB, peaks.triggerMiB)).toBeLessThan(podMiB)
      expect(controller.startMs).toBeLessThan(2 * (usual.controllerMs + listedMs))
      expect(trigger.startMs).toBeLessThan(2 * (usual.triggerMs + listedMs))
      expect(Math.max(watched, posted)).toBeLessThan(Math.max(3 * usual.p99, 100))
    },
    600_000,
  )
})

/** Makes the hook of the tenant with the fat objects, which goes with the others of its kind. */
const makePush = async (): Promise<void> => {
  const body = JSON.stringify({
    apiVersion,
    kind: hookKind,
    metadata: { name: 'push' },
    spec: {
      driver: 'redeploy',
      redeploy: { selector: {}, withoutImage: 'restart' },
      token: { secretName: 'push-url' },
    },
  })
  const { metadata } = await send(stage.server.api, { method: 'POST', path: collectionPath(hooks, fat), body })
  ofHook = {
    labels: { 'receiverhooks.dev/hook-uid': metadata.uid },
    ownerReferences: [{ apiVersion, kind: hookKind, name: 'push', uid: metadata.uid, controller: true }],
  }
}
