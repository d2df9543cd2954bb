import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { makeBundles } from '../../bench/bundles.ts'
import { peakResidentMiB, resetPeak } from '../../bench/process.ts'
import { openStage, type Stage } from '../../bench/stage.ts'
import type { Started } from '../../bench/started.ts'
import { quantile } from '../../bench/stats.ts'
import { startHooked } from './hooked.ts'
import { podOf } from './pod.ts'

/** What the installation gives a trigger, and what it is to stay under, in MiB. */
const podMiB = 320
const maxMiB = 280

const pod = podOf(`receiver-hooks-waiters-${process.pid}`, podMiB * 1024 * 1024)

/** How many good posts are timed, and below which p99 in milliseconds nothing is said: a hiccup is as long. */
const posts = 400
const quietMs = 100

/** The time in which the clients of a flood open their connections, in milliseconds. */
const allConnectedMs = 3000

/** How many posts are let in to wait, and how many of one namespace: see `trigger/limits.ts`. */
const maxWaiting = 106
const maxWaitingOfNamespace = 53

/** Where the good posts come from: an address of their own, as the alert sender of a cluster has. */
const goodAddress = '127.0.0.9'

const bundles = makeBundles()
let stage: Stage
let product: Started
let urls: readonly string[]

beforeAll(async () => {
  if (pod) vi.stubEnv('BENCH_CGROUP', pod.folder)
  else vi.stubEnv('BENCH_NODE_FLAGS', `--max-old-space-size=${Math.floor(podMiB * 0.6)}`)
  stage = await openStage(bundles, { inMemory: true, quick: true })
  ;({ product, urls } = await startHooked(stage, 4))
}, 60_000)
afterAll(async () => {
  await stage.stop()
  bundles.remove()
  pod?.remove()
})

/** Sends good posts to a hook for which nobody waits, and returns their p99. */
const p99 = async (): Promise<number> => {
  const [own = ''] = urls
  const { latencies, notes } = await stage.load.run({
    job: 'post',
    urls: [own],
    count: posts,
    concurrency: 1,
    gapMs: 10,
    localAddress: goodAddress,
  })
  expect(notes['200 applied'] ?? 0).toBe(posts)
  return quantile(latencies, 0.99)
}

/**
 * Lets so many ask for the outcome of a rollout that never ends, over several hooks, for `ms`. Who is answered 202 asks again
 * after 3 s, as the loop for pipelines does.
 */
const wait = async (connections: number, hooks: readonly string[], ms: number) => {
  const share = Math.floor(connections / hooks.length)
  const flooding = { job: 'flood', kind: 'waiters', ms, connections: share, sources: 4, perSecond: share / 3 } as const
  const reports = await Promise.all(hooks.map(url => stage.onlooker().run({ ...flooding, url })))
  const sum = (name: string): number => reports.reduce((total, { notes }) => total + (notes[name] ?? 0), 0)
  return { answered: sum('202'), refused: sum('503'), waiting: sum('unanswered') }
}

describe('waiters', () => {
  it(
    "10,000 keep a trigger of 320 MiB under 280 MiB, and leave another hook's p99 at 3 times at most",
    { timeout: 120_000 },
    async () => {
      const before = await p99()
      resetPeak(product.pid)
      const waiting = wait(10_000, urls.slice(1), 14_000)
      await setTimeout(allConnectedMs)
      const during = await p99()
      const seen = await waiting
      const most = peakResidentMiB(product.pid)
      console.log(
        `10,000 waiters: RSS at most ${Math.round(most)} MiB, ${JSON.stringify(seen)}, p99 ${before.toFixed(1)} ms before and ${during.toFixed(1)} ms during them`,
      )
      expect(pod?.killed() ?? 0).toBe(0)
      expect(most).toBeLessThan(maxMiB)
      expect(seen.answered).toBeGreaterThan(0)
      expect(during).toBeLessThan(Math.max(3 * before, quietMs))
      const serves = async () =>
        (await stage.load.run({ job: 'post', urls: urls.slice(0, 1), count: 1, concurrency: 1 })).notes['200 applied']
      await expect.poll(serves, { timeout: 20_000 }).toBe(1)
    },
  )

  it(
    "as many as are let in, and as many again, leave another hook's p99 at 3 times at most",
    { timeout: 120_000 },
    async () => {
      const before = await p99()
      const waiting = wait(3 * maxWaiting, urls.slice(1), 12_000)
      const during = await p99()
      const seen = await waiting
      console.log(
        `waiters: ${JSON.stringify(seen)}, p99 ${before.toFixed(1)} ms before and ${during.toFixed(1)} ms during them`,
      )
      expect(seen.answered).toBeGreaterThan(0)
      expect(seen.waiting).toBeGreaterThanOrEqual(maxWaitingOfNamespace)
      expect(during).toBeLessThan(Math.max(3 * before, quietMs))
    },
  )
})
