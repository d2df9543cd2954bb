import { peakResidentMiB, processorMs } from '../process.ts'
import type { Comparison } from '../row.ts'
import { hookPath, names, triggerPathsOf } from '../stage.ts'
import { quantile } from '../stats.ts'

/** Each kind of flood: how many connections it has, and how many posts a second it sends, over all of them. */
const floods = [
  // A replica answers 3,000 to 5,500 bad posts a second where express sees them.
  { kind: 'garbage', connections: 64, perSecond: 10_000 },
  { kind: 'forged', connections: 64, perSecond: 10_000 },
  { kind: 'unknown key', connections: 64, perSecond: 10_000 },
  { kind: 'gone hooks', connections: 64, perSecond: 10_000 },
  { kind: 'large JSON', connections: 30, perSecond: 30 },
] as const

/** Whose posts are good: they write more than the budget of one hook permits. */
const hooks = 10

/** What one client does to the posts of others. */
export const flood: Comparison = {
  kind: 'comparison',
  name: 'flood',
  title: 'one unnamed post at a time, p99, beside a flood at twice what filled a processor',
  baseline: 'the same without it',
  figures: [
    ...floods.map(({ kind }) => ({ key: kind, title: kind, unit: 'ms', reach: { of: 'ratio', atMost: 3 } }) as const),
    { key: 'refused', title: 'good posts not answered 200', unit: '', reach: { of: 'product', atMost: 0 } },
    { key: 'cpu', title: 'processor time a bad post, the large and the good ones too', unit: 'us' },
    { key: 'rss', title: 'RSS at most', unit: 'MiB', reach: { of: 'product', atMost: 280 } },
  ],
  warm: true,
  prepare: async stage => {
    const count = stage.quick ? 30 : 1000
    const all = names('hooked', hooks + 2)
    await stage.deployments(all)
    await stage.hooks(all, 'up')
    const { origin, pid } = await stage.product()
    const paths = await triggerPathsOf(stage, all.length)
    const [other = '', gone = '', ...own] = all.map(name => origin + paths.get(`${name}-up`))
    const path = hookPath(`${all[1]}-up`)
    await stage.server.api.request({ method: 'DELETE', path, lane: 'bulk', timeoutMs: 10_000 })
    const posts = () => stage.load.run({ job: 'post', urls: own, count, concurrency: 1 })
    return {
      baseline: async () => {
        const p99 = quantile((await posts()).latencies, 0.99)
        return Object.fromEntries(floods.map(({ kind }) => [kind, p99]))
      },
      product: async () => {
        const figures: Record<string, number> = { refused: 0 }
        const before = processorMs(pid)
        let answers = 0
        for (const { connections, kind, perSecond } of floods) {
          const url = kind === 'gone hooks' ? gone : other
          const ms = stage.quick ? 500 : 8000
          const flooding = stage.onlooker().run({ job: 'flood', kind, url, ms, connections, perSecond })
          const { latencies, notes } = await posts()
          figures[kind] = quantile(latencies, 0.99)
          figures['refused'] = (figures['refused'] ?? 0) + count - (notes['200 applied'] ?? 0)
          answers += (await flooding).notes['answers'] ?? 0
        }
        const cpu = ((processorMs(pid) - before) * 1000) / answers
        return { ...figures, cpu, rss: peakResidentMiB(pid) }
      },
    }
  },
}
