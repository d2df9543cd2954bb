import type { Version } from '../../src/steps/target/target.ts'
import { describe, expect, it } from 'vitest'
import { CachedVersion } from '../../src/steps/cached-version.ts'
import { fakeClock } from '../support/clock.ts'
import { fc, property } from '../support/property.ts'

const version = (number: number): Version => ({ uid: 'u', resourceVersion: String(number), count: number })

const setUp = () => {
  const clock = fakeClock()
  const known = new CachedVersion(clock)
  return { clock, known, usable: (isClaimed = false) => known.take(isClaimed)?.count }
}

/** Returns one that is watched, and has received version 10. */
const watchedAt10 = () => {
  const world = setUp()
  world.known.read(version(9))
  world.known.watched(true)
  world.known.reported(version(10))
  return world
}

describe('the version of a target', () => {
  it('is good for a minute; for a write that has to be claimed, one second', async () => {
    const { clock, known, usable } = setUp()
    known.written(version(9))
    await clock.advance(1000)
    expect([usable(true), usable()]).toEqual([9, 9])
    await clock.advance(1)
    expect([usable(true), usable()]).toEqual([undefined, 9])
    await clock.advance(59_000)
    expect(usable()).toBeUndefined()
  })

  it('is contended while the last three writes of others came within ten seconds', async () => {
    const { clock, known } = setUp()
    known.read(version(1))
    known.stale(false)
    await clock.advance(5000)
    known.read(version(2))
    known.read(version(3)) // somebody has written since
    expect(known.isContended).toBe(false)
    await clock.advance(4999)
    known.stale(true)
    expect(known.isContended).toBe(true)
    await clock.advance(5001)
    expect(known.isContended).toBe(false)
  })

  it('is no longer contended after a watch: what was so before it says nothing', () => {
    const { known } = setUp()
    for (let conflicts = 0; conflicts < 3; conflicts++) known.stale(true)
    expect(known.isContended).toBe(true)
    known.watched(true)
    known.watched(false)
    expect(known.isContended).toBe(false)
  })

  it('is not contended by reads that find what is known', () => {
    const { known } = setUp()
    for (let reads = 0; reads < 3; reads++) known.read(version(1))
    expect(known.isContended).toBe(false)
  })
})

describe('the version of a target that is watched', () => {
  it('is what the watch has reported, also for a claim, for as long as any version is good', async () => {
    const { clock, usable } = watchedAt10()
    await clock.advance(59_999)
    expect([usable(true), usable()]).toEqual([10, 10])
    await clock.advance(2)
    expect([usable(true), usable()]).toEqual([undefined, undefined])
  })

  it('counts as reported only once the watch has reported what is known', async () => {
    const { clock, known, usable } = setUp()
    known.stale(false)
    known.read(version(9))
    known.watched(true)
    expect(usable(), 'the watch may not be open yet').toBeUndefined()
    known.reported(version(8))
    expect(usable()).toBeUndefined()
    known.reported(version(9))
    await clock.advance(2000)
    expect(usable(true)).toBe(9)
  })

  it('is read after a conflict, and believed again once the watch has reported what the read showed', async () => {
    const { clock, known, usable } = watchedAt10()
    known.stale(false)
    known.reported(version(11)) // newer than the one that was refused, and older than the one that refused it
    expect(usable()).toBeUndefined()
    known.read(version(12))
    expect(usable()).toBeUndefined()
    known.reported(version(12))
    await clock.advance(1001)
    expect(usable(true)).toBe(12)
  })

  it('is what the watch has reported, where that is newer than what a read shows', () => {
    const { known } = watchedAt10()
    expect(known.read(version(9)).count).toBe(10)
    expect(known.read(version(11)).count).toBe(11)
  })

  it('is not believed any more once five in a row were refused', async () => {
    const { clock, known, usable } = watchedAt10()
    for (let next = 11; next < 16; next++) {
      expect([usable(), known.isWatchStale]).toEqual([next - 1, false])
      known.stale(false)
      known.read(version(next))
      known.reported(version(next))
    }
    await clock.advance(1001)
    expect([usable(true), known.isWatchStale]).toEqual([undefined, true])
  })

  it('is believed where one of five was stored', () => {
    const { known, usable } = watchedAt10()
    for (let next = 11; next < 30; next++) {
      usable()
      if (next % 5 === 0) known.written(version(next))
      else {
        known.stale(false)
        known.read(version(next))
      }
      known.reported(version(next))
    }
    expect([usable(), known.isWatchStale]).toEqual([29, false])
  })

  it('is read where the watch has reported that it cannot be used', () => {
    const { known, usable } = watchedAt10()
    known.reported(undefined)
    expect(usable()).toBeUndefined()
  })

  it('is read as ever once the watch has ended', async () => {
    const { clock, known, usable } = watchedAt10()
    known.watched(false)
    await clock.advance(1001)
    expect([usable(true), usable()]).toEqual([undefined, 10])
  })

  property(
    'is never older than one that was learnt before, in any order in which answers and the watch report it',
    [
      fc.array(fc.record({ by: fc.constantFrom('read', 'written', 'reported'), number: fc.nat(50) }), {
        maxLength: 40,
      }),
    ],
    learnt => {
      const { known, usable } = watchedAt10()
      let newest = 10
      for (const { by, number } of learnt) {
        known[by](version(number))
        newest = Math.max(newest, number)
        expect(usable()).toBe(newest)
      }
    },
  )
})
