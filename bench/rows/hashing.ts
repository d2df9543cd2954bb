import { createHash } from 'node:crypto'
import { startReplicas } from '../many-replicas.ts'
import type { Comparison } from '../row.ts'

/** Returns the URL of a path at one of these origins, as a proxy chooses it by a hash of the path. */
const hashed = (origins: readonly string[], path: string): string =>
  `${origins[createHash('sha256').update(path).digest().readUInt32BE() % origins.length] ?? ''}${path}`

/** Many replicas where all posts of a hook arrive at the same one. docs/how-to/operate.md says how. */
export const hashing: Comparison = {
  kind: 'comparison',
  name: 'hashing',
  title: '8 trigger replicas behind a proxy that hashes paths, on the same two processors',
  baseline: 'all posts at one of the replicas',
  figures: [
    { key: 'burst', title: '1,000 posts at once for one target', unit: 'ms', reach: { of: 'ratio', atMost: 1.1 } },
    { key: 'post', title: 'a post, 32 at a time over 1,000 targets', unit: 'us' },
  ],
  warm: true,
  prepare: async stage => {
    const { atOnce, inTurns, origins, paths } = await startReplicas(stage)
    const [one = ''] = origins
    const first = paths.slice(0, 1)
    const measure = async (urlOf: (path: string) => string) => {
      // One of the replicas gets all other posts of the baseline, so its code is compiled sooner.
      for (let warmed = 0; warmed < (stage.quick ? 0 : 5); warmed++) await atOnce(first.map(urlOf))
      const burst = await atOnce(first.map(urlOf))
      const urls = paths.map(urlOf)
      // The other side has written all targets since.
      await inTurns(urls)
      return { burst, post: await inTurns(urls) }
    }
    return {
      baseline: () => measure(path => one + path),
      product: () => measure(path => hashed(origins, path)),
    }
  },
}
