import { createHash } from 'node:crypto'
import { at, isObject, stringAt, type JsonObject } from '../api/json.ts'
import type { ApiConnection, Environment, Random } from '../environment/environment.ts'
import { rfc3339 } from '../environment/time.ts'
import { watchedCache, type Cache } from '../kube/cache.ts'
import { ApiError, isStatus } from '../kube/errors.ts'
import { listPages } from '../kube/list.ts'
import { collectionPath, objectPath, type ResourceType } from '../kube/paths.ts'
import { send } from '../kube/requests.ts'

const deployments: ResourceType = { group: 'apps', version: 'v1', resource: 'deployments', kind: 'Deployment' }
const pods: ResourceType = { group: '', version: 'v1', resource: 'pods', kind: 'Pod' }

interface Workload {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly wanted: number
  readonly shown: number
  readonly generation: number
  readonly observed: number
  readonly template: JsonObject
  /**
   * Identifies the pod template, like the label `pod-template-hash`. Pods with another hash are
   * replaced.
   */
  readonly hash: string
}

interface Pod {
  readonly namespace: string
  readonly name: string
  /** The uid of the Deployment. */
  readonly owner: string | undefined
  readonly hash: string | undefined
}

const hashLabel = 'pod-template-hash'

/**
 * Simulates a cluster's controllers, scheduler and nodes. It gives each Deployment ready pods, in
 * which nothing runs. So `kubectl get pods -w` and `kubectl rollout status` show the effect of a
 * step.
 */
export const runWorkloads = async (environment: Environment, stop: AbortSignal): Promise<void> => {
  const workloadCache = watchedCache<Workload>(environment, { type: deployments, keep: workloadOf })
  const podCache = watchedCache<Pod>(environment, { type: pods, keep: podOf })
  const reconcile = reconciler(environment, workloadCache, stop)
  workloadCache.subscribe(({ name, namespace }) => reconcile(namespace, name))
  podCache.subscribe(({ before, now }) => {
    const owner = [...workloadCache.values()].find(({ uid }) => uid === (now ?? before)?.owner)
    if (owner) reconcile(owner.namespace, owner.name)
  })
  await Promise.all([workloadCache.run(stop), podCache.run(stop)])
}

const workloadOf = (object: JsonObject): Workload => {
  const template = at(object, 'spec', 'template')
  return {
    namespace: stringAt(object, 'metadata', 'namespace') ?? '',
    name: stringAt(object, 'metadata', 'name') ?? '',
    uid: stringAt(object, 'metadata', 'uid') ?? '',
    wanted: Number(at(object, 'spec', 'replicas') ?? 1),
    shown: Number(at(object, 'status', 'readyReplicas') ?? 0),
    generation: Number(at(object, 'metadata', 'generation') ?? 0),
    observed: Number(at(object, 'status', 'observedGeneration') ?? 0),
    template: isObject(template) ? template : {},
    hash: createHash('sha256').update(JSON.stringify(template)).digest('hex').slice(0, 10),
  }
}

const podOf = (object: JsonObject): Pod => {
  const owners = at(object, 'metadata', 'ownerReferences')
  return {
    namespace: stringAt(object, 'metadata', 'namespace') ?? '',
    name: stringAt(object, 'metadata', 'name') ?? '',
    owner: Array.isArray(owners) ? stringAt(owners[0], 'uid') : undefined,
    hash: stringAt(object, 'metadata', 'labels', hashLabel),
  }
}

/** Reconciles one Deployment after another. One that changes meanwhile is reconciled again. */
const reconciler = (
  environment: Environment,
  workloadCache: Cache<Workload>,
  stop: AbortSignal,
): ((namespace: string, name: string) => void) => {
  const { log } = environment
  const waiting = new Set<string>()
  let working = false
  const work = async (): Promise<void> => {
    for (const key of waiting) {
      waiting.delete(key)
      const [namespace = '', name = ''] = key.split('/')
      const workload = workloadCache.get(namespace, name)
      if (workload === undefined) continue
      await bring(environment, workload, stop).catch((error: unknown) => {
        // Another change came first, or the object is deleted. The next event brings it back here.
        if (!isStatus(error, 409) && !isStatus(error, 404))
          log.warn({ namespace, name, error }, 'its pods could not be shown')
      })
    }
  }
  return (namespace, name) => {
    waiting.add(`${namespace}/${name}`)
    if (working) return
    working = true
    void work().finally(() => {
      working = false
    })
  }
}

const bring = async (environment: Environment, workload: Workload, stop: AbortSignal): Promise<void> => {
  const { api } = environment
  const { namespace, name, wanted, hash, generation } = workload
  const own = await podsOf(environment, workload, stop)
  const current = own.filter(pod => pod.hash === hash)
  const gone = [...own.filter(pod => pod.hash !== hash), ...current.slice(wanted)]
  for (let missing = wanted - current.length; missing > 0; missing -= 1) await createPod(environment, workload)
  for (const pod of gone) await deletePod(api, pod)
  if (workload.shown === wanted && workload.observed === generation) return
  const status = {
    observedGeneration: generation,
    replicas: wanted,
    readyReplicas: wanted,
    updatedReplicas: wanted,
    availableReplicas: wanted,
  }
  await patchStatus(environment, deployments, namespace, name, status)
}

const deletePod = async (api: ApiConnection, { namespace, name }: Pod): Promise<void> => {
  const path = objectPath(pods, namespace, name)
  const response = await api.request({ method: 'DELETE', path, lane: 'bulk', timeoutMs: 10_000 })
  if (response.status !== 200 && response.status !== 404) throw new ApiError(response, `deletion of ${name}`)
}

/** Reads the pods live. A cache may not have the newest pod yet, and it would be created twice. */
const podsOf = async (environment: Environment, workload: Workload, stop: AbortSignal): Promise<readonly Pod[]> => {
  const found: Pod[] = []
  for await (const { objects } of listPages(environment.api, { type: pods, namespace: workload.namespace }, stop)) {
    found.push(...objects.map(podOf))
  }
  return found.filter(({ owner }) => owner === workload.uid)
}

const createPod = async (environment: Environment, workload: Workload): Promise<void> => {
  const { api, clock, random } = environment
  const { namespace, template } = workload
  const labels = at(template, 'metadata', 'labels')
  const name = `${workload.name}-${workload.hash}-${suffix(random)}`
  const controller = { apiVersion: 'apps/v1', kind: 'Deployment', name: workload.name, uid: workload.uid }
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      labels: { ...(isObject(labels) ? labels : {}), [hashLabel]: workload.hash },
      ownerReferences: [{ ...controller, controller: true }],
    },
    spec: template['spec'],
  }
  await send(api, { method: 'POST', path: collectionPath(pods, namespace), body: JSON.stringify(pod) })
  const containers = at(template, 'spec', 'containers')
  const now = rfc3339(clock.now())
  await patchStatus(environment, pods, namespace, name, {
    phase: 'Running',
    startTime: now,
    conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: now }],
    containerStatuses: (Array.isArray(containers) ? containers : []).map(container => ({
      name: stringAt(container, 'name'),
      image: stringAt(container, 'image'),
      ready: true,
      restartCount: 0,
      state: { running: { startedAt: now } },
    })),
  })
}

const patchStatus = async (
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

/** The letters of Kubernetes' generated names. Without vowels they form no word. */
const alphabet = 'bcdfghjklmnpqrstvwxz2456789'

const suffix = (random: Random): string =>
  [...random.bytes(5)].map(byte => alphabet.charAt(byte % alphabet.length)).join('')
