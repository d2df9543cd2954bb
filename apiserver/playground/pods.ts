import { parseImage } from '../../src/api/image.ts'
import { at, isObject, stringAt, type JsonObject } from '../../src/api/json.ts'
import type { ApiConnection, Environment, Random } from '../../src/environment/environment.ts'
import { rfc3339 } from '../../src/environment/time.ts'
import { ApiError } from '../../src/kube/errors.ts'
import { listPages } from '../../src/kube/list.ts'
import { collectionPath, objectPath, type ResourceType } from '../../src/kube/paths.ts'
import { send } from '../../src/kube/requests.ts'
import type { WorkloadPod } from './rollout.ts'

export const pods: ResourceType = { group: '', version: 'v1', resource: 'pods', kind: 'Pod' }

/** No image with this tag can be pulled. So people can see a rollout that never completes. */
const missingTag = 'missing'

/** The Deployment to which a pod belongs. `hash` is the hash of its `template`. */
export interface PodOwner {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly template: JsonObject
  readonly hash: string
}

const hashLabel = 'pod-template-hash'

/** Returns the parts of a pod that the playground needs. */
export const podOf = (object: JsonObject): WorkloadPod => {
  const owners = at(object, 'metadata', 'ownerReferences')
  const conditions = at(object, 'status', 'conditions')
  return {
    namespace: stringAt(object, 'metadata', 'namespace') ?? '',
    name: stringAt(object, 'metadata', 'name') ?? '',
    owner: Array.isArray(owners) ? stringAt(owners[0], 'uid') : undefined,
    hash: stringAt(object, 'metadata', 'labels', hashLabel),
    isReady: Array.isArray(conditions) && conditions.some(each => at(each, 'status') === 'True'),
  }
}

/**
 * Reads the pods of a Deployment from the API server. A cache may not have the newest pod yet. Then
 * another pod would be created in its place.
 */
export const podsOf = async (
  environment: Environment,
  owner: Pick<PodOwner, 'namespace' | 'uid'>,
  stop: AbortSignal,
): Promise<readonly WorkloadPod[]> => {
  const found: WorkloadPod[] = []
  for await (const { objects } of listPages(environment.api, { type: pods, namespace: owner.namespace }, stop)) {
    found.push(...objects.map(podOf))
  }
  return found.filter(({ owner: uid }) => uid === owner.uid)
}

/** Creates a pod without a status. Returns its name. */
export const createPod = async (environment: Environment, owner: PodOwner): Promise<string> => {
  const { api, random } = environment
  const { hash, namespace, template } = owner
  const labels = at(template, 'metadata', 'labels')
  const name = `${owner.name}-${hash}-${suffix(random)}`
  const controller = { apiVersion: 'apps/v1', kind: 'Deployment', name: owner.name, uid: owner.uid }
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      labels: { ...(isObject(labels) ? labels : {}), [hashLabel]: hash },
      ownerReferences: [{ ...controller, controller: true }],
    },
    spec: template['spec'],
  }
  await send(api, { method: 'POST', path: collectionPath(pods, namespace), body: JSON.stringify(pod) })
  return name
}

/** Sets the status of a pod whose containers are being created. */
export const preparePod = (environment: Environment, owner: PodOwner, name: string): Promise<boolean> =>
  setPodStatus(environment, owner, name, () => waiting('ContainerCreating'))

/**
 * Starts the containers of a pod, except those whose image cannot be pulled. Resolves with whether
 * the pod is ready.
 */
export const startPod = (environment: Environment, owner: PodOwner, name: string): Promise<boolean> =>
  setPodStatus(environment, owner, name, (image, now) =>
    parseImage(image)?.tag === missingTag ? waiting('ImagePullBackOff') : { running: { startedAt: now } },
  )

const waiting = (reason: string): JsonObject => ({ waiting: { reason } })

const setPodStatus = async (
  environment: Environment,
  { namespace, template }: PodOwner,
  name: string,
  stateOf: (image: string, now: string) => JsonObject,
): Promise<boolean> => {
  const now = rfc3339(environment.clock.now())
  const containers = at(template, 'spec', 'containers')
  const containerStatuses = (Array.isArray(containers) ? containers : []).map(container => {
    const image = stringAt(container, 'image') ?? ''
    const state = stateOf(image, now)
    const ready = 'running' in state
    // Clients in Python refuse a pod without imageID.
    return { name: stringAt(container, 'name'), image, imageID: ready ? image : '', ready, restartCount: 0, state }
  })
  const isReady = containerStatuses.every(({ ready }) => ready)
  await patchStatus(environment, pods, namespace, name, {
    phase: isReady ? 'Running' : 'Pending',
    startTime: now,
    conditions: [{ type: 'Ready', status: isReady ? 'True' : 'False', lastTransitionTime: now }],
    containerStatuses,
  })
  return isReady
}

/** Deletes a pod. A pod that no longer exists is no error. */
export const deletePod = async (api: ApiConnection, { name, namespace }: WorkloadPod): Promise<void> => {
  const path = objectPath(pods, namespace, name)
  const response = await api.request({ method: 'DELETE', path, lane: 'bulk', timeoutMs: 10_000 })
  if (response.status !== 200 && response.status !== 404) throw new ApiError(response, `deletion of ${name}`)
}

/** Merges `status` into the stored status of an object. */
export const patchStatus = async (
  { api }: Environment,
  type: ResourceType,
  namespace: string,
  name: string,
  status: JsonObject,
): Promise<void> => {
  await send(api, {
    method: 'PATCH',
    path: objectPath(type, namespace, name, 'status'),
    contentType: 'application/merge-patch+json',
    body: JSON.stringify({ status }),
  })
}

/**
 * The characters of generated names in Kubernetes. There are no vowels, so that they form no words.
 */
const alphabet = 'bcdfghjklmnpqrstvwxz2456789'

const suffix = (random: Random): string =>
  [...random.bytes(5)].map(byte => alphabet.charAt(byte % alphabet.length)).join('')
