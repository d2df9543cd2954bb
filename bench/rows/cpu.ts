import { processorMs } from '../process.ts'
import type { Comparison } from '../row.ts'
import { names, triggerPathsOf } from '../stage.ts'
import type { Started } from '../started.ts'

/** What a post costs in the process that takes it, its log, metrics and records included. */
export const cpu: Comparison = {
  kind: 'comparison',
  name: 'cpu',
  title: 'processor time a post, 32 at a time over 1,000 targets',
  baseline: 'a bare express handler in front of the same write',
  figures: [
    { key: 'cpu', title: 'in the process', unit: 'us', reach: { of: 'ratio', atMost: 1.4 } },
    { key: 'rate', title: 'posts', unit: '/s' },
  ],
  warm: true,
  prepare: async stage => {
    const [width, count] = stage.quick ? [20, 100] : [1000, 5000]
    await stage.deployments(names('hooked', width))
    await stage.hooks(names('hooked', width), 'up')
    await stage.deployments(names('raw', width))
    const [bare, product] = [await stage.bare(), await stage.product()]
    const paths = [...(await triggerPathsOf(stage, width)).values()]
    const measure = async ({ origin, pid }: Started, all: readonly string[]) => {
      const before = processorMs(pid)
      const urls = all.map(path => origin + path)
      const { elapsedMs } = await stage.load.run({ job: 'post', urls, count, concurrency: 32 })
      return { cpu: ((processorMs(pid) - before) * 1000) / count, rate: (count * 1000) / elapsedMs }
    }
    const handled = names('raw', width).map(name => `/shop/${name}`)
    return { baseline: () => measure(bare, handled), product: () => measure(product, paths) }
  },
}
