import { createHash } from 'node:crypto'
import { at, isObject, stringAt, type JsonObject } from '../../src/api/json.ts'
import type { Environment } from '../../src/environment/environment.ts'
import { wait } from '../../src/environment/wait.ts'
import { watchedCache, type Cache } from '../../src/kube/cache.ts'
import { isStatus } from '../../src/kube/errors.ts'
import type { ResourceType } from '../../src/kube/paths.ts'
import { createPod, deletePod, patchStatus, podOf, pods, podsOf, preparePod, startPod, type PodOwner } from './pods.ts'
import { deploymentStatus, isUpdating, podChanges, type ObservedDeployment, type WorkloadPod } from './rollout.ts'

const deployments: ResourceType = { group: 'apps', version: 'v1', resource: 'deployments', kind: 'Deployment' }

/**
 * How long a pod of a rollout takes to start, in milliseconds: long enough to see the rollout.
 * Other pods start immediately.
 */
const startsWithinMs = 2_000

interface SimulatedDeployment extends PodOwner, ObservedDeployment {}

/**
 * Simulates a cluster's controllers, scheduler and nodes. It gives each Deployment pods, in which
 * nothing runs. So `kubectl get pods -w` and `kubectl rollout status` show the effect of a step and
 * of a rollout. An image with the tag `missing` never starts.
 */
export const runWorkloads = async (environment: Environment, stop: AbortSignal): Promise<void> => {
  const workloadCache = watchedCache<SimulatedDeployment>(environment, { type: deployments, keep: workloadOf })
  const podCache = watchedCache<WorkloadPod>(environment, { type: pods, keep: podOf })
  const controller = new DeploymentController(environment, workloadCache, stop)
  workloadCache.subscribe(({ name, namespace }) => controller.add(namespace, name))
  podCache.subscribe(({ before, now }) => {
    const owner = [...workloadCache.values()].find(({ uid }) => uid === (now ?? before)?.owner)
    if (owner) controller.add(owner.namespace, owner.name)
  })
  await Promise.all([workloadCache.run(stop), podCache.run(stop)])
}

/** The deadline of a Deployment without one, in seconds. */
const defaultDeadline = 600

const workloadOf = (object: JsonObject): SimulatedDeployment => {
  const template = at(object, 'spec', 'template')
  return {
    namespace: stringAt(object, 'metadata', 'namespace') ?? '',
    name: stringAt(object, 'metadata', 'name') ?? '',
    uid: stringAt(object, 'metadata', 'uid') ?? '',
    count: Number(at(object, 'spec', 'replicas') ?? 1),
    isPaused: at(object, 'spec', 'paused') === true,
    generation: Number(at(object, 'metadata', 'generation') ?? 0),
    deadlineMs: Number(at(object, 'spec', 'progressDeadlineSeconds') ?? defaultDeadline) * 1000,
    status: object['status'],
    template: isObject(template) ? template : {},
    hash: createHash('sha256').update(JSON.stringify(template)).digest('hex').slice(0, 10),
  }
}

/**
 * Reconciles one Deployment after another. A Deployment that changes meanwhile is reconciled again.
 */
class DeploymentController {
  readonly #environment: Environment
  readonly #workloads: Cache<SimulatedDeployment>
  readonly #stop: AbortSignal
  readonly #queue = new Set<string>()
  #isWorking = false

  constructor(environment: Environment, workloads: Cache<SimulatedDeployment>, stop: AbortSignal) {
    this.#environment = environment
    this.#workloads = workloads
    this.#stop = stop
  }

  /** Adds a Deployment to the queue, and starts the work if it does not run yet. */
  add(namespace: string, name: string): void {
    this.#queue.add(`${namespace}/${name}`)
    if (!this.#isWorking) void this.#work()
  }

  async #work(): Promise<void> {
    this.#isWorking = true
    for (const key of this.#queue) {
      this.#queue.delete(key)
      const [namespace = '', name = ''] = key.split('/')
      const workload = this.#workloads.get(namespace, name)
      if (workload) await this.#reconcile(workload).catch((error: unknown) => this.#report(workload, error))
    }
    // Nothing runs between the end of the loop and this. So a Deployment that is added later starts the work again.
    this.#isWorking = false
  }

  async #reconcile(workload: SimulatedDeployment): Promise<void> {
    const { api, clock } = this.#environment
    const { namespace, name } = workload
    const found = await podsOf(this.#environment, workload, this.#stop)
    const { create, isRollout, remove } = podChanges(workload, found)
    for (const pod of remove) await deletePod(api, pod)
    const created: WorkloadPod[] = []
    while (created.length < create) created.push(await this.#create(workload, isRollout))
    const hasMoved = create > 0 || remove.length > 0
    const left = [...found.filter(pod => !remove.includes(pod)), ...created]
    const status = deploymentStatus(workload, left, hasMoved, clock.now())
    if (isEqual(workload.status, status)) return
    await patchStatus(this.#environment, deployments, namespace, name, status)
    if (isUpdating(status)) this.#later(workload.deadlineMs, workload, async () => this.add(namespace, name))
  }

  async #create(workload: SimulatedDeployment, isSlow: boolean): Promise<WorkloadPod> {
    const { hash, namespace, uid: owner } = workload
    const name = await createPod(this.#environment, workload)
    if (!isSlow) return { namespace, name, owner, hash, isReady: await startPod(this.#environment, workload, name) }
    await preparePod(this.#environment, workload, name)
    this.#later(startsWithinMs, workload, async () => void (await startPod(this.#environment, workload, name)))
    return { namespace, name, owner, hash, isReady: false }
  }

  #later(ms: number, workload: SimulatedDeployment, run: () => Promise<void>): void {
    void wait(this.#environment.clock, ms, this.#stop)
      .then(() => (this.#stop.aborted ? undefined : run()))
      .catch((error: unknown) => this.#report(workload, error))
  }

  #report({ name, namespace }: SimulatedDeployment, error: unknown): void {
    // Another change came first (409), or the object is deleted (404). The next event of the watch
    // reconciles the Deployment again.
    if (isStatus(error, 409) || isStatus(error, 404)) return
    this.#environment.log.warn({ namespace, name, error }, "can't show its pods")
  }
}

/** Returns whether each member of a computed status is stored with an equal value. */
const isEqual = (stored: unknown, status: JsonObject): boolean =>
  Object.entries(status).every(([name, value]) => JSON.stringify(at(stored, name)) === JSON.stringify(value))
