import type { Comparison } from '../row.ts'
import { createHooks, deleteHooks, startAndMint, statusesRaw } from './hooks.ts'

/** An installation into a cluster that has hooks already: each is validated, gets its token and its conditions. */
export const mint: Comparison = {
  kind: 'comparison',
  name: 'mint',
  title: '10,000 hooks, from nothing to all Ready',
  baseline: 'a status PATCH each, 16 at a time',
  floor: 'a read of the metadata of its target and a status PATCH each',
  figures: [
    { key: 'rate', title: 'from the start of the process', unit: '/s', reach: { of: 'ratio', atLeast: 0.9 } },
    { key: 'writing', title: 'from the first that is Ready', unit: '/s' },
  ],
  enoughRounds: 3,
  prepare: async stage => {
    const count = stage.quick ? 40 : 10_000
    const fresh = async (): Promise<void> => {
      await deleteHooks(stage)
      await createHooks(stage, count)
    }
    const raw = async (read: boolean) => {
      await fresh()
      const rate = await statusesRaw(stage, count, read)
      return { rate, writing: rate }
    }
    return {
      baseline: () => raw(false),
      floor: () => raw(true),
      product: async () => {
        await fresh()
        const { firstAt, lastAt, product } = await startAndMint(stage, count)
        await product.end()
        const since = (moment: number): number => (count * 1000) / (lastAt - moment)
        return { rate: since(product.startedAt), writing: since(firstAt) }
      },
    }
  },
}
