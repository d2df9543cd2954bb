import { expect, it } from 'vitest'
import { paced } from '../../cli/output/paced.ts'
import { fakeClock } from '../support/clock.ts'

const setUp = (work: () => Promise<void> = () => Promise.resolve()) => {
  const clock = fakeClock()
  const stop = new AbortController()
  let times = 0
  const redraw = paced(clock, 500, stop.signal, async () => {
    times += 1
    await work()
  })
  return { clock, redraw, stop, times: () => times }
}

it('is done at once, and then once for all that was asked meanwhile', async () => {
  const { clock, redraw, times } = setUp()
  for (let change = 0; change < 20; change++) await redraw.soon()
  expect(times()).toBe(1)
  await clock.advance(499)
  expect(times()).toBe(1)
  await clock.advance(1)
  expect(times()).toBe(2)
  await clock.advance(10_000)
  expect(times()).toBe(2)
  await redraw.soon()
  expect(times()).toBe(3)
})

it('ends when nobody looks any more', async () => {
  const { redraw, stop, times } = setUp()
  await redraw.soon()
  await redraw.soon()
  stop.abort()
  await redraw.done()
  expect(times()).toBe(1)
})

it('fails as the work does', async () => {
  const { clock, redraw } = setUp(() => Promise.reject(new Error('the terminal is gone')))
  await redraw.soon()
  await clock.advance(0)
  await expect(redraw.soon()).rejects.toThrow('the terminal is gone')
  await expect(redraw.done()).rejects.toThrow('the terminal is gone')
})
