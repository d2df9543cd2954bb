import type { Comparison } from '../row.ts'
import { names, triggerPathsOf, type Stage } from '../stage.ts'
import { quantile } from '../stats.ts'

const [few, many] = [10, 1000]

/** Hooks of each kind, and deliveries to each while they are measured, in which two pages are closed: it remembers hardly more after that. */
const hooks = 5
const each = 32

/** What a hook remembers is to make no difference to what a delivery costs. */
export const remembered: Comparison = {
  kind: 'comparison',
  name: 'remembered',
  title: `one named delivery at a time, to hooks that remember ${many.toLocaleString('en')}`,
  baseline: `the same to hooks that remember ${few}`,
  figures: [
    { key: 'p50', title: 'p50', unit: 'ms', reach: { of: 'ratio', atMost: 1.15 } },
    { key: 'bytes', title: 'stored for each', unit: 'kB', reach: { of: 'ratio', atMost: 1.5 } },
    { key: 'extra', title: 'of that beside its target', unit: 'kB', reach: { of: 'product', atMost: 5 } },
  ],
  prepare: async stage => {
    const full = stage.quick ? 40 : many
    const rounds = stage.quick ? 1 : 5
    const rawBytes = await targetBytes(stage)
    await stage.deployments(names('few', hooks * rounds))
    await stage.hooks(names('few', hooks * rounds), 'up')
    await stage.deployments(names('many', hooks))
    await stage.hooks(names('many', hooks), 'up')
    const { origin } = await stage.product()
    const paths = await triggerPathsOf(stage, hooks * (rounds + 1))
    const urlsOf = (which: readonly string[]) => which.map(name => `${origin}${paths.get(`${name}-up`)}`)
    const post = (urls: readonly string[], count: number, concurrency: number) =>
      stage.load.run({ job: 'post', urls, count, concurrency, oneNamedOf: 1 })
    const measure = async (urls: readonly string[]) => {
      const before = (await stage.server.work()).bytes
      const { latencies } = await post(urls, hooks * each, 1)
      const bytes = ((await stage.server.work()).bytes - before) / (hooks * each)
      return { p50: quantile(latencies, 0.5), bytes: bytes / 1000, extra: (bytes - rawBytes) / 1000 }
    }
    const manyUrls = urlsOf(names('many', hooks))
    await post(manyUrls, hooks * full, hooks)
    // Pages are joined after so many deliveries: the hooks are not all to join theirs in the same round.
    for (const [index, url] of manyUrls.entries()) await post([url], Math.ceil((index * full) / 10), hooks)
    let round = 0
    return {
      baseline: async () => {
        const urls = urlsOf(names('few', hooks * rounds).slice(round * hooks, (round + 1) * hooks))
        round = (round + 1) % rounds
        await post(urls, hooks * few, hooks)
        return await measure(urls)
      },
      product: () => measure(manyUrls),
    }
  },
}

/** Returns what one write of a target stores. */
const targetBytes = async (stage: Stage): Promise<number> => {
  const targets = await stage.deployments(names('raw', 1))
  await stage.load.run({ job: 'write', targets, count: 1, concurrency: 1 })
  const before = (await stage.server.work()).bytes
  await stage.load.run({ job: 'write', targets, count: 20, concurrency: 1 })
  return ((await stage.server.work()).bytes - before) / 20
}
