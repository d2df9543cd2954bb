import type { Growth } from '../row.ts'
import { names, triggerPathsOf } from '../stage.ts'

export const growthOfReplicas: Growth = {
  kind: 'growth',
  name: 'growth-replicas',
  title: 'what more trigger replicas cost, on the same two processors',
  axis: 'replicas',
  figures: [
    { key: 'burst', title: '1,000 posts at once for one target, spread over them', unit: 'ms' },
    { key: 'post', title: 'a post, 32 at a time over 1,000 targets, each at every replica in turn', unit: 'us' },
  ],
  sizes: quick => (quick ? [1, 2] : [1, 2, 4, 8]),
  prepare: async stage => {
    const [width, count] = stage.quick ? [20, 40] : [1000, 2000]
    await stage.deployments(names('hooked', width))
    await stage.hooks(names('hooked', width), 'up')
    await stage.product('controller')
    const origins: string[] = []
    for (let replica = 0; replica < (stage.quick ? 2 : 8); replica++) {
      origins.push((await stage.product('trigger')).origin)
    }
    const paths = [...(await triggerPathsOf(stage, width)).values()]
    const [first = ''] = paths
    return async size => {
      const used = origins.slice(0, size)
      const burst = { urls: used.map(origin => origin + first), count: stage.quick ? 20 : 1000 }
      const spread = used.flatMap((_, turn) => paths.map((path, index) => `${used[(index + turn) % size]}${path}`))
      const atOnce = async () => await stage.load.run({ job: 'post', ...burst, concurrency: burst.count })
      if (!stage.quick) await atOnce()
      const { elapsedMs } = await atOnce()
      const posts = await stage.load.run({ job: 'post', urls: spread, count, concurrency: 32 })
      return { burst: elapsedMs, post: (posts.elapsedMs * 1000) / count }
    }
  },
}
