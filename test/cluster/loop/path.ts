import { onTestFinished } from 'vitest'
import { at, parseJson } from '../../../src/api/json.ts'
import { nodeClock } from '../../../src/environment/node.ts'
import { collectionPath, objectPath } from '../../../src/kube/paths.ts'
import { send } from '../../../src/kube/requests.ts'
import { deployments, type Cluster } from '../../support/product.ts'

/** What a Deployment was at a moment, in milliseconds since the epoch. */
export interface Seen {
  readonly at: number
  readonly replicas: number
  readonly ready: number
}

/** The Deployment as a watch tells of it, change by change; the first is what it was when the watch began. */
export interface Watched {
  readonly seen: readonly Seen[]
  readonly now: () => Seen
  /** Every count that was wanted, one after another, each once. */
  readonly counts: () => readonly number[]
}

/** Watches a Deployment until the test ends. A watch that is cut is an error there. */
export const watchDeployment = async ({ api, namespace }: Cluster, name: string): Promise<Watched> => {
  const before = await send(api, { method: 'GET', path: objectPath(deployments, namespace, name) })
  let now = seenIn(before)
  const seen = [now]
  const stop = new AbortController()
  const watching = (async () => {
    const events = api.watch(
      {
        method: 'GET',
        path: collectionPath(deployments, namespace),
        query: {
          watch: 'true',
          fieldSelector: `metadata.name=${name}`,
          resourceVersion: before.metadata.resourceVersion ?? '',
        },
        lane: 'watch',
        timeoutMs: 10_000,
      },
      stop.signal,
    )
    for await (const line of events) {
      now = seenIn(at(parseJson(line), 'object'))
      seen.push(now)
    }
  })()
  onTestFinished(async () => {
    stop.abort()
    await watching
  })
  return { seen, now: () => now, counts: () => countsOf(seen) }
}

const seenIn = (object: unknown): Seen => ({
  at: nodeClock.now(),
  replicas: Number(at(object, 'spec', 'replicas') ?? 1),
  ready: Number(at(object, 'status', 'readyReplicas') ?? 0),
})

const countsOf = (seen: readonly Seen[]): readonly number[] =>
  seen.map(({ replicas }) => replicas).filter((count, index, all) => count !== all[index - 1])
