import type { Growth } from '../row.ts'
import { names, triggerPathsOf } from '../stage.ts'

export const growthOfQueue: Growth = {
  kind: 'growth',
  name: 'growth-queue',
  title: 'what a longer queue costs: posts at once for one target',
  axis: 'posts at once',
  figures: [
    { key: 'time', title: 'until all are answered', unit: 'ms' },
    { key: 'refused', title: 'not answered 200', unit: '' },
  ],
  sizes: quick => (quick ? [1, 20] : [1, 10, 100, 1000, 10_000]),
  prepare: async stage => {
    await stage.deployments(names('hooked', 1))
    await stage.hooks(names('hooked', 1), 'up')
    const { origin } = await stage.product()
    const urls = [...(await triggerPathsOf(stage, 1)).values()].map(path => origin + path)
    const run = (count: number) => stage.load.run({ job: 'post', urls, count, concurrency: count })
    return async size => {
      // Senders have their connections already.
      if (!stage.quick) await run(size)
      const { elapsedMs, notes } = await run(size)
      return { time: elapsedMs, refused: size - (notes['200 applied'] ?? 0) }
    }
  },
}
