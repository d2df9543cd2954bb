import { setTimeout as sleep } from 'node:timers/promises'
import { residentMiB } from '../process.ts'
import type { Comparison } from '../row.ts'
import { hookCollection } from '../stage.ts'
import type { Started } from '../started.ts'

/** How long after its start a program's memory is looked at, in milliseconds. */
const settleMs = 3000

/** What it costs to have the product while nothing happens. */
export const start: Comparison = {
  kind: 'comparison',
  name: 'start',
  title: 'start, with no hooks',
  baseline: 'a bundle of express and undici alone',
  floor: 'the same, which also lists the hooks before it is ready',
  figures: [
    { key: 'time', title: 'until ready', unit: 'ms', reach: { of: 'ratio', atMost: 1.4 } },
    { key: 'rss', title: 'RSS, idle', unit: 'MiB', reach: { of: 'ratio', atMost: 1.2 } },
  ],
  warm: true,
  prepare: async stage => {
    const measure = async (starting: Promise<Started>) => {
      const started = await starting
      await sleep(stage.quick ? 200 : settleMs)
      const rss = residentMiB(started.pid)
      await started.end()
      return { time: started.startMs, rss }
    }
    return {
      baseline: () => measure(stage.bare()),
      floor: () => measure(stage.bare(hookCollection)),
      product: () => measure(stage.product()),
    }
  },
}
