import type { Growth } from '../row.ts'
import { names, triggerPathsOf } from '../stage.ts'
import { quantile } from '../stats.ts'

/** Deliveries that are measured at a time. */
const each = 20

/** Returns how many hooks each round needs. If a hook remembers few deliveries, those of a round would be many compared with them. So each is used once in five rounds. */
const hooksOf = (size: number): number => (size > 10 * each ? 1 : 5)

const sizesOf = (quick: boolean): readonly number[] => (quick ? [1, 40] : [1, 10, 100, 1000, 3500])

/** What a hook remembers grows to 4,000 deliveries: what one more costs is not to grow with it. */
export const growthOfRemembered: Growth = {
  kind: 'growth',
  name: 'growth-remembered',
  title: 'what more remembered deliveries cost: one named delivery at a time',
  axis: 'deliveries remembered',
  figures: [
    { key: 'p50', title: 'p50', unit: 'ms' },
    { key: 'bytes', title: 'stored for each', unit: 'kB' },
  ],
  sizes: sizesOf,
  prepare: async stage => {
    const all = new Map(sizesOf(stage.quick).map(size => [size, names(`remembers-${size}`, hooksOf(size))]))
    const hooked = [...all.values()].flat()
    await stage.deployments(hooked)
    await stage.hooks(hooked, 'up')
    const { origin } = await stage.product()
    const paths = await triggerPathsOf(stage, hooked.length)
    const used = new Map<number, number>()
    const filled = new Set<string>()
    return async size => {
      const round = used.get(size) ?? 0
      used.set(size, round + 1)
      const name = all.get(size)?.[round % hooksOf(size)] ?? ''
      const urls = [`${origin}${paths.get(`${name}-up`)}`]
      const post = (count: number, concurrency: number) =>
        stage.load.run({ job: 'post', urls, count, concurrency, oneNamedOf: 1 })
      // Posts that come together share writes: so many stay within what one hook may write at once.
      if (!filled.has(name)) await post(size, 64)
      filled.add(name)
      const before = (await stage.server.work()).bytes
      const { latencies } = await post(each, 1)
      const bytes = ((await stage.server.work()).bytes - before) / each
      return { p50: quantile(latencies, 0.5), bytes: bytes / 1000 }
    }
  },
}
