import { describe, expect, it } from 'vitest'
import { moveWithin } from '../../src/steps/arithmetic.ts'
import type { Plan } from '../../src/steps/steps.ts'
import { claimsIn, named, setUp } from './claimed.ts'

const upBy = (count: number, max: number): Plan =>
  moveWithin({ action: 'up', by: { count }, min: 0, max, overshoot: 'clamp' })
const downBy1 = moveWithin({ action: 'down', by: { count: 1 }, min: 0, max: 100, overshoot: 'clamp' })
const minute = 60_000

/** Returns an installation in which a process has died right before it could write what a delivery `a` had asked for: 5 more. */
const leftBehind = async () => {
  const here = setUp(2)
  const { clock, start, world } = here
  const dead = start()
  world.fault = request => {
    if (!request.startsWith('PATCH')) return 'answered'
    dead.die()
    return 'never arrives'
  }
  void dead.post({ ...named('a'), plan: upBy(5, 100) })
  await clock.advance(100)
  world.fault = () => 'answered'
  const done = async <T>(step: Promise<T>): Promise<T> => {
    await clock.advance(200)
    return await step
  }
  return { ...here, done }
}

describe('a claim that a dead process has left, once its hook was edited', () => {
  it.each([
    ['to a lower maximum', upBy(5, 3), 3],
    ['to a smaller step', upBy(1, 100), 3],
    ['to the other direction', downBy1, 1],
    [
      'to a step that is refused',
      moveWithin({ action: 'up', by: { count: 9 }, min: 0, max: 3, overshoot: 'reject' }),
      2,
    ],
  ])('is never made: the delivery does what the hook says now (%s)', async (_how, plan, count) => {
    const { clock, done, server, start } = await leftBehind()
    await clock.advance(minute)
    await done(start().post({ ...named('a'), plan }))
    expect(server.replicas('web')).toBe(count)
    expect(server.writes.filter(({ to }) => to === 7)).toEqual([])
  })

  it('does not come before another delivery of a hook that cools down', async () => {
    const { clock, done, server, start } = await leftBehind()
    await clock.advance(minute)
    const step = await done(start().post({ ...named('b'), cooldownMs: 1000, plan: upBy(5, 3) }))
    expect(step).toMatchObject({ outcome: 'done', from: 2, to: 3 })
    expect(server.replicas('web')).toBe(3)
  })

  it('is still found where it was made', async () => {
    const here = setUp(2)
    const { clock, server, start, world } = here
    const dead = start()
    world.fault = request => {
      if (!request.startsWith('PATCH')) return 'answered'
      dead.die()
      return 'answer lost'
    }
    void dead.post({ ...named('a'), plan: upBy(5, 100) })
    await clock.advance(minute / 4)
    world.fault = () => 'answered'
    const copy = start().post({ ...named('a'), plan: upBy(1, 3) })
    await clock.advance(200)
    expect(await copy).toEqual({ outcome: 'done', from: 2, to: 7 })
    expect(server.writes).toHaveLength(1)
  })
})

describe('a claim that a dead process has left', () => {
  it('is finished where the hook still asks for it, by one write', async () => {
    const { clock, done, server, start } = await leftBehind()
    const [claim] = claimsIn(server)
    await clock.advance(minute / 4)
    expect(await done(start().post({ ...named('a'), plan: upBy(5, 100) }))).toEqual({ outcome: 'done', from: 2, to: 7 })
    expect(server.writes.map(({ by }) => by)).toEqual([claim?.mark])
  })

  it('is finished right after an edit, when its process may still be at work', async () => {
    const { done, server, start } = await leftBehind()
    expect(await done(start().post({ ...named('a'), plan: upBy(1, 3) }))).toEqual({ outcome: 'done', from: 2, to: 7 })
    expect(server.replicas('web')).toBe(7)
  })
})
