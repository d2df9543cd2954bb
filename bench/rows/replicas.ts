import type { Comparison, Measured } from '../row.ts'
import { bareURLs, names, triggerPathsOf } from '../stage.ts'
import { quantile } from '../stats.ts'

const targets = 50
const perSecond = 100

/** Two replicas at work on the same hooks and targets: each is in the other's way, and nothing is folded. */
export const replicas: Comparison = {
  kind: 'comparison',
  name: 'replicas',
  title: `${perSecond} posts a second, half of them named, over ${targets} targets, each at either of 2 replicas`,
  baseline: 'marked writes at the same rate',
  floor:
    'two bare express handlers that replace a record for a named post, make the same write, and read again after a conflict',
  figures: [
    { key: 'p99', title: 'p99', unit: 'ms', reach: { of: 'ratio', atMost: 3 } },
    { key: 'requests', title: 'API requests a post', unit: '', reach: { of: 'product', atMost: 2.3 } },
    { key: 'refused', title: 'posts not answered 200', unit: '', reach: { of: 'product', atMost: 0 } },
  ],
  prepare: async stage => {
    const [width, count, first] = stage.quick ? [5, 50, 5] : [targets, 2000, 1500]
    await stage.deployments(names('hooked', width))
    await stage.hooks(names('hooked', width), 'up')
    const raw = await stage.deployments(names('raw', width))
    const floored = names('floor', width)
    await stage.deployments(floored)
    const bare = [...(await bareURLs(stage, floored, '/keyed')), ...(await bareURLs(stage, floored, '/keyed'))]
    await stage.product('controller')
    const origins = [(await stage.product('trigger')).origin, (await stage.product('trigger')).origin]
    const paths = [...(await triggerPathsOf(stage, width)).values()]
    // A Service chooses by chance: which replica, and which hook comes when.
    const urls = Array.from({ length: count }, () => `${either(origins)}${either(paths)}`)
    const handled = Array.from({ length: count }, () => either(bare))
    const pace = { count, concurrency: 64, perSecond }
    const posted = async (posts: readonly string[]): Promise<Measured> => {
      // Replicas learn in the first seconds of such a load that they are not alone, and forget it in a pause.
      await stage.load.run({ job: 'post', urls: posts, oneNamedOf: 2, ...pace, count: first })
      const work = await stage.server.work()
      const { latencies, notes } = await stage.load.run({ job: 'post', urls: posts, oneNamedOf: 2, ...pace })
      const { requests } = await stage.server.work()
      return {
        p99: quantile(latencies, 0.99),
        requests: (requests - work.requests) / count,
        refused: count - (notes['200 applied'] ?? 0),
      }
    }
    return {
      baseline: async () => {
        const { latencies } = await stage.load.run({ job: 'write', targets: raw, ...pace })
        return { p99: quantile(latencies, 0.99) }
      },
      floor: () => posted(handled),
      product: () => posted(urls),
    }
  },
}

const either = (all: readonly string[]): string => all[Math.floor(Math.random() * all.length)] ?? ''
