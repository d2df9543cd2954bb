import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeBundles } from '../../bench/bundles.ts'
import type { Flood } from '../../bench/load/flood.ts'
import { hookPath, names, openStage, type Stage } from '../../bench/stage.ts'
import { quantile } from '../../bench/stats.ts'
import { send } from '../../src/kube/requests.ts'
import { refusedRate } from '../../src/trigger/limits.ts'
import { startHooked } from './hooked.ts'

/** How many good posts are sent during a flood, and how far apart, in milliseconds. */
const signed = { count: 100, gapMs: 40 }
const firsts = { count: 8, gapMs: 300 }

const rates = [60, 300, 1000] as const
const key = 'of the sender'

const bundles = makeBundles()
let stage: Stage
let urls: readonly string[]
/** Without `auth`. */
let plain: readonly string[]
/** A URL with the name of a hook. */
let named: string

beforeAll(async () => {
  stage = await openStage(bundles, { inMemory: true, quick: true })
  const secret = { metadata: { name: 'sender' }, data: { key: Buffer.from(key).toString('base64') } }
  const path = '/api/v1/namespaces/shop/secrets'
  await send(stage.server.api, { method: 'POST', path, body: JSON.stringify(secret) })
  const hmac = { secretKeyRef: { name: 'sender', key: 'key' }, header: 'X-Signature' }
  const started = await startHooked(stage, 1 + rates.length * firsts.count + 3, { auth: { hmac } })
  urls = started.urls.slice(0, -3)
  plain = started.urls.slice(-2)
  const patch = async (name: string, body: string): Promise<void> => {
    const contentType = 'application/merge-patch+json'
    await send(stage.server.api, { method: 'PATCH', path: hookPath(`${name}-up`), contentType, body })
  }
  const [third = '', ...others] = names('hooked', started.urls.length).slice(-3)
  await patch(third, '{"spec":{"token":{"url":"named"}}}')
  named = `${started.product.origin}/v1/hooks/shop/${third}-up`
  for (const name of others) await patch(name, '{"spec":{"auth":null}}')
}, 60_000)
afterAll(async () => {
  await stage.stop()
  bundles.remove()
})

/** Sends good posts, each with its signature. */
const good = (to: readonly string[], pace: typeof signed) =>
  stage.load.run({
    job: 'post',
    urls: to,
    body: 'alertmanager',
    signedWith: key,
    oneNamedOf: 1,
    concurrency: 1,
    ...pace,
  })

/** Floods a URL from the address that the good posts come from, as through a proxy, until `meanwhile` has ended. */
const duringFlood = async <T>(
  kind: Flood,
  perSecond: number,
  meanwhile: () => Promise<T>,
  [url = ''] = urls,
): Promise<T> => {
  const flooding = { job: 'flood', kind, url, connections: 16 } as const
  // First until nothing of that address is trusted any more.
  await stage.onlooker().run({ ...flooding, ms: 2000, perSecond: 2 * refusedRate.burst })
  const all = stage.onlooker().run({ ...flooding, ms: 5000, perSecond })
  const result = await meanwhile()
  const { notes } = await all
  expect(notes['answers']).toBeGreaterThan(0)
  return result
}

describe('during bad posts from the same address, no good one is refused', () => {
  it.each(rates)('%d wrong signatures a second, to the same hook', { timeout: 60_000 }, async perSecond => {
    const to = urls.slice(0, 1)
    const alone = await good(to, signed)
    const { latencies, notes } = await duringFlood('wrong signatures', perSecond, () => good(to, signed))
    const [before, during] = [alone.latencies, latencies].map(each => quantile(each, 0.99).toFixed(1))
    console.log(
      `${perSecond} wrong signatures a second: ${JSON.stringify(notes)}, p99 ${before} ms before and ${during} ms during them`,
    )
    expect(notes['200 applied']).toBe(signed.count)
  })

  it('1000 wrong signatures a second, to the same URL with a name', { timeout: 60_000 }, async () => {
    const { latencies, notes } = await duringFlood('wrong signatures', 1000, () => good([named], signed), [named])
    console.log(
      `1000 wrong signatures a second at a name: ${JSON.stringify(notes)}, at most ${Math.max(...latencies).toFixed(1)} ms`,
    )
    expect(notes['200 applied']).toBe(signed.count)
  })

  it.each(rates.map((rate, index) => [rate, index] as const))(
    '%d forged tokens a second, and the first post to each of other hooks',
    { timeout: 60_000 },
    async (perSecond, index) => {
      const to = urls.slice(1 + index * firsts.count, 1 + (index + 1) * firsts.count)
      const { latencies, notes } = await duringFlood('forged', perSecond, () => good(to, firsts))
      console.log(
        `${perSecond} forged tokens a second: ${JSON.stringify(notes)}, at most ${Math.max(...latencies).toFixed(1)} ms`,
      )
      expect(notes['200 applied']).toBe(firsts.count)
    },
  )
})

describe('during bodies that do not end, to one hook', () => {
  it('no large body to another hook of its namespace is refused', { timeout: 60_000 }, async () => {
    const [url = '', other = ''] = plain
    const flooding = { job: 'flood', kind: 'slow bodies', url, connections: 12, ms: 4000 } as const
    const all = stage.onlooker().run(flooding)
    const job = {
      job: 'post',
      urls: [other],
      body: 'large alertmanager',
      count: 25,
      gapMs: 120,
      concurrency: 1,
    } as const
    const { notes } = await stage.load.run(job)
    await all
    console.log(`12 bodies that do not end: ${JSON.stringify(notes)}`)
    expect(notes['200 applied']).toBe(25)
  })
})
