import { apiVersion, hookKind } from '../../../src/api/names.ts'
import { nodeClock } from '../../../src/environment/node.ts'
import { wait } from '../../../src/environment/wait.ts'
import { create } from '../../../src/kube/requests.ts'
import { hooks as hookType } from '../../../src/kube/resources.ts'
import { rngOf, type Rng } from '../../simulation/seed.ts'
import { make } from '../../support/counted.ts'
import { controller, published } from '../../support/minting.ts'
import { cluster, until, type Cluster } from '../../support/product.ts'
import type { ControlPlane } from '../control-plane/control-plane.ts'
import { installation } from '../installation.ts'
import type { Attempt, Hook, History, OutsideWrite, Version } from './history.ts'
import { rightsToAll, targetKinds, workload } from './kinds.ts'
import { scaleOutside } from './outside.ts'
import { moments, plan, type Extent, type PlannedTarget } from './plan.ts'
import { attemptAt, sendAll, type Post } from './senders.ts'
import { followTargets } from './targets.ts'
import { triggers, type Probe, type Triggers } from './triggers.ts'
import { isMark } from '../../support/marks.ts'

/** How long a killed process stays away, and how long the API server does, at most, in milliseconds. */
const maxAbsenceMs = 800
const maxOutageMs = 1500

/** How long it may take until every hook has its URL, in milliseconds. */
const publishedWithinMs = 300_000

/** How long the posts of a run may take, in milliseconds: an hour and what it may be late by. */
const maxRunMs = 2 * 3_600_000

/** After how many deliveries the run says how far it is. */
const progressEvery = 1000

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
  const { kubeconfigs } = await installation(here, rightsToAll())

  const starts = extent.triggers + extent.triggerKills
  const probes = Array.from({ length: starts }, (_, number) => probeOf(number))
  const hooks = [...planned.hooks, ...probes]
  const targets = [...planned.targets, ...probes.map(probeTarget)]
  for (const { kind, most, name, replicas } of targets) {
    await make(here, kind.type, name, kind.spec(name, replicas, most))
  }
  const followed = followTargets(api, namespace, targetKinds)
  controller({ ...here, kubeconfig: kubeconfigs.controller })
  const pathOf = await paths(here, hooks, targets)

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
      maxRunMs,
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
    sendAll(posting, planned.deliveries, extent, () => {
      begun += 1
      if (begun % progressEvery === 0) console.error(`${begun} of ${extent.deliveries} deliveries`)
    }),
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

/**
 * Returns the hook that the `number`th process gets its first post for. No other process gets its
 * first post for that hook.
 */
const probeOf = (number: number): Hook => {
  const target = `probe-${number}`
  return { name: target, target, action: 'up', by: 1, min: 0, max: 1_000_000, overshoot: 'clamp' }
}

const probeTarget = ({ target }: Hook): PlannedTarget => ({ kind: workload, name: target, replicas: 0, most: Infinity })

/** Creates the hooks, and resolves with where each is posted to, when all have their URLs. */
const paths = async (
  here: Cluster,
  hooks: readonly Hook[],
  targets: readonly PlannedTarget[],
): Promise<(hook: string) => string> => {
  const kinds = new Map(targets.map(({ kind, name }) => [name, kind]))
  for (const { action, by, max, min, name, overshoot, target } of hooks) {
    const { driver, member } = (kinds.get(target) ?? workload).hook(target)
    const spec = { driver, [driver]: { ...member, action, by, max, min, overshoot } }
    await create(here.api, hookType, here.namespace, { apiVersion, kind: hookKind, metadata: { name }, spec })
  }
  const urls = await until(
    () => published(here),
    all => all.size === hooks.length,
    publishedWithinMs,
  )
  const all = new Map([...urls].map(([name, { url }]) => [name, new URL(url).pathname]))
  return hook => all.get(hook) ?? ''
}

/** Finds the processes by their first writes. Each signs its writes with a random word, which its first one shows. */
const instancesIn = (versions: readonly Version[], attempts: readonly Attempt[]): History['instances'] =>
  versions.flatMap(({ owners, target }) => {
    const process = attempts.find(({ hook }) => hook === target)?.process
    const instance = owners.find(isMark)?.split('.')[1]
    return process === undefined || instance === undefined ? [] : [{ instance, process }]
  })

type Begins = (moment: number) => Promise<unknown>

const killTriggers = async (rng: Rng, extent: Extent, processes: Triggers, begins: Begins): Promise<void> => {
  for (const moment of moments(rng, extent.triggerKills, extent)) {
    await begins(moment)
    const index = rng.int(0, extent.triggers - 1)
    await processes.kill(index)
    await wait(nodeClock, rng.int(0, maxAbsenceMs))
    await processes.start(index)
  }
}

const killApiServer = async (rng: Rng, extent: Extent, controlPlane: ControlPlane, begins: Begins): Promise<void> => {
  for (const moment of moments(rng, extent.apiServerKills, extent)) {
    await begins(moment)
    await controlPlane.killApiServer()
    await wait(nodeClock, rng.int(0, maxOutageMs))
    await controlPlane.startApiServer()
  }
}
