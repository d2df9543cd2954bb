import { wholeLines } from '../../support/lines.ts'
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

/** The Deployment as a watch reports it, change by change; the first is what it was when the watch began. */
export interface Watched {
  readonly seen: readonly Seen[]
  readonly now: () => Seen
  /** Every count that was wanted until now, one after another, each once: the watch has reported the present version. */
  readonly counts: () => Promise<readonly number[]>
}

/** Watches a Deployment until the test ends. A watch that is cut is an error there. */
export const watchDeployment = async ({ api, namespace, until }: Cluster, name: string): Promise<Watched> => {
  const read = () => send(api, { method: 'GET', path: objectPath(deployments, namespace, name) })
  const before = await read()
  let seenGeneration = before.metadata.generation ?? 0
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
    for await (const line of wholeLines(events)) {
      const object = at(parseJson(line), 'object')
      now = seenIn(object)
      seen.push(now)
      seenGeneration = Number(at(object, 'metadata', 'generation'))
    }
  })()
  onTestFinished(async () => {
    stop.abort()
    await watching
  })
  const counts = async (): Promise<readonly number[]> => {
    const { generation = 0 } = (await read()).metadata
    await until(
      async () => seenGeneration,
      textOf => textOf >= generation,
    )
    return countsOf(seen)
  }
  return { seen, now: () => now, counts }
}

const seenIn = (object: unknown): Seen => ({
  at: nodeClock.now(),
  replicas: Number(at(object, 'spec', 'replicas') ?? 1),
  ready: Number(at(object, 'status', 'readyReplicas') ?? 0),
})

const countsOf = (seen: readonly Seen[]): readonly number[] =>
  seen.map(({ replicas }) => replicas).filter((count, index, all) => count !== all[index - 1])
