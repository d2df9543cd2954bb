import { apiVersion, hookKind } from '../../../src/api/names.ts'
import { nodeClock } from '../../../src/environment/node.ts'
import { wait } from '../../../src/environment/wait.ts'
import { create } from '../../../src/kube/requests.ts'
import { hooks as hookType } from '../../../src/kube/resources.ts'
import { controller, published } from '../../support/minting.ts'
import { cluster, until, type Cluster } from '../../support/product.ts'
import { program, type Program } from '../../support/program.ts'
import { freePort } from '../control-plane/ports.ts'

/** A hook that changes the count of a Deployment. */
export interface LeaseHook {
  readonly name: string
  readonly target: string
  readonly action: 'up' | 'down'
  readonly by: number
  readonly min?: number
  readonly max: number
  /** Members of its spec besides. */
  readonly spec: object
}

/** Deployments and hooks for them, in a namespace of their own. */
export interface Leasing extends Cluster {
  /** The path of a hook's trigger URL. */
  readonly pathOf: (hook: string) => string
  /** The controller. It runs until it is ended. */
  readonly controller: Program
}

/** How long it may take until every hook has its URL, and until a trigger is ready, in milliseconds. */
const readyWithinMs = 300_000

/** Makes Deployments, by their names and counts, and hooks; resolves when all hooks have their URLs. */
export const leasing = async (
  kubeconfig: string,
  bases: Readonly<Record<string, number>>,
  hooks: readonly LeaseHook[],
): Promise<Leasing> => {
  const here = await cluster(kubeconfig)
  const { api, namespace } = here
  for (const [name, count] of Object.entries(bases)) await here.createDeployment(name, count)
  for (const { action, by, max, min = 0, name, spec, target } of hooks) {
    const scale = { target: { name: target }, action, by, min, max }
    await create(api, hookType, namespace, {
      apiVersion,
      kind: hookKind,
      metadata: { name },
      spec: { driver: 'scale', scale, ...spec },
    })
  }
  const minting = controller(here)
  const urls = await until(
    () => published(here),
    all => all.size === hooks.length,
    readyWithinMs,
  )
  const paths = new Map([...urls].map(([name, { url }]) => [name, new URL(url).pathname]))
  return { ...here, controller: minting, pathOf: hook => paths.get(hook) ?? '' }
}

/** A trigger in a process of its own. It serves at the same port each time that it is started. */
export interface Trigger {
  readonly port: number
  /** Starts it, and resolves when it is ready. */
  readonly start: () => Promise<void>
  /** Ends it without a warning. */
  readonly kill: () => Promise<void>
  /** Resolves with the exit code of the process that was started last, when it has ended. */
  readonly ended: () => Promise<number | null>
  /** Every line that its processes have logged so far. */
  readonly lines: () => readonly string[]
}

export const trigger = async (here: Cluster): Promise<Trigger> => {
  const { kubeconfig, namespace, systemNamespace } = here
  const [port, operations] = [await freePort(), await freePort()]
  const all: Program[] = []
  return {
    port,
    start: async () => {
      all.push(
        program([
          ...['serve', 'trigger', '--namespace', systemNamespace, '--watch-namespace', namespace],
          ...['--kubeconfig', kubeconfig, '--host', '127.0.0.1', '--trigger-port', String(port)],
          ...['--operations-port', String(operations), '--shutdown-delay', '0'],
        ]),
      )
      await until(() => isReady(operations), Boolean, readyWithinMs)
    },
    kill: async () => void (await all.at(-1)?.end('SIGKILL')),
    ended: async () => (await all.at(-1)?.ended) ?? null,
    lines: () => all.flatMap(({ lines }) => lines),
  }
}

const isReady = async (port: number): Promise<boolean> => {
  try {
    return (await fetch(`http://127.0.0.1:${port}/readyz`)).status === 200
  } catch {
    await wait(nodeClock, 100)
    return false
  }
}

/** Returns the ends of leases in the log of a trigger: by how much each has changed the count of its target. */
export const endsIn = (lines: readonly string[]): readonly number[] =>
  lines
    .filter(line => line.includes('"msg":"a lease has ended"'))
    .map(line => Number(/"to":(\d+)/.exec(line)?.[1]) - Number(/"from":(\d+)/.exec(line)?.[1]))
