import { nodeClock } from '../../../src/environment/node.ts'
import { wait } from '../../../src/environment/wait.ts'
import { rngOf, type Rng } from '../../simulation/seed.ts'
import { controller, published } from '../../support/minting.ts'
import { cluster, until, type Cluster } from '../../support/product.ts'
import type { ControlPlane } from '../control-plane/control-plane.ts'
import { installation } from '../installation.ts'
import type { Attempt, Hook, History, OutsideWrite, Version } from './history.ts'
import { scaleOutside } from './outside.ts'
import { moments, plan, type Extent } from './plan.ts'
import { attemptAt, sendAll, type Post } from './senders.ts'
import { followTargets } from './targets.ts'
import { triggers, type Probe, type Triggers } from './triggers.ts'

/** How long a killed process stays away, and how long the API server does, at most, in milliseconds. */
const longestAbsenceMs = 800
const longestOutageMs = 1500

/** How long it may take until every hook has its URL, in milliseconds. */
const publishedWithinMs = 30_000

/** How long the posts of a run may take, in milliseconds. */
const longestRunMs = 1_200_000

/** What happened in a run. */
export interface Ran {
  readonly history: History
  readonly tookMs: number
  /** What the triggers' metrics say of the writes that they made, and what they logged as errors. */
  readonly steps: ReadonlyMap<string, number>
  readonly errors: readonly string[]
}

/**
 * Triggers and a controller in processes of their own, senders, and somebody else who scales; and while they are at it,
 * triggers are killed and started again, and the API server is.
 */
export const run = async (controlPlane: ControlPlane, seed: number, extent: Extent): Promise<Ran> => {
  const rng = rngOf(seed)
  const planned = plan(rng.fork(), extent)
  const here = await cluster(controlPlane.kubeconfig)
  const { api, namespace } = here
  const { kubeconfigs } = await installation(here)

  const starts = extent.triggers + extent.triggerKills
  const probes = Array.from({ length: starts }, (_, number) => probeOf(number))
  const hooks = [...planned.hooks, ...probes]
  const targets = [...planned.targets, ...probes.map(({ target }) => ({ name: target, replicas: 0 }))]
  for (const { name, replicas } of targets) await here.createDeployment(name, replicas)
  const followed = followTargets(api, namespace)
  controller({ ...here, kubeconfig: kubeconfigs.controller })
  const pathOf = await paths(here, hooks)

  const attempts: Attempt[] = []
  const note = (attempt: Attempt): void => void attempts.push(attempt)
  const probe: Probe = async (serving, number) =>
    (await attemptAt({ pathOf, note }, { hook: probeOf(number).name }, serving))?.answer?.outcome === 'applied'
  const processes = await triggers({ ...here, kubeconfig: kubeconfigs.trigger }, extent.triggers, probe)
  await Promise.all(Array.from({ length: extent.triggers }, (_, index) => processes.start(index)))

  let begun = 0
  const begins = (moment: number): Promise<unknown> =>
    until(
      () => Promise.resolve(begun),
      many => many >= moment,
      longestRunMs,
    )
  const outside: OutsideWrite[] = []
  const over = new AbortController()
  const posting: Post = { rng: rng.fork(), serving: processes.serving, pathOf, note }
  const beganAt = nodeClock.monotonic()
  const scaling = scaleOutside(
    { api, namespace, targets: planned.outside },
    rng.fork(),
    write => void outside.push(write),
    over.signal,
  )
  await Promise.all([
    sendAll(posting, planned.deliveries, extent.senders, () => void (begun += 1)),
    killTriggers(rng.fork(), extent, processes, begins),
    killApiServer(rng.fork(), extent, controlPlane, begins),
  ])
  over.abort()
  await scaling
  const tookMs = nodeClock.monotonic() - beganAt

  const { errors, steps } = await processes.end()
  const versions = await followed.end()
  const instances = instancesIn(versions, attempts)
  return { history: { hooks, instances, versions, attempts, outside }, tookMs, steps, errors }
}

/** The hook to which the process that is started as the `number`th posts first, and no other does. */
const probeOf = (number: number): Hook => {
  const target = `probe-${number}`
  return { name: target, target, action: 'up', by: 1, min: 0, max: 1_000_000, overshoot: 'clamp' }
}

/** Creates the hooks, and resolves with where each is posted to, when all have their URLs. */
const paths = async (here: Cluster, hooks: readonly Hook[]): Promise<(hook: string) => string> => {
  for (const { name, target, ...scale } of hooks) await here.createHook(name, { target: { name: target }, ...scale })
  const urls = await until(
    () => published(here),
    all => all.size === hooks.length,
    publishedWithinMs,
  )
  const all = new Map([...urls].map(([name, { url }]) => [name, new URL(url).pathname]))
  return hook => all.get(hook) ?? ''
}

/** A process signs its writes with a word that it takes by chance: the write that it made first of all shows it. */
const instancesIn = (versions: readonly Version[], attempts: readonly Attempt[]): History['instances'] =>
  versions.flatMap(({ owners, target }) => {
    const process = attempts.find(({ hook }) => hook === target)?.process
    const instance = owners.find(owner => owner.startsWith('rhook.'))?.split('.')[1]
    return process === undefined || instance === undefined ? [] : [{ instance, process }]
  })

type Begins = (moment: number) => Promise<unknown>

const killTriggers = async (rng: Rng, extent: Extent, processes: Triggers, begins: Begins): Promise<void> => {
  for (const moment of moments(rng, extent.triggerKills, extent)) {
    await begins(moment)
    const index = rng.int(0, extent.triggers - 1)
    await processes.kill(index)
    await wait(nodeClock, rng.int(0, longestAbsenceMs))
    await processes.start(index)
  }
}

const killApiServer = async (rng: Rng, extent: Extent, controlPlane: ControlPlane, begins: Begins): Promise<void> => {
  for (const moment of moments(rng, extent.apiServerKills, extent)) {
    await begins(moment)
    await controlPlane.killApiServer()
    await wait(nodeClock, rng.int(0, longestOutageMs))
    await controlPlane.startApiServer()
  }
}
