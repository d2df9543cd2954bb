import { at, parseJson } from '../../../src/api/json.ts'
import type { SimulatedServer } from '../server.ts'
import type { Actor } from './actor.ts'
import { autoscalersPath } from './paths.ts'
import { refTo, settings, targetsPath, targetWith } from './targets.ts'

/** Somebody else scales a target, in one of the ways in which people and programs do. */
export const scaleOutside =
  (server: SimulatedServer, targets: readonly string[]) =>
  ({ did, rng }: Actor): void => {
    const name = rng.pick(targets)
    const replicas = rng.int(0, 12)
    const extra = rng.pick(settings(name, replicas))
    const { body, ...request } = extra
    const { status } = server.send('PATCH', request.path, body, request)
    did(`scales ${name} to ${replicas}: ${status}`)
  }

/** The target's own controller reports, and so moves the version. */
export const reportStatus = (server: SimulatedServer, targets: readonly string[]) => {
  let reports = 0
  return ({ rng }: Actor): void => {
    const name = rng.pick(targets)
    const path = `${targetsPath(name)}/${name}/status`
    server.send('PATCH', path, { status: { observedGeneration: ++reports } })
  }
}

/**
 * The target's own controller starts and stops pods, at its own pace: now and then it reports a count of which not all are there
 * yet. It has observed what it reports.
 */
export const startPods =
  (server: SimulatedServer, targets: readonly string[]) =>
  ({ rng }: Actor): void => {
    const name = rng.pick(targets)
    const path = `${targetsPath(name)}/${name}`
    const object = parseJson(server.send('GET', path).body)
    const wanted = Number(at(object, 'spec', 'replicas'))
    if (Number.isNaN(wanted)) return
    const now = Number(at(object, 'status', 'replicas') ?? 0)
    const replicas = rng.chance(0.4) ? wanted : now + Math.sign(wanted - now)
    const availableReplicas = rng.chance(0.8) ? replicas : rng.int(0, replicas)
    const observedGeneration = Number(at(object, 'metadata', 'generation'))
    server.send('PATCH', `${path}/status`, { status: { observedGeneration, replicas, availableReplicas } })
  }

/** Deploys a target again: deletes it, and after a while makes it again. */
export const recreateTarget =
  (server: SimulatedServer, targets: readonly string[]) =>
  async ({ did, rng, sleep }: Actor): Promise<void> => {
    const name = rng.pick(targets)
    did(`deletes ${name}`)
    server.send('DELETE', `${targetsPath(name)}/${name}`)
    await sleep(rng.int(0, 4000))
    did(`makes ${name} again`)
    server.send('POST', targetsPath(name), targetWith(name, rng.int(0, 8)))
  }

export const putAutoscaler = (server: SimulatedServer, name: string): void => {
  const scaleTargetRef = refTo(name)
  server.send('POST', autoscalersPath, { metadata: { name }, spec: { scaleTargetRef, maxReplicas: 10 } })
}

export const removeAutoscaler = (server: SimulatedServer, name: string): void =>
  void server.send('DELETE', `${autoscalersPath}/${name}`)

/** An autoscaler appears on a target, sets its count, and goes. */
export const autoscale =
  (server: SimulatedServer, targets: readonly string[]) =>
  async ({ did, rng, sleep }: Actor): Promise<void> => {
    const name = rng.pick(targets)
    did(`an autoscaler on ${name}`)
    putAutoscaler(server, name)
    const stays = rng.pick([50, 500, 2000])
    for (let turn = rng.int(0, 3); turn > 0; turn--) {
      await sleep(rng.int(1, stays))
      const replicas = rng.int(1, 10)
      const query = { fieldManager: 'kube-controller-manager' }
      server.send('PATCH', `${targetsPath(name)}/${name}/scale`, { spec: { replicas } }, { query })
    }
    await sleep(rng.int(1, stays))
    did(`no autoscaler on ${name}`)
    removeAutoscaler(server, name)
  }
