import type { Comparison } from '../row.ts'
import { hookCollection, hookPath, names, triggerPathsOf } from '../stage.ts'
import { quantile } from '../stats.ts'
import { createHooks, startAndMint, untilIdle } from './hooks.ts'

const replicas = 3

/** From the edit's request to the answer of the last replica that goes by it; they are asked once a watch has seen it. */
export const edit: Comparison = {
  kind: 'comparison',
  name: 'edit',
  title: `one hook edited among 10,000, until all of ${replicas} replicas act on it`,
  baseline: 'a watch of the same hooks',
  figures: [
    { key: 'p50', title: 'p50', unit: 'ms', reach: { of: 'ratio', atMost: 2 } },
    { key: 'longest', title: 'longest', unit: 'ms' },
  ],
  warm: true,
  prepare: async stage => {
    const count = stage.quick ? 40 : 10_000
    const edits = stage.quick ? 4 : 40
    await createHooks(stage, count)
    const { product } = await startAndMint(stage, count)
    await product.end()
    const paths = await triggerPathsOf(stage, count)
    const controller = await stage.product('controller')
    const triggers = []
    for (let replica = 0; replica < replicas; replica++) triggers.push(await stage.product('trigger'))
    await untilIdle(stage, controller)
    const [name = ''] = names('web', 1).map(target => `${target}-up`)
    const urls = triggers.map(({ origin }) => origin + paths.get(name))
    const run = async (seen: 'watch' | readonly string[]) => {
      const hook = hookPath(name)
      const { latencies } = await stage.load.run({ job: 'edit', hook, collection: hookCollection, count: edits, seen })
      return { p50: quantile(latencies, 0.5), longest: Math.max(...latencies) }
    }
    return { baseline: () => run('watch'), product: () => run(urls) }
  },
}
