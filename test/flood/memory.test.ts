import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { makeBundles } from '../../bench/bundles.ts'
import type { Flood } from '../../bench/load/flood.ts'
import { peakResidentMiB, resetPeak } from '../../bench/process.ts'
import { openStage, type Stage } from '../../bench/stage.ts'
import type { Started } from '../../bench/started.ts'
import { startHooked } from './hooked.ts'
import { podOf } from './pod.ts'

/** What the installation gives a trigger, and what it is to stay under, in MiB. */
const podMiB = 320
const maxMiB = 280

const pod = podOf(`receiver-hooks-flood-${process.pid}`, podMiB * 1024 * 1024)

/** How long each flood lasts, in milliseconds: the time limits of clients are in it. */
const floodMs = 4000

/** From how many addresses it comes: one has half of all connections. */
const sources = 4

const bundles = makeBundles()
let stage: Stage
let product: Started
let urls: readonly string[]

beforeAll(async () => {
  // Without a control group: the heap that Node takes in one, and connections for more memory than there is in it.
  if (pod) vi.stubEnv('BENCH_CGROUP', pod.folder)
  else vi.stubEnv('BENCH_NODE_FLAGS', `--max-old-space-size=${Math.floor(podMiB * 0.6)}`)
  stage = await openStage(bundles, { inMemory: true, quick: true })
  ;({ product, urls } = await startHooked(stage, 2))
}, 60_000)
afterAll(async () => {
  await stage.stop()
  bundles.remove()
  pod?.remove()
})

describe('a trigger of 320 MiB', () => {
  it.each<[Flood, number]>([
    ['garbage', 1000],
    ['forged', 1000],
    ['heads', 4000],
    ['idle', 4000],
    ['unknown key, with bodies', 4000],
    ['slow bodies', 3000],
    ['slow short bodies', 3000],
    ['pipelined', 1000],
    ['without a host', 1000],
    ['large JSON', 200],
  ])(
    'stays under 280 MiB in a flood of %s over %d connections from 4 addresses, and serves on',
    async (kind, connections) => {
      const [own = '', other = ''] = urls
      resetPeak(product.pid)
      await stage.onlooker().run({ job: 'flood', kind, url: other, ms: floodMs, connections, sources })
      const most = peakResidentMiB(product.pid)
      console.log(`${kind}: RSS at most ${Math.round(most)} MiB`)
      const over = performance.now()
      expect(pod?.killed() ?? 0).toBe(0)
      const serves = async () =>
        (await stage.load.run({ job: 'post', urls: [own], count: 1, concurrency: 1 })).notes['200 applied']
      await expect.poll(serves, { timeout: 20_000 }).toBe(1)
      const servedMs = Math.round(performance.now() - over)
      console.log(`${kind}: a post is served ${servedMs} ms after it`)
      expect(most).toBeLessThan(maxMiB)
    },
  )
})
