import { describe, expect, it } from 'vitest'
import { displacedRate, Places, type Occupant, type Place } from '../../src/environment/places.ts'
import { fakeClock } from '../support/clock.ts'

const limits = { most: 64, maxOfSource: 32, reserved: 8, few: 2, maxPipelined: 4 }

const setUp = (more: Partial<typeof limits> = {}) => {
  const clock = fakeClock()
  const places = new Places(clock, { ...limits, ...more })
  const closed: string[] = []
  const inside = new Map<string, Pick<Place, 'leave'> & { busy(): void; idle(): void }>()
  /** Opens a connection, if there is a place; true if there is. */
  const open = (source: string, name = `${source}/${inside.size}`): boolean => {
    if (!places.admit(source)) return false
    const occupant: Occupant = {
      close: () => {
        place.leave()
        closed.push(name)
      },
    }
    const place = places.enter(source, occupant)
    inside.set(name, {
      busy: () => void place.waiting.delete(occupant),
      idle: () => void place.waiting.add(occupant),
      leave: () => place.leave(),
    })
    return true
  }
  const fill = (source: string, count: number): number =>
    Array.from({ length: count }, (_, index) => open(source, `${source}/${index}`)).filter(Boolean).length
  const place = (name: string) => {
    const found = inside.get(name)
    if (!found) throw new Error(`there is no ${name}`)
    return found
  }
  return { clock, closed, fill, open, place, places }
}

describe('the places of connections', () => {
  it('one source has half, and its next connection takes the place of its own that waits longest', () => {
    const { closed, fill, open, places } = setUp()
    expect(fill('a', 32)).toBe(32)
    expect(open('a', 'next')).toBe(true)
    expect([closed, places.taken]).toEqual([['a/0'], 32])
  })

  it('the last eighth is for sources that have few', () => {
    const { closed, fill, open, places } = setUp()
    expect([fill('a', 28), fill('b', 28)]).toEqual([28, 28])
    expect([open('c'), open('c')]).toEqual([true, true])
    expect([closed, places.taken]).toEqual([[], 58])
    expect([open('a', 'next'), open('c', 'next')]).toEqual([true, true])
    expect([closed, places.taken]).toEqual([['a/0', 'a/1'], 58])
  })

  it('a source gets in although others have all places: one that waits for its head makes room, of the source that has most', () => {
    const { closed, fill, open, place, places } = setUp({ reserved: 0 })
    expect([fill('a', 30), fill('b', 32), fill('c', 2)]).toEqual([30, 32, 2])
    place('b/0').busy()
    expect(open('d')).toBe(true)
    expect([closed, places.taken]).toEqual([['b/1'], 64])
  })

  it('sources that have as many as one another take no place of one another', () => {
    const { closed, fill, open } = setUp({ reserved: 0 })
    expect([fill('a', 32), fill('b', 31), fill('c', 1)]).toEqual([32, 31, 1])
    expect(open('b', 'next')).toBe(true)
    expect(closed).toEqual(['b/0'])
  })

  it('beyond half of the places, those that wait longest make room, of the source that has most; few are left to each', () => {
    const { closed, fill, place, places } = setUp()
    expect([fill('a', 6), fill('b', 30), fill('c', 2)]).toEqual([6, 30, 2])
    place('b/0').busy()
    place('b/1').busy()
    place('b/1').idle()
    places.makeRoom()
    expect([closed, places.taken]).toEqual([['b/2', 'b/3', 'b/4', 'b/5', 'b/6', 'b/7'], 32])
    places.makeRoom()
    expect(places.taken).toBe(32)
  })

  it('when requests are unanswered everywhere, a source that has few keeps the connection that waits', () => {
    const { closed, fill, place, places } = setUp()
    fill('b', 32)
    fill('a', 8)
    fill('c', 1)
    for (let index = 0; index < 32; index++) place(`b/${index}`).busy()
    places.makeRoom()
    expect([closed, places.taken]).toEqual([['a/0', 'a/1', 'a/2', 'a/3', 'a/4', 'a/5'], 35])
  })

  it('no connection whose request is not answered makes room', () => {
    const { closed, fill, open, place } = setUp({ reserved: 0 })
    for (const source of ['a', 'b']) {
      expect(fill(source, 32)).toBe(32)
      for (let index = 0; index < 32; index += 1) place(`${source}/${index}`).busy()
    }
    expect([open('c'), open('a'), closed]).toEqual([false, false, []])
    place('a/7').idle()
    expect([open('c'), closed]).toEqual([true, ['a/7']])
  })

  it('one that was answered has waited for less time than one whose first head has not come', () => {
    const { closed, fill, open, place } = setUp()
    fill('a', 32)
    place('a/0').busy()
    place('a/0').idle()
    open('a', 'next')
    expect(closed).toEqual(['a/1'])
  })

  it('a place that was left twice is free once', () => {
    const { fill, place, places } = setUp()
    fill('a', 2)
    place('a/0').leave()
    place('a/0').leave()
    expect(places.taken).toBe(1)
  })

  it('makes room at a bounded rate, so that a flood of connections is refused, which costs less', async () => {
    const { clock, closed, fill, open } = setUp()
    const { burst, perSecond } = displacedRate
    fill('a', 32)
    const flood = (): number =>
      Array.from({ length: 1000 }, (_, index) => open('a', `a/${index}`)).filter(Boolean).length
    expect([flood(), closed.length]).toEqual([burst, burst])
    // Another source still gets in.
    expect([fill('b', 32), closed.length]).toEqual([32, burst + 8])
    await clock.advance(1000)
    expect(flood()).toBe(perSecond)
  })
})
