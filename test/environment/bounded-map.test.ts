import { describe, expect, it } from 'vitest'
import { BoundedMap } from '../../src/environment/bounded-map.ts'

describe('a bounded map', () => {
  it('forgets the entry that was set longest ago', () => {
    const map = new BoundedMap<string, number>(2)
    map.set('a', 1)
    map.set('b', 2)
    map.set('a', 3)
    map.set('c', 4)
    expect([map.get('a'), map.get('b'), map.get('c')]).toEqual([3, undefined, 4])
  })

  it('has room again for what was deleted', () => {
    const map = new BoundedMap<string, number>(2)
    map.set('a', 1)
    map.set('b', 2)
    map.delete('b')
    map.set('c', 3)
    expect([map.get('a'), map.get('b'), map.get('c')]).toEqual([1, undefined, 3])
  })

  it('keeps nothing where it may have no entry', () => {
    const map = new BoundedMap<string, number>(0)
    map.set('a', 1)
    expect(map.get('a')).toBeUndefined()
  })
})
