import { setTimeout as sleep } from 'node:timers/promises'
import { parseJson, at, stringAt } from '../src/api/json.ts'
import { apiVersion, hookKind } from '../src/api/names.ts'
import { crds } from '../src/drivers/registry.ts'
import { pagesOf } from '../src/kube/pager.ts'
import { collectionPath, objectPath, type ResourceType } from '../src/kube/paths.ts'
import { send } from '../src/kube/requests.ts'
import { hooks, records } from '../src/kube/resources.ts'
import { deployment } from '../test/support/objects.ts'
import type { Bundles } from './bundles.ts'
import { startLoad, type Load } from './load.ts'
import { startServer, type Needs, type Server } from './server.ts'
import { startBare, startDashboard, startPod, startProduct, type OpenDashboard, type Started } from './started.ts'

/** Where a row is run: an API server of its own with the product's resources, and the processes that make load. */
export interface Stage {
  readonly quick: boolean
  readonly server: Server
  readonly load: Load
  /** A second load process, for what watches while the first one works. */
  readonly onlooker: () => Load
  /** Starts the product, both roles or one, with these flags. What still runs when the row ends is ended. */
  readonly product: (
    role?: 'controller' | 'trigger',
    flags?: readonly string[],
    moreOfNode?: readonly string[],
  ) => Promise<Started>
  readonly dashboard: () => Promise<OpenDashboard>
  /** Starts what answers the requests of a Service. */
  readonly pod: () => Promise<Started>
  /** Starts the bare handler. It lists and keeps a collection first, if one is given. */
  readonly bare: (listed?: string) => Promise<Started>
  /** Deployments of no replicas. Answers their paths. */
  readonly deployments: (names: readonly string[]) => Promise<readonly string[]>
  /** A hook for each Deployment, which adds one, or takes one away: `NAME-up`, `NAME-down`. `more` is added to its spec. */
  readonly hooks: (names: readonly string[], action: 'up' | 'down', more?: object) => Promise<void>
  /** The paths of the trigger URLs of all hooks that have one, by the hook's name. */
  readonly triggerPaths: () => Promise<ReadonlyMap<string, string>>
  readonly count: (deployment: string) => Promise<number>
  readonly stop: () => Promise<void>
}

/** Where the hooks of a stage are. */
export const namespace = 'shop'

const deploymentType: ResourceType = { group: 'apps', version: 'v1', resource: 'deployments', kind: 'Deployment' }

export const deploymentPath = (name: string): string => objectPath(deploymentType, namespace, name)

/** All hooks of the stage. */
export const hookCollection = collectionPath(hooks, namespace)
export const hookPath = (name: string): string => objectPath(hooks, namespace, name)

export const openStage = async (
  bundles: Bundles,
  { inMemory, needs = {}, quick }: { readonly inMemory: boolean; readonly needs?: Needs; readonly quick: boolean },
): Promise<Stage> => {
  const server = await startServer(inMemory, needs)
  const { api, reached } = server
  const loads: Load[] = []
  const newLoad = (): Load => {
    const started = startLoad(reached)
    loads.push(started)
    return started
  }
  const load = newLoad()
  let onlooker: Load | undefined
  const running = new Set<Pick<Started, 'end'>>()
  const kept = <T extends Pick<Started, 'end'>>(started: T): T => {
    const ending: T = {
      ...started,
      end: async () => {
        running.delete(ending)
        await started.end()
      },
    }
    running.add(ending)
    return ending
  }
  await install(server)
  return {
    quick,
    server,
    load,
    onlooker: () => (onlooker ??= newLoad()),
    product: async (role, flags, moreOfNode) =>
      kept(await startProduct(bundles.product, server, role, flags, moreOfNode)),
    dashboard: async () => kept(await startDashboard(bundles.product, server)),
    pod: async () => kept(await startPod(server)),
    bare: async listed => kept(await startBare(bundles.bare, server, listed)),
    deployments: async names => {
      const path = collectionPath(deploymentType, namespace)
      await load.run({ job: 'create', path, names, template: JSON.stringify(deployment('NAME', 0)) })
      return names.map(deploymentPath)
    },
    hooks: async (names, action, more = {}) => {
      const template = JSON.stringify(hook(`NAME-${action}`, 'NAME', action, more))
      await load.run({ job: 'create', path: hookCollection, names, template })
    },
    triggerPaths: async () => new Map(await published(server)),
    count: async path => {
      const { body } = await api.request({ method: 'GET', path, lane: 'bulk', timeoutMs: 10_000 })
      return Number(at(parseJson(body), 'spec', 'replicas') ?? 0)
    },
    stop: async () => {
      for (const each of loads) each.end()
      await Promise.all([...running].map(started => started.end()))
      await server.stop()
    },
  }
}

/** The most that there is: a hook's limit is not what is measured. */
const rateLimit = { perSecond: 10_000, burst: 100_000 }

const hook = (name: string, target: string, action: 'up' | 'down', more: object) => ({
  apiVersion,
  kind: hookKind,
  metadata: { name },
  spec: { driver: 'scale', scale: { target: { name: target }, action, min: 0, max: 1_000_000 }, rateLimit, ...more },
})

/** Installs the product's resources, and makes the namespaces of the product and of the hooks. */
const install = async ({ api }: Server): Promise<void> => {
  const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
  for (const crd of crds) await send(api, { method: 'POST', path: definitions, body: JSON.stringify(crd) })
  for (const name of [namespace, 'receiver-hooks']) {
    await send(api, { method: 'POST', path: '/api/v1/namespaces', body: JSON.stringify({ metadata: { name } }) })
  }
  // A real API server serves a new kind a moment after it has stored it.
  for (const { resource } of [hooks, records]) {
    const path = `/apis/${apiVersion}/${resource}`
    while ((await api.request({ method: 'GET', path, lane: 'bulk', timeoutMs: 5000 })).status !== 200) await sleep(50)
  }
}

const published = async ({ api }: Server): Promise<[string, string][]> => {
  const found: [string, string][] = []
  const listing = {
    resource: hooks.resource,
    path: hookCollection,
    query: {},
    lane: 'bulk',
    timeoutMs: 60_000,
  } as const
  for await (const { objects } of pagesOf(api, listing)) {
    for (const hook of objects) {
      const url = stringAt(hook, 'status', 'triggerURL')
      if (url !== undefined) found.push([hook.metadata.name, new URL(url).pathname])
    }
  }
  return found
}

/** Starts the bare handler, with Deployments of its own. Returns a URL for each. `end` is the end of their paths. */
export const floorURLs = async (stage: Stage, count: number, end = ''): Promise<readonly string[]> => {
  const floored = names('floor', count)
  await stage.deployments(floored)
  return await bareURLs(stage, floored, end)
}

/** Starts the bare handler. Returns a URL for each target. */
export const bareURLs = async (stage: Stage, targets: readonly string[], end: string): Promise<readonly string[]> => {
  const { origin } = await stage.bare()
  return targets.map(name => `${origin}/${namespace}/${name}${end}`)
}

/** Resolves when this many hooks have trigger URLs; answers them as of that moment. */
export const triggerPathsOf = async (stage: Stage, count: number): Promise<ReadonlyMap<string, string>> => {
  for (;;) {
    const paths = await stage.triggerPaths()
    if (paths.size >= count) return paths
    await sleep(100)
  }
}

/** Returns names that sort as they count. */
export const names = (prefix: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}-${String(index).padStart(5, '0')}`)
