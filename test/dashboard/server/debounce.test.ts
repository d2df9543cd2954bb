import { expect, it } from 'vitest'
import { debounce } from '../../../dashboard/server/debounce.ts'
import { fakeClock } from '../../support/clock.ts'

it('hands over the newest of each key, once in 100 ms', async () => {
  const clock = fakeClock()
  const given: [string, number | undefined][][] = []
  const changes = debounce<number>(clock, changed => given.push([...changed]))
  changes.add('a', 1)
  await clock.advance(60)
  changes.add('a', 2)
  changes.add('b', undefined)
  await clock.advance(39)
  expect(given).toEqual([])
  await clock.advance(1)
  expect(given).toEqual([
    [
      ['a', 2],
      ['b', undefined],
    ],
  ])
  await clock.advance(1000)
  expect(given).toHaveLength(1)
})

it('forgets what is dropped', async () => {
  const clock = fakeClock()
  const given: unknown[] = []
  const changes = debounce<number>(clock, changed => given.push(changed))
  changes.add('a', 1)
  changes.drop()
  await clock.advance(1000)
  expect([given, clock.pending]).toEqual([[], 0])
})
