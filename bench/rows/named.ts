import type { Comparison } from '../row.ts'
import { floorURLs, names, triggerPathsOf } from '../stage.ts'
import { quantile } from '../stats.ts'

/** Alerts are spread over hooks; each hook remembers what it has seen for a day. */
const hooks = 20

/** Each delivery is of an alert that never fired before, and is claimed before its step is made. */
export const named: Comparison = {
  kind: 'comparison',
  name: 'named',
  title: `one named delivery at a time, Alertmanager's, over ${hooks} hooks`,
  baseline: 'the marked write alone',
  floor: 'a bare express handler that parses the body, replaces a record and makes the same write',
  figures: [{ key: 'p50', title: 'p50', unit: 'ms', reach: { of: 'ratio', atMost: 2.35 } }],
  warm: true,
  prepare: async stage => {
    const count = stage.quick ? 20 : 1000
    await stage.deployments(names('hooked', hooks))
    await stage.hooks(names('hooked', hooks), 'up')
    const targets = await stage.deployments(names('raw', hooks))
    const handled = await floorURLs(stage, hooks, '/claimed')
    const { origin } = await stage.product()
    const urls = [...(await triggerPathsOf(stage, hooks)).values()].map(path => origin + path)
    const figures = ({ latencies }: { readonly latencies: readonly number[] }) => ({ p50: quantile(latencies, 0.5) })
    return {
      baseline: async () => figures(await stage.load.run({ job: 'write', targets, count, concurrency: 1 })),
      floor: async () =>
        figures(await stage.load.run({ job: 'post', urls: handled, count, concurrency: 1, body: 'alertmanager' })),
      product: async () =>
        figures(await stage.load.run({ job: 'post', urls, count, concurrency: 1, body: 'alertmanager' })),
    }
  },
}
