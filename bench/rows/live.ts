import { setTimeout as sleep } from 'node:timers/promises'
import type { Comparison } from '../row.ts'
import { names, triggerPathsOf } from '../stage.ts'
import { quantile } from '../stats.ts'

/** Between two steps of one target, in milliseconds: the controllers write to it meanwhile. */
const gapMs = 100

/** How long pods may take to become ready before anything is measured, in milliseconds. */
const settleMs = 5000

/** A target that is alive: its controller writes its status after each step, which moves its version. */
export const live: Comparison = {
  kind: 'comparison',
  name: 'live',
  title: 'one unnamed post at a time, beside a live deployment controller',
  baseline: 'a read and the marked write',
  needs: { workloads: true },
  figures: [
    { key: 'p50', title: 'p50', unit: 'ms', reach: { of: 'ratio', atMost: 1.2 } },
    { key: 'p99', title: 'p99', unit: 'ms' },
  ],
  warm: true,
  prepare: async stage => {
    const count = stage.quick ? 6 : 60
    await stage.deployments(names('hooked', 1))
    await stage.hooks(names('hooked', 1), 'up')
    await stage.hooks(names('hooked', 1), 'down')
    const targets = await stage.deployments(names('raw', 1))
    const { origin } = await stage.product()
    const paths = await triggerPathsOf(stage, 2)
    // Up and down in turns, so that the count stays small.
    const urls = names('hooked', 1).flatMap(name => [
      origin + paths.get(`${name}-up`),
      origin + paths.get(`${name}-down`),
    ])
    await sleep(stage.quick ? 0 : settleMs)
    const figures = ({ latencies }: { readonly latencies: readonly number[] }) => ({
      p50: quantile(latencies, 0.5),
      p99: quantile(latencies, 0.99),
    })
    return {
      baseline: async () =>
        figures(
          await stage.load.run({ job: 'write', targets, count, concurrency: 1, gapMs, readFirst: true, modulo: 2 }),
        ),
      product: async () => figures(await stage.load.run({ job: 'post', urls, count, concurrency: 1, gapMs })),
    }
  },
}
