import type { StoredObject } from '../api/object.ts'
import { BoundedMap } from '../environment/bounded-map.ts'
import type { ApiConnection, Environment } from '../environment/environment.ts'
import { readFailureOf } from '../kube/errors.ts'
import { pagesOf } from '../kube/pager.ts'
import { collectionPath } from '../kube/paths.ts'
import { forbiddenPodsForMs, lookReadWithinMs, maxPods } from './limits.ts'

const pods = { group: '', version: 'v1', resource: 'pods', kind: 'Pod' }

/**
 * Reads pods, to find out why a rollout does not continue. The right to list pods is optional.
 * Without it, answers do not contain the causes, and the log says so once for each namespace.
 */
export class Pods {
  readonly #environment: Pick<Environment, 'clock' | 'log'>
  readonly #api: ApiConnection
  /**
   * By namespace: until when its pods are not requested again after a 403, in monotonic
   * milliseconds.
   */
  readonly #forbidden = new BoundedMap<string, number>(1000)

  constructor(environment: Pick<Environment, 'clock' | 'log'>, api: ApiConnection) {
    this.#environment = environment
    this.#api = api
  }

  /**
   * Returns the pods that a label selector matches, at most `maxPods`. Undefined if they cannot be
   * read.
   */
  async list(namespace: string, labelSelector: string): Promise<readonly StoredObject[] | undefined> {
    const { clock, log } = this.#environment
    const until = this.#forbidden.get(namespace)
    if (until !== undefined && clock.monotonic() < until) return undefined
    const found: StoredObject[] = []
    try {
      const path = collectionPath(pods, namespace)
      const listing = {
        resource: 'pods',
        path,
        query: { labelSelector },
        lane: 'look' as const,
        timeoutMs: lookReadWithinMs,
      }
      for await (const page of pagesOf(this.#api, listing)) {
        found.push(...page.objects)
        if (found.length >= maxPods) break
      }
      return found.slice(0, maxPods)
    } catch (error) {
      const { failure, message } = readFailureOf(error)
      if (failure !== 'forbidden') return undefined
      if (until === undefined) log.info({ namespace, message }, notAllowed)
      this.#forbidden.set(namespace, clock.monotonic() + forbiddenPodsForMs)
      return undefined
    }
  }
}

const notAllowed =
  'the trigger may not list pods, so no answer says why a rollout does not go on: bind the ClusterRole receiver-hooks-trigger-rollout-pods to allow it'
