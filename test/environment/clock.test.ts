import { expect, test } from 'vitest'
import { nodeClock } from '../../src/environment/node.ts'
import { wait } from '../../src/environment/wait.ts'
import { fakeClock } from '../support/clock.ts'

test('the fake clock runs timers in the order of their moments, and each one after what came before it', async () => {
  const clock = fakeClock()
  const seen: string[] = []
  clock.after(20, () => seen.push(`second at ${clock.monotonic()}`))
  void wait(clock, 10).then(async () => {
    seen.push(`first at ${clock.monotonic()}`)
    await wait(clock, 5)
    seen.push(`its consequence at ${clock.monotonic()}`)
  })
  clock.after(15, () => seen.push('cancelled'))()
  await clock.advance(100)
  expect(seen).toEqual(['first at 10', 'its consequence at 15', 'second at 20'])
  expect([clock.monotonic(), clock.pending]).toEqual([100, 0])
})

test('a jump of the wall clock moves neither timers nor the monotonic clock', async () => {
  const clock = fakeClock(1_000)
  let ran = false
  clock.after(10, () => (ran = true))
  clock.jump(3_600_000)
  await clock.advance(9)
  expect([clock.now(), clock.monotonic(), ran]).toEqual([3_601_009, 9, false])
})

test('a delay that is longer than setTimeout knows does not end at once', async () => {
  let ran = false
  const cancel = nodeClock.after(2 ** 31 + 1_000, () => (ran = true))
  await new Promise(resolve => nodeClock.after(20, () => resolve(undefined)))
  cancel()
  expect(ran).toBe(false)
})
