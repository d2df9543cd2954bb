import { residentMiB } from '../process.ts'
import type { Growth } from '../row.ts'
import { createHooks, deleteHooks, startAndMint, untilIdle } from './hooks.ts'

export const growthOfHooks: Growth = {
  kind: 'growth',
  name: 'growth-hooks',
  title: 'what more hooks cost',
  axis: 'hooks',
  figures: [
    { key: 'mint', title: 'from nothing to all Ready', unit: 'ms' },
    { key: 'restart', title: 'restart, until ready', unit: 'ms' },
    { key: 'rss', title: 'RSS after a restart, once idle', unit: 'MiB' },
  ],
  sizes: quick => (quick ? [10, 20] : [100, 1000, 10_000]),
  prepare: async stage => async size => {
    await deleteHooks(stage)
    await createHooks(stage, size)
    const { lastAt, product } = await startAndMint(stage, size)
    await product.end()
    const again = await stage.product()
    await untilIdle(stage, again)
    const rss = residentMiB(again.pid)
    await again.end()
    return { mint: lastAt - product.startedAt, restart: again.startMs, rss }
  },
}
