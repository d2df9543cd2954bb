import { expect, test } from 'vitest'
import { fairQueue, type QueuedItem } from '../../src/environment/fair-queue.ts'
import { fc, property } from '../support/property.ts'

interface Item extends QueuedItem {
  readonly number: number
}

const items = (...owners: readonly string[]): Item[] =>
  owners.map((owner, number) => ({ namespace: owner, owner, number, bytes: 1 }))

const limits = { maxOfOne: 100, maxBytes: 1000 }

const all = (line: { take(): Item | undefined }): string[] => {
  const taken: string[] = []
  for (let item = line.take(); item; item = line.take()) taken.push(`${item.owner}${item.number}`)
  return taken
}

test('owners are served in turn, and each in the order of its own', () => {
  const line = fairQueue<Item>(limits)
  for (const item of items('a', 'a', 'a', 'b', 'c', 'b')) line.add(item)
  expect(line.size).toBe(6)
  expect(all(line)).toEqual(['a0', 'b3', 'c4', 'a1', 'b5', 'a2'])
  expect(line.size).toBe(0)
})

test('of one owner only so many wait: the last is sent away', () => {
  const line = fairQueue<Item>({ ...limits, maxOfOne: 2 })
  const [first, second, third, other] = items('a', 'a', 'a', 'b')
  const left = [first, second, third, other].map(item => (item ? line.add(item) : []))
  expect(left).toEqual([[], [], [third], []])
  expect(all(line)).toEqual(['a0', 'b3', 'a1'])
})

test('when all hold too much, the last of those who hold most leave', () => {
  const line = fairQueue<Item>({ maxOfOne: 100, maxBytes: 10 })
  const small = { namespace: 'a', owner: 'small', number: 0, bytes: 4 }
  const large = [1, 2].map(number => ({ namespace: 'b', owner: 'large', number, bytes: 3 }))
  for (const item of [...large, small]) expect(line.add(item)).toEqual([])
  const more = { namespace: 'c', owner: 'more', number: 3, bytes: 2 }
  expect(line.add(more)).toEqual([large[1]])
  expect(all(line)).toEqual(['large1', 'small0', 'more3'])
})

test('namespaces are served in turn, and in each its owners', () => {
  const line = fairQueue<Item>(limits)
  const [a, b] = [items('a1', 'a2', 'a2', 'a3'), items('b1', 'b1')]
  for (const item of a) line.add({ ...item, namespace: 'a' })
  for (const item of b) line.add({ ...item, namespace: 'b' })
  expect(all(line)).toEqual(['a10', 'b10', 'a21', 'b11', 'a33', 'a22'])
})

test('when all hold too much, those of the heaviest namespace leave first, and there those of the heaviest owner', () => {
  const line = fairQueue<Item>({ maxOfOne: 100, maxBytes: 10 })
  const other = { namespace: 'other', owner: 'heavy', number: 0, bytes: 4 }
  const many = [2, 3].map((bytes, number) => ({ namespace: 'many', owner: `hook-${number}`, number, bytes }))
  for (const item of [other, ...many]) expect(line.add(item)).toEqual([])
  const more = { namespace: 'more', owner: 'x', number: 0, bytes: 2 }
  expect(line.add(more)).toEqual([many[1]])
  expect(line.size).toBe(3)
})

test('what has been taken out is not served, once or all of an owner', () => {
  const line = fairQueue<Item>(limits)
  const [one, two, three, four] = items('a', 'a', 'b', 'a')
  for (const item of [one, two, three, four]) if (item) line.add(item)
  if (two) line.remove(two)
  expect(line.removeAll({ namespace: 'a', owner: 'a' })).toEqual([one, four])
  expect(line.removeAll({ namespace: 'a', owner: 'a' })).toEqual([])
  expect([line.size, all(line)]).toEqual([1, ['b2']])
})

property(
  'nobody is served twice while another waits all along',
  [fc.array(fc.constantFrom('a', 'b', 'c', undefined), { maxLength: 60 })],
  moves => {
    const line = fairQueue<Item>(limits)
    const waiting = new Map<string, { count: number; since: number }>()
    const served = new Map<string, number>()
    for (const [number, owner] of moves.entries()) {
      if (owner !== undefined) {
        line.add({ namespace: owner, owner, number, bytes: 1 })
        const its = waiting.get(owner) ?? { count: 0, since: number }
        waiting.set(owner, { ...its, count: its.count + 1 })
        continue
      }
      const taken = line.take()?.owner
      expect(taken === undefined).toBe(waiting.size === 0)
      if (taken === undefined) continue
      const before = served.get(taken) ?? -1
      const passedOver = [...waiting].filter(([other, { since }]) => other !== taken && since < before)
      expect(passedOver).toEqual([])
      served.set(taken, number)
      const count = (waiting.get(taken)?.count ?? 0) - 1
      if (count === 0) waiting.delete(taken)
      else waiting.set(taken, { count, since: number })
    }
  },
)
