import { createInterface } from 'node:readline'
import { join } from 'node:path'
import { at, stringAt } from '../../src/api/json.ts'
import { connect, nodeClock } from '../../src/environment/node.ts'
import { wait } from '../../src/environment/wait.ts'
import { loadAccess } from '../../src/kube/access.ts'
import { objectPath, type ResourceType } from '../../src/kube/paths.ts'
import { read, send } from '../../src/kube/requests.ts'
import { hooks } from '../../src/kube/resources.ts'
import { deliveriesIn, type Delivered } from '../../test/cluster/loop/delivered.ts'
import { spawnOwned } from '../../test/support/owned-process.ts'

/** The playground's namespace, Deployment and hooks. */
const namespace = 'shop'
const deployments: ResourceType = { group: 'apps', version: 'v1', resource: 'deployments', kind: 'Deployment' }
export const hookNames = ['web-up', 'web-down'] as const

export type HookName = (typeof hookNames)[number]

/** How often the Deployment is looked at, in milliseconds. */
const lookEveryMs = 100

export interface Count {
  readonly replicas: number
  readonly ready: number
}

/** A playground in a process of its own. */
export interface Shop {
  /** The address of its API server. */
  readonly server: string
  readonly urls: Readonly<Record<HookName, string>>
  /** The replicas of `web`, and those that are ready. */
  readonly count: () => Count
  /** What the trigger has answered so far. */
  readonly deliveries: () => readonly Delivered[]
  readonly end: () => Promise<void>
}

/** What differs from the playground as it is. */
export interface ShopSettings {
  /** For what is kept. */
  readonly folder: string
  /** Merged into the spec of both hooks. */
  readonly spec: object
  /** How long a pod takes until it is ready, in milliseconds. */
  readonly podsNeedMs: number
}

/** Starts a playground, and resolves when its hooks can be run. */
export const openShop = async ({ folder, podsNeedMs, spec }: ShopSettings): Promise<Shop> => {
  const kubeconfig = join(folder, 'kubeconfig')
  const playground = await startPlayground(kubeconfig)
  const access = await loadAccess({ kubeconfig, env: {} })
  const api = connect(access)
  const patch = { contentType: 'application/merge-patch+json', body: JSON.stringify({ spec }) }
  const urlOf = async (name: HookName): Promise<string> => {
    await send(api, { method: 'PATCH', path: objectPath(hooks, namespace, name), ...patch })
    return stringAt(await read(api, hooks, namespace, name), 'status', 'triggerURL') ?? ''
  }
  const urls = { 'web-up': await urlOf('web-up'), 'web-down': await urlOf('web-down') }

  const look = async (): Promise<Seen> => {
    const object = await read(api, deployments, namespace, 'web')
    return { at: nodeClock.monotonic(), replicas: Number(at(object, 'spec', 'replicas')) }
  }
  let seen: readonly Seen[] = [await look()]
  const stop = new AbortController()
  const looking = (async () => {
    for (; !stop.signal.aborted; await wait(nodeClock, lookEveryMs, stop.signal)) seen = [...seen, await look()]
  })()
  return {
    server: access.server,
    urls,
    count: () => countIn(seen, nodeClock.monotonic() - podsNeedMs),
    deliveries: () => deliveriesIn(playground.lines),
    end: async () => {
      stop.abort()
      await looking
      await api.close()
      await playground.end('SIGTERM')
    },
  }
}

/** The replicas that were wanted at a moment of the monotonic clock. */
export interface Seen {
  readonly at: number
  readonly replicas: number
}

/** Returns how many are wanted now, and how many of those have been wanted ever since `since`: that is ready. */
export const countIn = (seen: readonly Seen[], since: number): Count => {
  const before = Math.max(
    seen.findLastIndex(({ at }) => at <= since),
    0,
  )
  return {
    replicas: seen.at(-1)?.replicas ?? 0,
    ready: Math.min(...seen.slice(before).map(({ replicas }) => replicas)),
  }
}

/** Resolves, when the playground has said all that it says, with the lines of its output, which grow. */
const startPlayground = async (kubeconfig: string) => {
  const main = join(import.meta.dirname, '../../src/main.ts')
  const ports = ['--api-port', '0', '--trigger-port', '0', '--operations-port', '0', '--dashboard-port', '0']
  const args = [main, 'playground', ...ports, '--kubeconfig', kubeconfig, '--log-level', 'info']
  const { child, end } = spawnOwned(process.execPath, args, { stdout: 'pipe', stderr: 'inherit' })
  const lines: string[] = []
  if (!child.stdout) throw new Error('its output is to be a pipe')
  const output = createInterface({ input: child.stdout })
  await new Promise<void>((resolve, reject) => {
    child.once('exit', code => reject(new Error(`the playground ended with ${code}: ${lines.join('\n')}`)))
    output.on('line', line => {
      lines.push(line)
      if (line.startsWith('Everything is in memory')) resolve()
    })
  })
  return { lines, end }
}
