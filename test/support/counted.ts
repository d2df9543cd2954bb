import { at } from '../../src/api/json.ts'
import type { ApiConnection } from '../../src/environment/environment.ts'
import { isStatus } from '../../src/kube/errors.ts'
import { customDefinitions } from '../../src/kube/definitions.ts'
import { apiVersionOf, collectionPath, objectPath, type ResourceType } from '../../src/kube/paths.ts'
import { create, read, send } from '../../src/kube/requests.ts'
import { autoscalers } from '../../src/kube/resources.ts'
import { fleetDefinition, fleets, raftDefinition, rafts } from './fleets.ts'
import { until, type Cluster } from './product.ts'

/** Defines a kind where that is not so yet, and waits until it is served. */
export const define = async (api: ApiConnection, type: ResourceType, crd: object): Promise<void> => {
  await send(api, { method: 'POST', path: collectionPath(customDefinitions), body: JSON.stringify(crd) }).catch(
    (error: unknown) => {
      if (!isStatus(error, 409)) throw error
    },
  )
  await until(
    () => api.request({ method: 'GET', path: collectionPath(type), lane: 'bulk', timeoutMs: 5000 }),
    ({ status }) => status === 200,
  )
}

export const defineFleets = async (api: ApiConnection): Promise<void> => {
  await define(api, fleets, fleetDefinition)
  await define(api, rafts, raftDefinition)
}

/** Makes an object of a type. */
export const make = ({ api, namespace }: Cluster, type: ResourceType, name: string, spec: object, metadata = {}) =>
  create(api, type, namespace, {
    apiVersion: apiVersionOf(type),
    kind: type.kind,
    metadata: { name, ...metadata },
    spec,
  })

/** Makes an autoscaler of a Deployment. */
export const makeAutoscaler = (here: Cluster, name: string, spec: object = {}) =>
  make(here, autoscalers, name, {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
    maxReplicas: 6,
    ...spec,
  })

/** Returns a member of an object as it is now. */
export const look = async ({ api, namespace }: Cluster, type: ResourceType, name: string, ...path: string[]) =>
  at(await read(api, type, namespace, name), ...path)

/** Merges into an object, as somebody else. */
export const merge = ({ api, namespace }: Cluster, type: ResourceType, name: string, patch: object) =>
  send(api, {
    method: 'PATCH',
    path: objectPath(type, namespace, name),
    contentType: 'application/merge-patch+json',
    body: JSON.stringify(patch),
  })
