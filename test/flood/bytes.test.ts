import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeBundles } from '../../bench/bundles.ts'
import { hookPath, openStage, type Stage } from '../../bench/stage.ts'
import { quantile } from '../../bench/stats.ts'
import { startHooked } from './hooked.ts'

/** How long each flood lasts, in milliseconds. */
const floodMs = 60_000

/** What is posted to another hook meanwhile: few enough for its own budget. */
const quiet = { count: 300, gapMs: 160 }

const targetBytes = 16_000

/** Promise 9: so many bytes at once, and so many a second after that. */
const maxAtOnce = 10_000_000
const maxPerSecond = 100_000

const bundles = makeBundles()
let stage: Stage
let urls: readonly string[]

beforeAll(async () => {
  stage = await openStage(bundles, { inMemory: false, quick: true })
  // Names are soon forgotten: a record that is full would bound what is written as well.
  const started = await startHooked(stage, 6, { dedupeWindow: '1s' })
  for (const path of started.paths.slice(0, -1)) await enlarge(path)
  await patch(hookPath('hooked-00004-up'), { spec: { rateLimit: null } })
  urls = started.urls
}, 60_000)
afterAll(async () => {
  await stage.stop()
  bundles.remove()
})

/** Throws where the API server will not have it: the flood would be of something else. */
const patch = async (path: string, change: object): Promise<void> => {
  const { body, status } = await stage.server.api.request({
    method: 'PATCH',
    path,
    contentType: 'application/merge-patch+json',
    body: JSON.stringify(change),
    lane: 'bulk',
    timeoutMs: 10_000,
  })
  if (status !== 200) throw new Error(`${path}: ${status} ${body}`)
}

/** Makes a flooded workload larger than it has to be, so that a budget is used up on a slow machine too. */
const enlarge = (path: string) => patch(path, { metadata: { annotations: { note: 'x'.repeat(targetBytes) } } })

/** Posts to another hook, and how long the slowest of a hundred of those took, in milliseconds. */
const others = async (onMs: (p50: number, p99: number) => void): Promise<void> => {
  const { latencies } = await stage.onlooker().run({
    job: 'post',
    urls: urls.slice(-1),
    oneNamedOf: 1,
    concurrency: 1,
    ...quiet,
  })
  onMs(quantile(latencies, 0.5), quantile(latencies, 0.99))
}

/** Returns how much the API server stores meanwhile: the bytes of all versions, and by how much etcd's file grows. */
const storedIn = async (meanwhile: () => Promise<unknown>) => {
  const before = await stage.server.work()
  const began = performance.now()
  await meanwhile()
  const after = await stage.server.work()
  return {
    seconds: (performance.now() - began) / 1000,
    bytes: after.bytes - before.bytes,
    database: after.database - before.database,
  }
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`

describe('posts to one hook, as fast as they are answered', () => {
  it.each([
    [0, 'names of their own', 1],
    [1, 'names of their own', 64],
    [2, 'no names', 1],
    [3, 'no names', 64],
    // That hook alone has the default limit.
    [4, 'names of their own, within the default limit', 64],
  ])(
    'make etcd grow by 10 MB at most and 100 kB a second: hook %d, posts with %s, %d at a time',
    { timeout: 10 * floodMs },
    async (index, which, concurrency) => {
      const figures: string[] = []
      const note = (when: string) => (p50: number, p99: number) =>
        void figures.push(`another hook ${when}: p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`)
      const alone = await storedIn(() => others(note('alone')))
      let answers: Readonly<Record<string, number>> = {}
      const flooded = await storedIn(async () => {
        const flooding = stage.load.run({
          job: 'post',
          urls: urls.slice(index, index + 1),
          count: Number.MAX_SAFE_INTEGER,
          withinMs: floodMs,
          concurrency,
          ...(which !== 'no names' && { oneNamedOf: 1 }),
        })
        await others(note('during the posts'))
        ;({ notes: answers } = await flooding)
      })
      const most = maxAtOnce + maxPerSecond * flooded.seconds
      const own = flooded.bytes - alone.bytes
      console.log(
        `${which}, ${concurrency} at a time, ${flooded.seconds.toFixed(0)} s: ${megabytes(own)} stored, of at most ${megabytes(most)}, and ${megabytes(alone.bytes)} alone;`,
        `etcd's file grew by ${megabytes(flooded.database - alone.database)};`,
        `answers ${JSON.stringify(answers)}; ${figures.join('; ')}`,
      )
      expect(own).toBeLessThan(most)
      expect(answers['200 applied']).toBeGreaterThan(0)
    },
  )
})
