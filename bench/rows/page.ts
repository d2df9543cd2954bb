import type { Comparison } from '../row.ts'
import { hookCollection } from '../stage.ts'
import { createHooks, startAndMint } from './hooks.ts'

/** What somebody waits for who opens the dashboard. */
export const page: Comparison = {
  kind: 'comparison',
  name: 'page',
  title: 'the page with 5,000 hooks: its rows, by the stream of the dashboard',
  baseline: 'listing them, 250 a page, without looking at them',
  figures: [
    { key: 'first', title: 'until the first are there', unit: 'ms', reach: { of: 'ratio', atMost: 1.5 } },
    { key: 'all', title: 'until all are there', unit: 'ms' },
    { key: 'missing', title: 'rows that are missing', unit: '', reach: { of: 'product', atMost: 0 } },
  ],
  warm: true,
  prepare: async stage => {
    const count = stage.quick ? 40 : 5000
    await createHooks(stage, count)
    const { product } = await startAndMint(stage, count)
    await product.end()
    const { headers, origin } = await stage.dashboard()
    return {
      baseline: async () => {
        const { elapsedMs, notes } = await stage.load.run({ job: 'list', path: hookCollection })
        return { first: notes['firstMs'] ?? NaN, all: elapsedMs, missing: 0 }
      },
      product: async () => {
        const { elapsedMs, notes } = await stage.load.run({ job: 'stream', url: `${origin}/api/stream`, headers })
        return { all: elapsedMs, first: notes['firstMs'] ?? NaN, missing: count - (notes['rows'] ?? 0) }
      },
    }
  },
}
