import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { serviceIP } from './installed.ts'
import { busy, steadyLoad, unknownInTime, type Load } from './load.ts'
import { openShop } from './shop.ts'

/** Posts steadily while something happens. Throws where a post failed, or where the count is not what the answers say. */
export const postingThrough = async (what: string, happens: () => Promise<void>): Promise<Load> => {
  const { path, replicas } = await openShop({ max: 1_000_000, pods: false })
  const stop = new AbortController()
  const loading = steadyLoad(await serviceIP(), await path(), 20, stop.signal)
  await sleep(1000)
  await happens()
  stop.abort()
  const load = await loading
  const count = (await replicas()) - 1
  console.log(`${what}: ${JSON.stringify(load)}, and ${count} steps`)
  const answered = (load.ended['fresh 200 Stepped'] ?? 0) + (load.ended['kept 200 Stepped'] ?? 0)
  // On a machine that is too busy a post's turn may not come in time, which changes nothing; or a write's outcome may not be
  // known in time: that post ran once or not at all.
  expect(answered + (load.ended[unknownInTime] ?? 0) + (load.ended[busy] ?? 0)).toBe(load.sent)
  expect(count).toBeGreaterThanOrEqual(answered)
  expect(count).toBeLessThanOrEqual(answered + (load.ended[unknownInTime] ?? 0))
  return load
}
