import { describe, expect, it } from 'vitest'
import { moveWithin } from '../../src/steps/arithmetic.ts'
import { asLeft } from '../../src/steps/as-left.ts'
import type { Version } from '../../src/steps/target/target.ts'
import { setUp, type About } from './claimed.ts'

const upBy5 = moveWithin({ action: 'up', by: { count: 5 }, min: 0, max: 100, overshoot: 'clamp' })
const downBy1 = moveWithin({ action: 'down', by: { count: 1 }, min: 0, max: 100, overshoot: 'clamp' })
const group = { key: 'g', firing: ['x'], mixed: false }
const fires = (key: string): About => ({ delivery: { identity: { key }, group }, undo: true, plan: upBy5 })
const ends: About = { delivery: { phase: 'resolved', identity: { key: 'end' }, group: { ...group, firing: [] } } }

/** Returns an installation with a webhook that lets no count above 5 through. The count begins at 3. */
const capped = () => {
  const here = setUp(3)
  here.server.webhook = count => Math.min(5, count)
  const done = async <T>(step: Promise<T>): Promise<T> => {
    await here.clock.advance(200)
    return await step
  }
  return { ...here, done }
}

describe('a count that a webhook has put in the place of what was written', () => {
  it('is what the answer says, and what the end of the alert takes back: not more', async () => {
    const { done, server, start } = capped()
    const process = start()
    expect(await done(process.post(fires('a')))).toMatchObject({ outcome: 'done', from: 3, to: 5 })
    expect(await done(process.undo(ends))).toMatchObject({ outcome: 'done', from: 5, to: 3 })
    expect(server.replicas('web')).toBe(3)
  })

  it('counts for each post of a write', async () => {
    const { done, server, start } = capped()
    const process = start()
    const posts = [process.unnamed(), process.post(fires('a')), process.unnamed()]
    expect(await done(Promise.all(posts))).toMatchObject([
      { from: 3, to: 4 },
      { from: 4, to: 5 },
      { from: 5, to: 5 },
    ])
    expect(await done(process.undo(ends))).toMatchObject({ from: 5, to: 4 })
    expect(server.replicas('web')).toBe(4)
  })

  it('is found where the answer is lost', async () => {
    const { done, server, start, world } = capped()
    let isLost = false
    world.fault = request => {
      if (!request.startsWith('PATCH') || isLost) return 'answered'
      isLost = true
      return 'answer lost'
    }
    const process = start()
    expect(await done(process.post(fires('a')))).toMatchObject({ from: 3, to: 5 })
    expect(await done(process.undo(ends))).toMatchObject({ from: 5, to: 3 })
    expect(server.replicas('web')).toBe(3)
  })

  it.each(['answer lost', 'never arrives'] as const)('is found by another process, after a death: %s', async fault => {
    const { clock, done, server, start, world } = capped()
    const first = start()
    world.fault = request => {
      if (!request.startsWith('PATCH')) return 'answered'
      first.die()
      return fault
    }
    void first.post(fires('a'))
    await clock.advance(100)
    world.fault = () => 'answered'
    const second = start()
    expect(await done(second.post(fires('a')))).toMatchObject({ from: 3, to: 5 })
    expect(await done(second.undo(ends))).toMatchObject({ from: 5, to: 3 })
    expect(server.replicas('web')).toBe(3)
  })

  it.each([false, true])('gives no post what it has kept from another (answer lost: %s)', async isLost => {
    const { clock, done, server, start, world } = capped()
    const first = start()
    world.fault = request => {
      if (!request.startsWith('PATCH') || !isLost) return 'answered'
      first.die()
      return 'answer lost'
    }
    void first.unnamed(upBy5)
    void first.post({ ...fires('a'), plan: downBy1 })
    await clock.advance(100)
    world.fault = () => 'answered'
    expect(server.writes).toMatchObject([{ from: 3, to: 5 }])
    const second = start()
    await done(second.post({ ...fires('a'), plan: downBy1 }))
    server.webhook = count => count
    expect(await done(second.undo(ends))).toMatchObject({ outcome: 'done', from: 5, to: 6 })
  })

  it('is nothing to take back where it is the count that was there', async () => {
    const { done, server, start } = capped()
    server.webhook = () => 3
    const process = start()
    expect(await done(process.post(fires('a')))).toMatchObject({ from: 3, to: 3 })
    server.webhook = count => count
    expect(await done(process.undo(ends))).toMatchObject({ outcome: 'skipped', reason: 'NothingToUndo' })
    expect(server.replicas('web')).toBe(3)
  })

  it.each([
    ['nothing, so the answer names no end', 3, undefined],
    ['what was let through', 5, Date.parse('2026-01-01T00:01:00.006Z')],
  ])('leases %s', async (_what, most, until) => {
    const { done, server, start } = capped()
    server.webhook = count => Math.min(most, count)
    const leasing = { forMs: 60_000, endBefore: undefined, aim: 'Deployment/web' }
    const step = await done(start().post({ ...fires('a'), undo: false, leasing }))
    expect(step).toEqual({ outcome: 'done', from: 3, to: most, on: undefined, until })
  })
})

describe('the moves of a write', () => {
  const moves = [
    { from: 3, to: 5 },
    { from: 5, to: 8 },
  ]
  const seen: Version = { count: 8, uid: 'u', resourceVersion: '1' }
  const marked = (count: number): Version => ({ ...seen, count, mark: 'm', lastWord: { since: '1', word: 3 } })

  it.each([
    ['no version', undefined],
    ['a version that somebody else has made', { ...marked(6), mark: 'other' }],
    ['a version whose count somebody else owns', { ...seen, count: 6, mark: 'm' }],
  ])('are as they were planned, with %s', (_how, version) => {
    expect(asLeft(moves, { mark: 'm', to: 8 }, version)).toEqual(moves)
  })

  it.each([
    ['as they were planned, where the count is the wanted one', 8, moves],
    [
      'shorter',
      6,
      [
        { from: 3, to: 5 },
        { from: 5, to: 6 },
      ],
    ],
    [
      'none',
      3,
      [
        { from: 3, to: 3 },
        { from: 3, to: 3 },
      ],
    ],
    [
      'longer',
      9,
      [
        { from: 3, to: 5 },
        { from: 5, to: 9 },
      ],
    ],
    [
      'none, where the count went the other way',
      2,
      [
        { from: 2, to: 2 },
        { from: 2, to: 2 },
      ],
    ],
  ])('are %s', (_how, left, made) => {
    expect(asLeft(moves, { mark: 'm', to: 8 }, marked(left), true)).toEqual(made)
  })

  it('are not longer where other moves of the write may go in the other direction', () => {
    expect(asLeft(moves, { mark: 'm', to: 8 }, marked(9))).toEqual(moves)
    expect(asLeft([{ from: 7, to: 6 }], { mark: 'm', to: 6 }, marked(4))).toEqual([{ from: 7, to: 6 }])
  })

  it('are shorter downwards too', () => {
    expect(
      asLeft(
        [
          { from: 8, to: 6 },
          { from: 6, to: 2 },
        ],
        { mark: 'm', to: 2 },
        marked(4),
      ),
    ).toEqual([
      { from: 8, to: 6 },
      { from: 6, to: 4 },
    ])
  })

  it('stay where they go in both directions: nobody knows which was kept back', () => {
    const both = [
      { from: 3, to: 8 },
      { from: 8, to: 6 },
    ]
    expect(asLeft(both, { mark: 'm', to: 6 }, marked(5))).toEqual(both)
  })
})
