import { at } from '../api/json.ts'
import type { Environment } from '../environment/environment.ts'
import { watchedCache } from '../kube/cache.ts'
import { objectPath, type ResourceType } from '../kube/paths.ts'
import { send } from '../kube/requests.ts'

const deployments: ResourceType = { group: 'apps', version: 'v1', resource: 'deployments', kind: 'Deployment' }

interface Workload {
  readonly wanted: number
  readonly shown: number
  readonly generation: number
}

/**
 * Stands in for the controllers, scheduler and nodes of a cluster: says of every Deployment that its replicas are
 * ready, so that `kubectl get` and `kubectl rollout status` show what a step did. There are no pods.
 */
export const runWorkloads = async (environment: Environment, stop: AbortSignal): Promise<void> => {
  const { api, log } = environment
  const cache = watchedCache<Workload>(environment, {
    type: deployments,
    keep: object => ({
      wanted: Number(at(object, 'spec', 'replicas') ?? 1),
      shown: Number(at(object, 'status', 'readyReplicas') ?? 0),
      generation: object.metadata.generation ?? 0,
    }),
  })
  cache.subscribe(({ name, namespace, now }) => {
    if (!now || now.shown === now.wanted) return
    const { generation, wanted } = now
    const status = {
      observedGeneration: generation,
      replicas: wanted,
      readyReplicas: wanted,
      updatedReplicas: wanted,
      availableReplicas: wanted,
    }
    send(api, {
      method: 'PATCH',
      path: objectPath(deployments, namespace, name, 'status'),
      contentType: 'application/merge-patch+json',
      body: JSON.stringify({ status }),
    }).catch((error: unknown) => log.warn({ namespace, name, error }, 'a status could not be shown'))
  })
  await cache.run(stop)
}
