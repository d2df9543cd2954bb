import { expect, it } from 'vitest'
import { Shares, Tally } from '../../src/environment/shares.ts'

it('places are given until all are taken, or a namespace or a hook has its share', () => {
  const places = new Shares(4, 3, 2)
  const taken = [places.take('shop', 'up'), places.take('shop', 'up')]
  expect(places.take('shop', 'up')).toBeUndefined()
  taken.push(places.take('shop', 'down'))
  expect(places.take('shop', 'sideways')).toBeUndefined()
  expect(places.take('mall', 'up')).toBeUndefined()
  taken.push(places.take('mall', 'other'))
  expect(places.take('bank', 'other')).toBeUndefined()
  for (const leave of taken) leave?.()
  expect(places.take('shop', 'up')).toBeDefined()
})

it('a tally adds up by name, and begins at 0 again', () => {
  const tally = new Tally()
  expect([tally.add('a', 2), tally.add('a', -1), tally.add('b', 5), tally.add('a', -1)]).toEqual([2, 1, 5, 0])
  expect([tally.of('a'), tally.of('b'), tally.of('c')]).toEqual([0, 5, 0])
})
