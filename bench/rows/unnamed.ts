import type { Comparison } from '../row.ts'
import { quantile } from '../stats.ts'
import { floorURLs, names, triggerPathsOf } from '../stage.ts'

/** More posts than the budget of one hook permits to write. */
const hooks = 10

/** One sender, no body: what `curl -X POST` does again and again. */
export const unnamed: Comparison = {
  kind: 'comparison',
  name: 'unnamed',
  title: 'one unnamed post at a time',
  baseline: 'the marked write alone',
  floor: 'a bare express handler in front of the same write',
  figures: [
    { key: 'p50', title: 'p50', unit: 'ms', reach: { of: 'ratio', atMost: 1.2 } },
    { key: 'p99', title: 'p99', unit: 'ms', reach: { of: 'ratio', atMost: 1.25 } },
  ],
  warm: true,
  prepare: async stage => {
    const count = stage.quick ? 30 : 1000
    await stage.deployments(names('hooked', hooks))
    await stage.hooks(names('hooked', hooks), 'up')
    const targets = await stage.deployments(names('raw', hooks))
    const handled = await floorURLs(stage, hooks)
    const { origin } = await stage.product()
    const urls = [...(await triggerPathsOf(stage, hooks)).values()].map(path => origin + path)
    const figures = ({ latencies }: { readonly latencies: readonly number[] }) => ({
      p50: quantile(latencies, 0.5),
      p99: quantile(latencies, 0.99),
    })
    return {
      baseline: async () => figures(await stage.load.run({ job: 'write', targets, count, concurrency: 1 })),
      floor: async () => figures(await stage.load.run({ job: 'post', urls: handled, count, concurrency: 1 })),
      product: async () => figures(await stage.load.run({ job: 'post', urls, count, concurrency: 1 })),
    }
  },
}
