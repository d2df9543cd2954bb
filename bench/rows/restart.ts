import { peakResidentMiB, residentMiB } from '../process.ts'
import type { Comparison } from '../row.ts'
import type { Started } from '../started.ts'
import { hookCollection } from '../stage.ts'
import { createHooks, startAndMint, untilIdle } from './hooks.ts'

/** A rollout, or a node that is drained. */
export const restart: Comparison = {
  kind: 'comparison',
  name: 'restart',
  title: 'restart with 10,000 hooks',
  baseline: 'listing them, 250 a page, without looking at them',
  floor: 'a bundle of express and undici that starts, lists them and keeps them parsed',
  needs: { audit: 'writes' },
  figures: [
    { key: 'time', title: 'until ready', unit: 'ms', reach: { of: 'ratio', atMost: 1.5 } },
    { key: 'writes', title: 'writes in the audit log, the Lease apart', unit: '', reach: { of: 'product', atMost: 0 } },
    { key: 'rss', title: 'RSS, once idle', unit: 'MiB', reach: { of: 'product', atMost: 130 } },
    { key: 'peak', title: 'RSS at most', unit: 'MiB' },
    { key: 'trigger', title: 'RSS of a trigger alone, once idle', unit: 'MiB' },
    { key: 'controller', title: 'RSS of a controller alone, once idle', unit: 'MiB' },
  ],
  prepare: async stage => {
    const count = stage.quick ? 40 : 10_000
    await createHooks(stage, count)
    const { product } = await startAndMint(stage, count)
    await product.end()
    // A log that shows no writes proves nothing unless it shows those that were made.
    if (stage.server.productRequests() < count) throw new Error('the audit log does not show the writes of the start')
    const resident = async (started: Started): Promise<number> => {
      await untilIdle(stage, started)
      const rss = residentMiB(started.pid)
      await started.end()
      return rss
    }
    // Both roles run in pods of their own where they are installed.
    const alone = async (role: 'controller' | 'trigger') => await resident(await stage.product(role))
    return {
      baseline: async () => ({ time: (await stage.load.run({ job: 'list', path: hookCollection })).elapsedMs }),
      floor: async () => {
        const started = await stage.bare(hookCollection)
        return { time: started.startMs, rss: await resident(started) }
      },
      product: async () => {
        const before = stage.server.productRequests()
        const started = await stage.product()
        await untilIdle(stage, started)
        const [rss, peak] = [residentMiB(started.pid), peakResidentMiB(started.pid)]
        await started.end()
        const writes = stage.server.productRequests() - before
        const roles = { trigger: await alone('trigger'), controller: await alone('controller') }
        return { time: started.startMs, writes, rss, peak, ...roles }
      },
    }
  },
}
