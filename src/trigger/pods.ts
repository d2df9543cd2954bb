import type { StoredObject } from '../api/object.ts'
import { BoundedMap } from '../environment/bounded-map.ts'
import type { ApiConnection, Environment } from '../environment/environment.ts'
import { readFailureOf } from '../kube/errors.ts'
import { pagesOf } from '../kube/pager.ts'
import { collectionPath } from '../kube/paths.ts'
import { forbiddenPodsForMs, lookReadWithinMs, maxPods } from './limits.ts'

const podType = { group: '', version: 'v1', resource: 'pods', kind: 'Pod' }

/** Whose pods are read, and the account as which. Without an account, they are read as the trigger. */
interface PodsPlace {
  readonly namespace: string
  readonly account: string | undefined
  readonly api: ApiConnection
}

/**
 * Reads pods, to find out why a rollout does not continue. The right to list pods is optional.
 * Without it, answers do not contain the causes, and the log says so once for each namespace.
 */
export class Pods {
  readonly #environment: Pick<Environment, 'clock' | 'log'>
  /**
   * By namespace and account: until when its pods are not requested again after a 403, in monotonic
   * milliseconds.
   */
  readonly #forbidden = new BoundedMap<string, number>(1000)

  constructor(environment: Pick<Environment, 'clock' | 'log'>) {
    this.#environment = environment
  }

  /**
   * Passes each pod that a label selector matches to `take`, at most `maxPods`, and returns how many.
   * Only one page is in memory at a time. Undefined if the pods cannot be read.
   */
  async list(
    { account, api, namespace }: PodsPlace,
    labelSelector: string,
    take: (pod: StoredObject) => void,
  ): Promise<number | undefined> {
    const { clock, log } = this.#environment
    const place = `${namespace}/${account ?? ''}`
    const until = this.#forbidden.get(place)
    if (until !== undefined && clock.monotonic() < until) return undefined
    let count = 0
    try {
      const path = collectionPath(podType, namespace)
      const listing = {
        resource: 'pods',
        path,
        query: { labelSelector },
        lane: 'look' as const,
        timeoutMs: lookReadWithinMs,
      }
      for await (const page of pagesOf(api, listing)) {
        const pods = page.objects.slice(0, maxPods - count)
        for (const pod of pods) take(pod)
        // A pod that is too large to be read counts too, so that the reading ends.
        count += pods.length + (page.large ? 1 : 0)
        if (count >= maxPods) break
      }
      return count
    } catch (error) {
      const { failure, message } = readFailureOf(error)
      if (failure !== 'forbidden') return undefined
      if (until === undefined) log.info({ namespace, message }, account === undefined ? notAllowed : accountMayNot)
      this.#forbidden.set(place, clock.monotonic() + forbiddenPodsForMs)
      return undefined
    }
  }
}

const notAllowed =
  'the trigger may not list pods, so no answer says why a rollout is stuck: bind the ClusterRole receiver-hooks-trigger-rollout-pods to allow it'

const accountMayNot =
  "a hook's account may not list pods, so no answer says why a rollout is stuck: give it the right to list pods in its namespace"
