import type { Comparison } from '../row.ts'
import { floorURLs, names, triggerPathsOf } from '../stage.ts'

/** Many senders, each with a target of its own: nothing to fold, nothing to wait for. */
export const throughput: Comparison = {
  kind: 'comparison',
  name: 'throughput',
  title: 'unnamed posts, 32 at a time over 1,000 targets',
  baseline: 'marked writes, 32 at a time over as many',
  floor: 'a bare express handler in front of the same writes',
  figures: [{ key: 'rate', title: 'posts', unit: '/s', reach: { of: 'ratio', atLeast: 0.9 } }],
  warm: true,
  prepare: async stage => {
    const [width, count] = stage.quick ? [20, 100] : [1000, 5000]
    await stage.deployments(names('hooked', width))
    await stage.hooks(names('hooked', width), 'up')
    const targets = await stage.deployments(names('raw', width))
    const handled = await floorURLs(stage, width)
    const { origin } = await stage.product()
    const urls = [...(await triggerPathsOf(stage, width)).values()].map(path => origin + path)
    const figures = ({ elapsedMs }: { readonly elapsedMs: number }) => ({ rate: (count * 1000) / elapsedMs })
    return {
      baseline: async () => figures(await stage.load.run({ job: 'write', targets, count, concurrency: 32 })),
      floor: async () => figures(await stage.load.run({ job: 'post', urls: handled, count, concurrency: 32 })),
      product: async () => figures(await stage.load.run({ job: 'post', urls, count, concurrency: 32 })),
    }
  },
}
