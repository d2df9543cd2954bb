import { describe, expect, it } from 'vitest'
import { oneTimeKey } from '../../../dashboard/server/key.ts'
import { places } from '../../../dashboard/server/limits.ts'
import { Sessions, type Session, type SignedIn } from '../../../dashboard/server/session.ts'
import { bearerIn, pastedToken } from '../../../dashboard/server/sign-in.ts'
import { fakeClock } from '../../support/clock.ts'
import { noApi } from '../../support/environment.ts'
import { seededRandom } from '../../support/random.ts'

const hour = 3_600_000

const start = (sessionMs = 12 * hour) => {
  const clock = fakeClock()
  const closed: string[] = []
  const kept = new Sessions(clock, seededRandom(1), sessionMs)
  const who = (user: string, more: Partial<SignedIn> = {}): SignedIn => ({
    user,
    groups: [],
    api: { ...noApi, close: async () => void closed.push(user) },
    ...more,
  })
  const open = (user: string, more: Partial<SignedIn> = {}): Session => {
    const session = kept.open(who(user, more))
    if (session === undefined) throw new Error(`no room for ${user}`)
    return session
  }
  return { clock, closed, kept, open, who }
}

describe('a session', () => {
  it('is found by its id and its page key together, and by neither alone', () => {
    const { kept, open } = start()
    const alice = open('alice')
    const bob = open('bob')
    expect(kept.find(alice.id, alice.pageKey)).toBe(alice)
    expect(kept.find(alice.id, bob.pageKey)).toBeUndefined()
    expect(kept.find(alice.id, '')).toBeUndefined()
    expect(kept.find('', alice.pageKey)).toBeUndefined()
  })

  it('ends with its token, and closes its connection then', async () => {
    const { clock, closed, kept, open } = start()
    const alice = open('alice', { credentialEndsAt: clock.now() + hour / 2 })
    expect(alice.tokenEnds).toBe(true)
    await clock.advance(hour / 2 - 1)
    expect(alice.ended.aborted).toBe(false)
    await clock.advance(1)
    expect(alice.ended.reason).toBe('expired')
    expect(closed).toEqual(['alice'])
    expect(kept.find(alice.id, alice.pageKey)).toBeUndefined()
  })

  it('ends an hour after it was last used, and lives on while it is used', async () => {
    const { clock, kept, open } = start()
    const used = open('used')
    const unused = open('unused')
    await clock.advance(0.9 * hour)
    kept.find(used.id, used.pageKey)
    await clock.advance(0.2 * hour)
    expect([used.ended.aborted, unused.ended.reason]).toEqual([false, 'signed out'])
    await clock.advance(hour)
    expect(used.ended.reason).toBe('signed out')
    expect(clock.pending).toBe(0)
  })

  it('is used while a stream of it is open, but never for longer than it may last', async () => {
    const { clock, kept, open } = start()
    const alice = open('alice')
    kept.stream(alice)
    await clock.advance(11 * hour)
    expect(alice.ended.aborted).toBe(false)
    await clock.advance(hour)
    expect(alice.ended.reason).toBe('expired')
  })

  it('has so many streams at most, and frees each', () => {
    const { kept, open } = start()
    const alice = open('alice')
    const frees = Array.from({ length: places.streamsOfSession }, () => kept.stream(alice))
    expect(frees.every(free => free !== undefined)).toBe(true)
    expect(kept.stream(alice)).toBeUndefined()
    frees[0]?.()
    expect(kept.stream(alice)).toBeDefined()
    expect(kept.stream(alice)).toBeUndefined()
  })

  it('gives way to others where there are too many: the longest unused first', async () => {
    const { clock, closed, kept, open } = start()
    const first = open('first')
    await clock.advance(1)
    open('second')
    await clock.advance(1)
    kept.find(first.id, first.pageKey)
    for (let index = 2; index < places.sessions; index++) open(`other ${index}`)
    expect(closed).toEqual([])
    open('one more')
    expect(closed).toEqual(['second'])
  })

  it('never gives way while a stream of it is open', async () => {
    const { clock, closed, kept, open, who } = start()
    const streams = []
    for (let index = 0; index < places.sessions - 1; index++) streams.push(kept.stream(open(`looks ${index}`)))
    await clock.advance(1)
    open('unused')
    open('one more')
    expect(closed).toEqual(['unused'])
    kept.stream(open('looks too'))
    expect(closed).toEqual(['unused', 'one more'])
    expect(kept.open(who('late'))).toBeUndefined()
    streams[7]?.()
    expect(kept.open(who('late'))).toBeDefined()
    expect(closed).toEqual(['unused', 'one more', 'looks 7'])
  })
})

describe('one person', () => {
  it('who signs in again and again ends sessions of their own, and nobody else has fewer', async () => {
    const { clock, closed, open } = start()
    open('bob')
    await clock.advance(1)
    for (let index = 0; index < 3 * places.sessions; index++) open('alice')
    expect(closed).toEqual(Array.from({ length: 3 * places.sessions - places.sessionsOfUser }, () => 'alice'))
  })

  it('keeps the sessions that have a stream, and then gets no other', () => {
    const { closed, kept, open, who } = start()
    for (let index = 0; index < places.sessionsOfUser; index++) kept.stream(open('alice'))
    expect(kept.open(who('alice'))).toBeUndefined()
    expect(kept.open(who('bob'))).toBeDefined()
    expect(closed).toEqual([])
  })

  it.each([
    ['streams', places.streamsOfUser],
    ['requests', places.requestsOfUser],
  ] as const)('has so many %s at once, over all sessions: %d', (what, most) => {
    const { kept, open } = start()
    const take = (session: Session) => (what === 'streams' ? kept.stream(session) : kept.request(session))
    const alices = Array.from({ length: places.sessionsOfUser }, () => open('alice'))
    const taken = Array.from({ length: 4 * most }, (_, index) => {
      const session = alices[index % alices.length]
      return session && take(session)
    })
    expect(taken.filter(free => free !== undefined)).toHaveLength(most)
    expect(take(open('bob'))).toBeDefined()
    taken[0]?.()
    const [alice] = alices
    expect(alice && take(alice)).toBeDefined()
  })
})

describe('the key', () => {
  it('is good once', () => {
    const key = oneTimeKey(fakeClock(), seededRandom(1))
    const text = key.make()
    expect(text).toHaveLength(24)
    expect([key.take('wrong'), key.take(text), key.take(text)]).toEqual([false, true, false])
  })

  it('is good for five minutes', async () => {
    const clock = fakeClock()
    const key = oneTimeKey(clock, seededRandom(1))
    const text = key.make()
    await clock.advance(5 * 60_000 + 1)
    expect(key.take(text)).toBe(false)
  })

  it('is replaced by the next', () => {
    const key = oneTimeKey(fakeClock(), seededRandom(1))
    const first = key.make()
    const second = key.make()
    expect([key.take(first), key.take(second)]).toEqual([false, true])
  })
})

describe('a token', () => {
  it.each([
    ['abc.def', 'abc.def'],
    ['  abc.\n  def\r\n', 'abc.def'],
    ['"abc"', 'abc'],
    ['Bearer abc', 'abc'],
    ['Authorization: Bearer abc', 'abc'],
    ['   ', ''],
  ])('that was pasted as %j is %j', (pasted, token) => {
    expect(pastedToken(pasted)).toBe(token)
  })

  it.each([
    ['Bearer abc', 'abc'],
    ['bearer a.b-c_d~e+f/g==', 'a.b-c_d~e+f/g=='],
    ['Basic abc', undefined],
    ['Bearer a b', undefined],
    ['Bearer a, Bearer b', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('in the header %j is %j', (header, token) => {
    expect(bearerIn(header)).toBe(token)
  })
})
