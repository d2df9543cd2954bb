import { startReplicas } from '../many-replicas.ts'
import type { Growth } from '../row.ts'

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
    const { atOnce, inTurns, origins, paths } = await startReplicas(stage)
    const [first = ''] = paths
    return async size => {
      const used = origins.slice(0, size)
      const spread = used.flatMap((_, turn) => paths.map((path, index) => `${used[(index + turn) % size]}${path}`))
      return { burst: await atOnce(used.map(origin => origin + first)), post: await inTurns(spread) }
    }
  },
}
