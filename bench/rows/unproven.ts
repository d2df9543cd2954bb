import { join } from 'node:path'
import type { Comparison } from '../row.ts'
import { bareURLs, names, triggerPathsOf } from '../stage.ts'
import { quantile } from '../stats.ts'

/** So many that a live read of a hook is too old when the next post to it comes. */
const hooks = 1_000

/** A trigger that cannot know whether its watch of the hooks is current reads each hook from the API server. */
export const unproven: Comparison = {
  kind: 'comparison',
  name: 'unproven',
  title: `one unnamed post at a time over ${hooks.toLocaleString('en')} hooks, where no watch can be proven to be current`,
  baseline: 'a read and the marked write',
  floor: 'a bare express handler that reads a hook and makes the same write',
  figures: [
    { key: 'p50', title: 'p50', unit: 'ms', reach: { of: 'ratio', atMost: 1.2 } },
    { key: 'p99', title: 'p99', unit: 'ms' },
    { key: 'requests', title: 'API requests a post, watches apart', unit: '' },
    { key: 'lost', title: 'posts not answered 200', unit: '', reach: { of: 'product', atMost: 0 } },
  ],
  needs: { audit: 'requests' },
  warm: true,
  prepare: async stage => {
    const count = stage.quick ? 20 : hooks
    const hooked = names('hooked', count)
    await stage.deployments(hooked)
    await stage.hooks(hooked, 'up')
    const targets = await stage.deployments(names('raw', count))
    const floored = names('floor', count)
    await stage.deployments(floored)
    const bare = await bareURLs(stage, floored, '/after/')
    const handled = bare.map((url, index) => `${url}${hooked[index]}-up`)
    const { origin } = await stage.product(undefined, [], ['--import', join(import.meta.dirname, '../serve/http1.ts')])
    const urls = [...(await triggerPathsOf(stage, count)).values()].map(path => origin + path)
    const pace = { count, concurrency: 1 }
    return {
      baseline: async () => {
        const { latencies } = await stage.load.run({ ...pace, job: 'write', targets, readFirst: true })
        return { p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) }
      },
      floor: async () => {
        const { latencies, notes } = await stage.load.run({ ...pace, job: 'post', urls: handled })
        const lost = count - (notes['200 applied'] ?? 0)
        return { p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99), lost }
      },
      product: async () => {
        const before = stage.server.productRequests()
        const { latencies, notes } = await stage.load.run({ ...pace, job: 'post', urls })
        return {
          p50: quantile(latencies, 0.5),
          p99: quantile(latencies, 0.99),
          requests: (stage.server.productRequests() - before) / count,
          lost: count - (notes['200 applied'] ?? 0),
        }
      },
    }
  },
}
