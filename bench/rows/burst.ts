import type { Comparison } from '../row.ts'
import { names, triggerPathsOf } from '../stage.ts'

/** All alerts of an incident at once: each is a step of its own, and each is answered with its count. */
export const burst: Comparison = {
  kind: 'comparison',
  name: 'burst',
  title: '1,000 posts at once for one target, until all are answered',
  baseline: 'read, compare and swap each, 32 at a time',
  figures: [
    { key: 'time', title: 'time', unit: 'ms', reach: { of: 'speed-up', atLeast: 50 } },
    { key: 'inexact', title: 'steps lost or doubled', unit: '', reach: { of: 'product', atMost: 0 } },
    { key: 'refused', title: 'posts not answered 200', unit: '', reach: { of: 'product', atMost: 0 } },
  ],
  warm: true,
  prepare: async stage => {
    const count = stage.quick ? 20 : 1000
    const [hooked = ''] = await stage.deployments(names('hooked', 1))
    await stage.hooks(names('hooked', 1), 'up')
    const [target = ''] = await stage.deployments(names('raw', 1))
    const { origin } = await stage.product()
    const urls = [...(await triggerPathsOf(stage, 1)).values()].map(path => origin + path)
    return {
      baseline: async () => {
        const before = await stage.count(target)
        const { elapsedMs } = await stage.load.run({ job: 'swap', target, count, concurrency: 32 })
        return { time: elapsedMs, inexact: Math.abs((await stage.count(target)) - before - count), refused: 0 }
      },
      product: async () => {
        const before = await stage.count(hooked)
        const { elapsedMs, notes } = await stage.load.run({ job: 'post', urls, count, concurrency: count })
        const applied = notes['200 applied'] ?? 0
        const steps = (await stage.count(hooked)) - before
        // Each answer names a count of its own, and the target has moved by as many.
        const inexact = Math.max(Math.abs(steps - applied), Math.abs((notes['different'] ?? 0) - applied))
        return { time: elapsedMs, inexact, refused: count - applied }
      },
    }
  },
}
