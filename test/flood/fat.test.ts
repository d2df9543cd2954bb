import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { makeBundles } from '../../bench/bundles.ts'
import { peakResidentMiB, processorMs, resetPeak } from '../../bench/process.ts'
import { openStage, triggerPathsOf, type Stage } from '../../bench/stage.ts'
import type { Started } from '../../bench/started.ts'
import { stringAt, tryParseJson } from '../../src/api/json.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import type { ApiRequest } from '../../src/environment/environment.ts'
import { pagesOf } from '../../src/kube/pager.ts'
import { collectionPath, objectPath, type ResourceType } from '../../src/kube/paths.ts'
import { send } from '../../src/kube/requests.ts'
import { hooks, secrets } from '../../src/kube/resources.ts'
import { startDashboard, type FatDashboard } from './fat-dashboard.ts'
import { fatKinds, fatNamespace, pushHook, type FatKind } from './fat-objects.ts'
import { startHooked } from './hooked.ts'
import { podOf, type Pod } from './pod.ts'

/**
 * One tenant's fat objects: a user who may make objects in one namespace makes many, or the largest that the API server takes. Each
 * role stays within its memory and becomes ready, and the posts of another tenant are answered as before.
 */

/** What the installation gives each role, in MiB. */
const podMiB = { controller: 320, trigger: 320, dashboard: 256 }

/** How many of the largest objects are made. A machine that does other work besides takes minutes for a hundred. */
const largestCount = Number(process.env['FAT_COUNT'] ?? 100)

/** How many posts of the other tenant are timed, and below which p99 in milliseconds nothing is said: a hiccup is as long. */
const posts = Number(process.env['FAT_POSTS'] ?? 800)
const quietMs = 100

const bundles = makeBundles()
let stage: Stage
let dashboard: FatDashboard
let urls: readonly string[]
let hookUid = ''
const pods = new Map<string, Pod | undefined>()

/** Of a cluster without fat objects: how long the roles take to be ready, and how long posts take, in milliseconds. */
let usual: { readonly controllerMs: number; readonly triggerMs: number; readonly p99: number }

const begin = (role: keyof typeof podMiB): void => {
  const pod = pods.get(role)
  if (pod) vi.stubEnv('BENCH_CGROUP', pod.folder)
  else vi.stubEnv('BENCH_NODE_FLAGS', `--max-old-space-size=${Math.floor(podMiB[role] * 0.6)}`)
}

/** Starts a role twice. `startMs` is the better of the two: what else the machine and its API server do is in both. */
const startTwice = async (role: 'controller' | 'trigger'): Promise<Started> => {
  const first = await startRole(role)
  await atRest(first.pid)
  await first.end()
  const second = await startRole(role)
  return { ...second, startMs: Math.min(first.startMs, second.startMs) }
}

const startRole = async (role: 'controller' | 'trigger'): Promise<Started> => {
  begin(role)
  return await stage.product(role)
}

/** Waits until a role has little left to do: it has been on a processor for a tenth of the last half second at most. */
const atRest = async (pid: number): Promise<void> => {
  for (let before = processorMs(pid); ;) {
    await sleep(500)
    const now = processorMs(pid)
    if (now - before < 50) return
    before = now
  }
}

/** Returns how long 99 of 100 posts to the hooks of the other tenant take at most. All are answered 200. */
const p99Of = async (trigger: Started, count: number): Promise<number> => {
  const to = urls.map(path => trigger.origin + path)
  const { latencies, notes } = await stage.load.run({ job: 'post', urls: to, count, concurrency: 4 })
  expect(notes).toMatchObject({ '200 applied': count })
  return [...latencies].sort((a, b) => a - b)[Math.floor(latencies.length * 0.99)] ?? 0
}

/** Writes each of these objects, some at a time. */
const writeAll = async (
  names: readonly string[],
  request: (name: string) => Pick<ApiRequest, 'method' | 'path' | 'body' | 'contentType'>,
  isRight: (status: number) => boolean,
): Promise<void> => {
  const waiting = [...names]
  const worker = async (): Promise<void> => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      const asked = { lane: 'bulk', timeoutMs: 60_000, as: 'metadata', ...request(name) } as const
      const { status } = await stage.server.api.request(asked)
      if (!isRight(status)) throw new Error(`${asked.method} ${name}: the API server answered ${status}`)
    }
  }
  await Promise.all(Array.from({ length: 8 }, worker))
}

const isDone = (status: number): boolean => status < 300
/** Returns whether a write is done or its object gone: the controller removes a Secret that its hook does not ask for. */
const isDoneOrGone = (status: number): boolean => isDone(status) || status === 404

const create = (type: ResourceType, names: readonly string[], object: (name: string) => object): Promise<void> => {
  const path = collectionPath(type, fatNamespace)
  return writeAll(names, name => ({ method: 'POST', path, body: JSON.stringify(object(name)) }), isDone)
}

/** Changes each object, which is an event of every watch of its kind. */
const touch = (type: ResourceType, names: readonly string[]): Promise<void> => {
  const body = JSON.stringify({ metadata: { labels: { touched: 'yes' } } })
  const contentType = 'application/merge-patch+json'
  const patch = { method: 'PATCH', contentType, body } as const
  return writeAll(names, name => ({ ...patch, path: objectPath(type, fatNamespace, name) }), isDoneOrGone)
}

/** Deletes objects one after another: the answer to a collection that is deleted has all of its objects. */
const remove = (type: ResourceType, names: readonly string[]): Promise<void> =>
  writeAll(names, name => ({ method: 'DELETE', path: objectPath(type, fatNamespace, name) }), isDoneOrGone)

/** Returns how long somebody takes who lists the objects and does nothing with them: no role can be ready sooner. */
const listMs = async ({ type }: FatKind): Promise<number> => {
  const began = performance.now()
  const path = collectionPath(type, fatNamespace)
  for await (const _ of pagesOf(stage.server.api, { resource: type.resource, path, lane: 'bulk', timeoutMs: 60_000 }));
  return performance.now() - began
}

const configMaps: ResourceType = { group: '', version: 'v1', resource: 'configmaps', kind: 'ConfigMap' }

/** Returns the p99 while as many objects as large are written of a kind that nobody watches there: that is the API server's share. */
const measureWithOthers = async (
  trigger: Started,
  names: readonly string[],
  size: number,
  text: string,
): Promise<number> => {
  await create(configMaps, names, name => ({
    metadata: { name },
    data: { fat: text.repeat(Math.min(size, 1_000_000)) },
  }))
  const [p99] = await Promise.all([p99Of(trigger, posts), touch(configMaps, names)])
  await remove(configMaps, names)
  return p99
}

beforeAll(async () => {
  for (const [role, miB] of Object.entries(podMiB)) {
    pods.set(role, podOf(`receiver-hooks-fat-${role}-${process.pid}`, miB * 1024 * 1024))
  }
  stage = await openStage(bundles, { inMemory: process.env['FAT_IN_MEMORY'] !== undefined, quick: true })
  const { product } = await startHooked(stage, 4)
  urls = [...(await triggerPathsOf(stage, 4)).values()]
  await product.end()
  const { api, folder, reached } = stage.server
  await send(api, {
    method: 'POST',
    path: '/api/v1/namespaces',
    body: JSON.stringify({ metadata: { name: fatNamespace } }),
  })
  await makePush()
  const controller = await startRole('controller')
  const trigger = await startRole('trigger')
  await p99Of(trigger, posts)
  usual = { controllerMs: controller.startMs, triggerMs: trigger.startMs, p99: await p99Of(trigger, posts) }
  console.log('without fat objects', rounded(usual))
  await Promise.all([controller.end(), trigger.end()])
  const ca = join(folder, 'ca.crt')
  if (reached.ca !== undefined) writeFileSync(ca, reached.ca)
  dashboard = await startDashboard(bundles.product, {
    server: reached.server,
    token: reached.token ?? 'any',
    ...(reached.ca !== undefined && { ca }),
    cgroup: pods.get('dashboard')?.folder,
  })
}, 300_000)

afterAll(async () => {
  await dashboard.end()
  await stage.stop()
  bundles.remove()
  for (const pod of pods.values()) pod?.remove()
})

const rounded = (values: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Math.round(value)]))

/** Returns where the trigger finds the hook of the tenant with the fat objects. */
const pushPath = async (): Promise<string | undefined> => {
  const path = objectPath(secrets, fatNamespace, pushHook.secret)
  const answer = await stage.server.api.request({ method: 'GET', path, lane: 'bulk', timeoutMs: 10_000 })
  const url = answer.status === 200 ? stringAt(tryParseJson(answer.body), 'data', 'url') : undefined
  return url !== undefined ? new URL(Buffer.from(url, 'base64').toString()).pathname : undefined
}

/** What a person sees who looks at the namespace: its hooks, a hook's Events, and what the forms offer as targets. */
const lookedAt = ['/stream?namespace=NS', '/hooks/NS/push/events', '/namespaces/NS/targets?driver=scale', '/namespaces']

describe.each(fatKinds)('$kind', kind => {
  it.each<[string, number, number, string]>([
    ['a thousand of 1 kB', 1000, 1000, 'x'],
    ['many of the largest', largestCount, ...kind.largest],
  ])(
    '%s: every role starts, stays within its memory, and other posts are answered as before',
    async (what, count, size, text) => {
      const names = Array.from({ length: count }, (_, index) => `fat-${index}`)
      await create(kind.type, names, name => kind.make(name, size, text, hookUid))
      const listedMs = await listMs(kind)
      const controller = await startTwice('controller')
      await atRest(controller.pid)
      const trigger = await startTwice('trigger')
      const started = { controllerMs: controller.startMs, triggerMs: trigger.startMs }
      await p99Of(trigger, 100)
      const withOthers = await measureWithOthers(trigger, names, size, text)
      const [watched] = await Promise.all([p99Of(trigger, posts), touch(kind.type, names)])
      await atRest(controller.pid)
      const push = await pushPath()
      const pushed = push === undefined ? undefined : fetch(trigger.origin + push, { method: 'POST' })
      const posted = await p99Of(trigger, posts)
      const status = (await pushed)?.status
      resetPeak(dashboard.pid)
      const seen: number[] = []
      for (const path of lookedAt) seen.push(await dashboard.look(path.replace('NS', fatNamespace)))
      const peaks = {
        controllerMiB: peakResidentMiB(controller.pid),
        triggerMiB: peakResidentMiB(trigger.pid),
        dashboardMiB: peakResidentMiB(dashboard.pid),
      }
      const p99 = { usual: usual.p99, withOthers, watched, posted }
      console.log(kind.kind, what, rounded({ listedMs, ...started, ...peaks, ...p99 }), status, seen)
      await Promise.all([controller.end(), trigger.end()])
      await remove(kind.type, names)
      expect([...pods.values()].map(pod => pod?.killed() ?? 0)).toEqual([0, 0, 0])
      expect(Math.max(peaks.controllerMiB, peaks.triggerMiB)).toBeLessThan(podMiB.trigger)
      expect(peaks.dashboardMiB).toBeLessThan(podMiB.dashboard)
      // What is answered depends on the targets, of which a namespace may have more than a hook may have.
      expect(status).toBeOneOf([200, 422])
      expect(seen).toEqual(lookedAt.map(() => 200))
      expect(started.controllerMs).toBeLessThan(2 * (usual.controllerMs + listedMs))
      expect(started.triggerMs).toBeLessThan(2 * (usual.triggerMs + listedMs))
      expect(watched).toBeLessThan(Math.max(3 * withOthers, quietMs))
      expect(posted).toBeLessThan(Math.max(3 * usual.p99, quietMs))
    },
    600_000,
  )
})

/** Makes the hook of the tenant with the fat objects. */
const makePush = async (): Promise<void> => {
  const body = JSON.stringify({
    apiVersion,
    kind: hookKind,
    metadata: { name: pushHook.name },
    spec: {
      driver: 'redeploy',
      redeploy: { selector: {}, withoutImage: 'restart' },
      token: { secretName: pushHook.secret },
    },
  })
  const made = await send(stage.server.api, { method: 'POST', path: collectionPath(hooks, fatNamespace), body })
  hookUid = made.metadata.uid
}
