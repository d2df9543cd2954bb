import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeBundles } from '../../bench/bundles.ts'
import type { Flood } from '../../bench/load/flood.ts'
import { hookPath, names, openStage, type Stage } from '../../bench/stage.ts'
import { startHooked } from './hooked.ts'

/** How long each flood lasts, in milliseconds, and how many good posts are sent during it. */
const floodMs = 4000
const posts = 100

/** How many requests a second a flood may add to those of the good posts. */
const maxPerSecond = 5

const kinds: readonly [Flood, number][] = [
  ['garbage', 64],
  ['unknown key, with bodies', 500],
  ['forged', 64],
  ['unknown key', 64],
  ['gone hooks', 64],
  ['heads', 1000],
  ['idle', 1000],
]

/** CI sets FLOOD=sample: two of these, which take twenty seconds. */
const wanted = process.env['FLOOD'] === 'sample' ? kinds.slice(0, 2) : kinds

const bundles = makeBundles()
let stage: Stage
let urls: readonly string[]

beforeAll(async () => {
  stage = await openStage(bundles, { inMemory: true, quick: true, needs: { audit: 'requests' } })
  urls = (await startHooked(stage, 3)).urls
  const path = hookPath(`${names('hooked', 3)[2]}-up`)
  await stage.server.api.request({ method: 'DELETE', path, lane: 'bulk', timeoutMs: 10_000 })
}, 60_000)
afterAll(async () => {
  await stage.stop()
  bundles.remove()
})

/** Counts the requests that the product makes in the time of a flood, with good posts at the same time. */
const requestsDuring = async (meanwhile: () => Promise<unknown>): Promise<number> => {
  const [own = ''] = urls
  const before = stage.server.productRequests()
  const flooding = meanwhile()
  const gapMs = floodMs / posts
  const { notes } = await stage.load.run({ job: 'post', urls: [own], count: posts, concurrency: 1, gapMs })
  await flooding
  expect(notes['200 applied']).toBe(posts)
  return stage.server.productRequests() - before
}

describe('during a flood, the API server is asked for the good posts, and little else', () => {
  it.each(wanted)('%s', async (kind, connections) => {
    const [, other = '', gone = ''] = urls
    const alone = await requestsDuring(() => sleep(floodMs))
    const url = kind === 'gone hooks' ? gone : other
    const began = performance.now()
    const flooded = await requestsDuring(() =>
      stage.onlooker().run({ job: 'flood', kind, url, ms: floodMs, connections, sources: 4 }),
    )
    const seconds = (performance.now() - began) / 1000
    console.log(`${kind}: ${flooded} requests in ${seconds.toFixed(1)} s, and ${alone} without it`)
    expect(alone).toBeGreaterThanOrEqual(posts)
    expect(flooded).toBeLessThanOrEqual(alone + maxPerSecond * seconds)
  })
})
