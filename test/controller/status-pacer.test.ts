import { expect, test } from 'vitest'
import { StatusPacer } from '../../src/controller/status-pacer.ts'
import { fakeClock } from '../support/clock.ts'

/** Sets up a trigger that reports deliveries at most once a second, what is then written into statuses, and when. */
const setUp = (delayOf = (ms: number): number => ms) => {
  const clock = fakeClock()
  const began = clock.monotonic()
  const writes: { readonly key: string; readonly at: number }[] = []
  const pacer = new StatusPacer(
    { ...clock, after: (ms, run) => clock.after(delayOf(ms), run) },
    key => void writes.push({ key, at: clock.monotonic() - began }),
  )
  const deliver = async (count: number, everyMs: number, key = 'shop/web-up'): Promise<number> => {
    let reportedAt = -Infinity
    for (let n = 0; n < count; n++) {
      const newest = clock.now()
      const now = clock.monotonic()
      if (now - reportedAt >= 1000) {
        reportedAt = now
        pacer.changed(key, newest)
      } else if (n === count - 1) {
        clock.after(reportedAt + 1000 - now, () => pacer.changed(key, newest))
      }
      if (n < count - 1) await clock.advance(everyMs)
    }
    return clock.monotonic() - began
  }
  return { clock, deliver, pacer, writes }
}

test('the first delivery is written within half a second', async () => {
  const { clock, deliver, writes } = setUp()
  await deliver(1, 0)
  await clock.advance(30_000)
  expect(writes).toEqual([{ key: 'shop/web-up', at: 500 }])
})

test.each([
  [2, 1000],
  [14, 50],
  [14, 200],
  [40, 100],
  [30, 400],
])('the last of %i deliveries that come every %i ms is written within two seconds', async (count, everyMs) => {
  const { clock, deliver, writes } = setUp()
  const lastAt = await deliver(count, everyMs)
  await clock.advance(2000)
  expect(writes.at(-1)?.at).toBeGreaterThanOrEqual(lastAt)
  const before = writes.length
  await clock.advance(60_000)
  expect(writes).toHaveLength(before)
})

test.each([20, 100, 500, 900, 1000, 1100, 1300, 2500])(
  'deliveries that go on every %i ms are written once in ten seconds, after a few early writes',
  async everyMs => {
    const { deliver, writes } = setUp()
    await deliver(Math.ceil(300_000 / everyMs), everyMs)
    expect(writes.length).toBeLessThanOrEqual(2 * (300_000 / 10_000) + 6)
  },
)

test.each([1900.3, 2500.3])(
  'deliveries every %f ms are written no more often where timers come up to a millisecond early',
  async everyMs => {
    const { clock, deliver, writes } = setUp(ms => Math.max(0, Math.trunc(ms) - 0.3))
    await clock.advance(0.4)
    await deliver(Math.ceil(600_000 / everyMs), everyMs)
    expect(writes.length).toBeLessThanOrEqual(2 * (600_000 / 10_000) + 6)
  },
)

test('a busy second of many posts takes no early write', async () => {
  const { deliver, writes } = setUp()
  await deliver(3000, 20)
  expect(writes.map(({ at }) => at)).toEqual([500, 10_500, 20_500, 30_500, 40_500, 50_500])
})

test('a clock that runs ahead or behind makes no status late', async () => {
  for (const skewMs of [-3_600_000, 3_600_000]) {
    const { clock, pacer, writes } = setUp()
    pacer.changed('shop/web-up', clock.now() + skewMs)
    await clock.advance(600)
    pacer.changed('shop/web-up', clock.now() + skewMs)
    await clock.advance(1_800)
    expect(writes).toHaveLength(2)
  }
})

test('hooks do not wait for one another', async () => {
  const { clock, deliver, writes } = setUp()
  await deliver(5, 50, 'shop/web-up')
  await deliver(1, 0, 'shop/web-down')
  await clock.advance(500)
  expect(writes.map(({ key }) => key)).toContain('shop/web-down')
})

test('nothing is written once it was stopped', async () => {
  const { clock, deliver, pacer, writes } = setUp()
  await deliver(1, 0)
  pacer.stop()
  await clock.advance(30_000)
  expect(writes).toEqual([])
})
