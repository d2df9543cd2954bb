import { describe, expect, it } from 'vitest'
import { oneTimeKey } from '../../src/dashboard/server/key.ts'
import { mostSessions, streamsOfSession } from '../../src/dashboard/server/limits.ts'
import { sessions, type SignedIn } from '../../src/dashboard/server/session.ts'
import { pastedToken, bearerIn, turnstile } from '../../src/dashboard/server/sign-in.ts'
import { fakeClock } from '../support/clock.ts'
import { noApi } from '../support/environment.ts'
import { seededRandom } from '../support/random.ts'

const hour = 3_600_000

const start = (sessionMs = 12 * hour) => {
  const clock = fakeClock()
  const closed: string[] = []
  const kept = sessions(clock, seededRandom(1), sessionMs)
  const who = (user: string, more: Partial<SignedIn> = {}): SignedIn => ({
    user,
    groups: [],
    api: { ...noApi, close: async () => void closed.push(user) },
    ...more,
  })
  return { clock, closed, kept, who }
}

describe('a session', () => {
  it('is found by its id and its page key together, and by neither alone', () => {
    const { kept, who } = start()
    const alice = kept.open(who('alice'))
    const bob = kept.open(who('bob'))
    expect(kept.find(alice.id, alice.pageKey)).toBe(alice)
    expect(kept.find(alice.id, bob.pageKey)).toBeUndefined()
    expect(kept.find(alice.id, '')).toBeUndefined()
    expect(kept.find('', alice.pageKey)).toBeUndefined()
  })

  it('ends with its token, and closes its connection then', async () => {
    const { clock, closed, kept, who } = start()
    const alice = kept.open(who('alice', { credentialEndsAt: clock.now() + hour / 2 }))
    expect(alice.tokenEnds).toBe(true)
    await clock.advance(hour / 2 - 1)
    expect(alice.ended.aborted).toBe(false)
    await clock.advance(1)
    expect(alice.ended.reason).toBe('expired')
    expect(closed).toEqual(['alice'])
    expect(kept.find(alice.id, alice.pageKey)).toBeUndefined()
  })

  it('ends an hour after it was last used, and lives on while it is used', async () => {
    const { clock, kept, who } = start()
    const used = kept.open(who('used'))
    const unused = kept.open(who('unused'))
    await clock.advance(0.9 * hour)
    kept.find(used.id, used.pageKey)
    await clock.advance(0.2 * hour)
    expect([used.ended.aborted, unused.ended.reason]).toEqual([false, 'signed out'])
    await clock.advance(hour)
    expect(used.ended.reason).toBe('signed out')
    expect(clock.pending).toBe(0)
  })

  it('is used while a stream of it is open, but never for longer than it may last', async () => {
    const { clock, kept, who } = start()
    const alice = kept.open(who('alice'))
    kept.stream(alice)
    await clock.advance(11 * hour)
    expect(alice.ended.aborted).toBe(false)
    await clock.advance(hour)
    expect(alice.ended.reason).toBe('expired')
  })

  it('has so many streams at most, and frees each once', () => {
    const { kept, who } = start()
    const alice = kept.open(who('alice'))
    const frees = Array.from({ length: streamsOfSession }, () => kept.stream(alice))
    expect(frees.every(free => free !== undefined)).toBe(true)
    expect(kept.stream(alice)).toBeUndefined()
    frees[0]?.()
    frees[0]?.()
    expect(kept.stream(alice)).toBeDefined()
    expect(kept.stream(alice)).toBeUndefined()
  })

  it('gives way where there are too many: the longest unused first', async () => {
    const { clock, closed, kept, who } = start()
    const first = kept.open(who('first'))
    await clock.advance(1)
    kept.open(who('second'))
    await clock.advance(1)
    kept.find(first.id, first.pageKey)
    for (let index = 2; index < mostSessions; index++) kept.open(who(`other ${index}`))
    expect(closed).toEqual([])
    kept.open(who('one more'))
    expect(closed).toEqual(['second'])
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

describe('sign-ins', () => {
  it('are five at once and thirty a minute', async () => {
    const clock = fakeClock()
    const gate = turnstile(clock)
    const inside = Array.from({ length: 5 }, () => gate.enter())
    expect(gate.enter()).toBeUndefined()
    inside.forEach(leave => leave?.())
    for (let index = 5; index < 30; index++) gate.enter()?.()
    expect(gate.enter()).toBeUndefined()
    await clock.advance(60_000)
    expect(gate.enter()).toBeDefined()
  })
})
