import { at, parseJson } from '../../src/api/json.ts'
import { collectionPath } from '../../src/kube/paths.ts'
import { send } from '../../src/kube/requests.ts'
import { wholeLines } from '../../test/support/lines.ts'
import { deployments } from '../../test/support/product.ts'
import type { Comparison } from '../row.ts'
import { names, namespace, triggerPathsOf, type Stage } from '../stage.ts'
import { quantile } from '../stats.ts'

/** A post with `wait` is answered when a look, one a second, finds that the pod is ready. */
export const waiting: Comparison = {
  kind: 'comparison',
  name: 'wait',
  title: 'one post with `wait` at a time, until its pod is ready',
  baseline: 'a write of the count, and a watch until the pod is ready',
  figures: [
    { key: 'p50', title: 'p50', unit: 'ms' },
    { key: 'requests', title: 'API requests a post, watches apart', unit: '' },
    { key: 'incomplete', title: 'posts not answered 200', unit: '', reach: { of: 'product', atMost: 0 } },
  ],
  needs: { workloads: true, audit: 'requests' },
  warm: true,
  prepare: async stage => {
    const count = stage.quick ? 3 : 20
    await stage.deployments(names('hooked', 1))
    await stage.hooks(names('hooked', 1), 'up')
    const [raw = ''] = await stage.deployments(names('raw', 1))
    const { origin } = await stage.product()
    const urls = [...(await triggerPathsOf(stage, 1)).values()].map(path => `${origin}${path}?wait=60s`)
    return {
      baseline: async () => {
        const latencies: number[] = []
        for (let post = 0; post < count; post++) latencies.push(await raise(stage, raw))
        return { p50: quantile(latencies, 0.5), incomplete: 0 }
      },
      product: async () => {
        const before = stage.server.productRequests()
        const { latencies, notes } = await stage.load.run({ job: 'post', urls, count, concurrency: 1 })
        const requests = (stage.server.productRequests() - before) / count
        return { p50: quantile(latencies, 0.5), requests, incomplete: count - (notes['200 applied'] ?? 0) }
      },
    }
  },
}

/** Adds one to a count, and returns how long it takes until as many pods are ready, in milliseconds. */
const raise = async ({ count, server: { api } }: Stage, path: string): Promise<number> => {
  const wanted = (await count(path)) + 1
  const began = performance.now()
  const body = JSON.stringify({ spec: { replicas: wanted } })
  const contentType = 'application/merge-patch+json'
  const { metadata } = await send(api, { method: 'PATCH', path: `${path}/scale`, body, contentType })
  const stop = new AbortController()
  const query = { watch: 'true', fieldSelector: `metadata.name=${metadata.name}` }
  const watched = { method: 'GET', path: collectionPath(deployments, namespace), query, lane: 'watch' } as const
  for await (const line of wholeLines(api.watch({ ...watched, timeoutMs: 10_000 }, stop.signal))) {
    if (at(parseJson(line), 'object', 'status', 'readyReplicas') === wanted) break
  }
  stop.abort()
  return performance.now() - began
}
