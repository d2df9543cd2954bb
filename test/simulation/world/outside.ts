import { deployment } from '../../support/objects.ts'
import type { SimulatedServer } from '../server.ts'
import type { Actor } from './actor.ts'
import { autoscalersPath, deploymentsPath } from './paths.ts'

/** Somebody else scales a target, in one of the ways in which people and programs do. */
export const scaleOutside =
  (server: SimulatedServer, targets: readonly string[]) =>
  ({ did, rng }: Actor): void => {
    const name = rng.pick(targets)
    const replicas = rng.int(0, 12)
    const path = `${deploymentsPath}/${name}`
    const extra = rng.pick([
      { path: `${path}/scale`, body: { spec: { replicas } }, query: { fieldManager: 'kubectl' } },
      { path, body: { spec: { replicas } }, query: { fieldManager: 'kubectl-edit' } },
      {
        path: `${path}/scale`,
        body: { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name }, spec: { replicas } },
        query: { fieldManager: 'gitops', force: 'true' },
        contentType: 'application/apply-patch+yaml',
      },
    ])
    const { body, ...request } = extra
    const { status } = server.tell('PATCH', request.path, body, request)
    did(`scales ${name} to ${replicas}: ${status}`)
  }

/** The target's own controller reports, and so moves the version. */
export const reportStatus = (server: SimulatedServer, targets: readonly string[]) => {
  let reports = 0
  return ({ rng }: Actor): void => {
    const path = `${deploymentsPath}/${rng.pick(targets)}/status`
    server.tell('PATCH', path, { status: { observedGeneration: ++reports } })
  }
}

/** A target is deployed anew: deleted, and after a while made again. */
export const recreateTarget =
  (server: SimulatedServer, targets: readonly string[]) =>
  async ({ did, rng, sleep }: Actor): Promise<void> => {
    const name = rng.pick(targets)
    did(`deletes ${name}`)
    server.tell('DELETE', `${deploymentsPath}/${name}`)
    await sleep(rng.int(0, 4000))
    did(`makes ${name} again`)
    server.tell('POST', deploymentsPath, deployment(name, rng.int(0, 8)))
  }

export const putAutoscaler = (server: SimulatedServer, name: string): void => {
  const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name }
  server.tell('POST', autoscalersPath, { metadata: { name }, spec: { scaleTargetRef, maxReplicas: 10 } })
}

export const removeAutoscaler = (server: SimulatedServer, name: string): void =>
  void server.tell('DELETE', `${autoscalersPath}/${name}`)

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
      server.tell('PATCH', `${deploymentsPath}/${name}/scale`, { spec: { replicas } }, { query })
    }
    await sleep(rng.int(1, stays))
    did(`no autoscaler on ${name}`)
    removeAutoscaler(server, name)
  }
