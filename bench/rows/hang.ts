import type { Comparison } from '../row.ts'
import { names, triggerPathsOf } from '../stage.ts'
import { quantile } from '../stats.ts'

/** What the posts that hang stand apart, in milliseconds: some are evaluated, the others refused until that ends. */
const gapMs = 50

/** Their posts write more than the budget of one hook permits. */
const hooks = 10

/** More than a million additions, which take many times the budget of an expression, in less than 1,024 characters. */
const numbers = `[${Array.from({ length: 100 }, () => 1).join()}]`
const hanging = `${numbers}.all(a, ${numbers}.all(b, ${'a + b + '.repeat(60)}a >= 0))`

/** One tenant's expression, and another one's posts. */
export const hang: Comparison = {
  kind: 'comparison',
  name: 'hang',
  title: "one unnamed post at a time, beside posts to another hook whose expression takes all of an expression's time",
  baseline: 'the same without those',
  figures: [
    { key: 'p50', title: 'p50', unit: 'ms', reach: { of: 'ratio', atMost: 1.25 } },
    { key: 'p99', title: 'p99', unit: 'ms', reach: { of: 'ratio', atMost: 1.25 } },
    {
      key: 'executed',
      title: 'posts to that other hook that were executed',
      unit: '',
      reach: { of: 'product', atMost: 0 },
    },
  ],
  warm: true,
  prepare: async stage => {
    const count = stage.quick ? 30 : 1000
    await stage.deployments(names('hooked', hooks + 1))
    await stage.hooks(names('hooked', hooks), 'up')
    await stage.hooks(names('hooked', hooks + 1).slice(hooks), 'up', { when: hanging })
    const { origin } = await stage.product()
    const paths = await triggerPathsOf(stage, hooks + 1)
    const urls = names('hooked', hooks + 1).map(name => origin + paths.get(`${name}-up`))
    const [own, other] = [urls.slice(0, hooks), urls.slice(hooks)]
    const posts = async () => {
      const { latencies } = await stage.load.run({ job: 'post', urls: own, count, concurrency: 1 })
      return { p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) }
    }
    return {
      baseline: posts,
      product: async () => {
        let executed = 0
        const over = new AbortController()
        const postToOther = async (): Promise<void> => {
          while (!over.signal.aborted) {
            const { notes } = await stage.onlooker().run({ job: 'post', urls: other, count: 4, concurrency: 4, gapMs })
            executed += notes['200 applied'] ?? 0
          }
        }
        const ending = postToOther()
        const figures = await posts().finally(() => over.abort())
        await ending
        return { ...figures, executed }
      },
    }
  },
}
