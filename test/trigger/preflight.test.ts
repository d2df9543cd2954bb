import { describe, expect, it } from 'vitest'
import type { LiveHook } from '../../src/trigger/hook.ts'
import { Distrust } from '../../src/trigger/distrust.ts'
import { intakeOf } from '../../src/trigger/intake.ts'
import { checkRates, refusedRate } from '../../src/trigger/limits.ts'
import { preflightOf } from '../../src/trigger/preflight.ts'
import type { Handled } from '../../src/trigger/report.ts'
import { publicKeysOf, signingKey } from '../../src/token/keys.ts'
import { mint } from '../../src/token/mint.ts'
import { createVerifier } from '../../src/token/verify.ts'
import { fakeClock } from '../support/clock.ts'
import { seededRandom } from '../support/random.ts'
import { someHook } from './some-hook.ts'

const unspent = { isSpent: () => false }
const random = seededRandom(7)
const key = signingKey(random.bytes(32))
const otherKey = signingKey(random.bytes(32))
const keys = publicKeysOf([key], 'v1')

/** A hook that this process has, and the token of which it has verified. */
const { name, namespace, uid } = someHook
const known = await mint(key, { namespace, name, uid, rotation: 1 })
/** Another one that it has; its token has not come yet. */
const first: LiveHook = { ...someHook, name: 'first', uid: 'uid-2' }
const unknown = await mint(key, { namespace, name: first.name, uid: first.uid, rotation: 1 })
const ofNoHook = await mint(key, { namespace, name: 'none', uid: 'uid-3', rotation: 1 })
const ofOtherKey = await mint(otherKey, { namespace, name: first.name, uid: first.uid, rotation: 1 })
const source = '192.0.2.1'

const setUp = async (hook: LiveHook = someHook) => {
  const reported: Handled[] = []
  const clock = fakeClock()
  const intake = intakeOf(clock, 10, unspent)
  const distrust = new Distrust(clock)
  const verifier = createVerifier({ remember: 10 })
  await verifier.verify(known, keys, 0)
  const preflight = preflightOf({
    budget: { secondsSpent: () => 1 },
    distrust,
    verifier,
    hooks: {
      known: ({ uid }) => [hook, first].find(each => each.uid === uid),
      knownNamed: ({ name }) => [hook, first].find(each => each.name === name),
    },
    intake,
    keys: { current: () => keys },
    report: handled => void reported.push(handled),
  })
  const ask = (token: string | undefined, { isLong = false, method = 'POST' } = {}) => {
    const answer = preflight({ method, token, source, isLong: () => isLong })
    return answer === 'no answer' ? answer : answer && `${answer.status} ${answer.body.reason}`
  }
  const refuse = (of?: LiveHook): void => {
    for (let post = 0; post < refusedRate.burst; post++) distrust.refused(source, of)
  }
  return { ask, distrust, intake, reported, refuse }
}

describe('before anything is done with a request', () => {
  it.each([
    ['a path of no trigger', undefined],
    ['a text that is no token', 'TOKEN'],
    ['a token with a part too many', `${known}.A`],
    ['a token that is cut short', known.slice(0, -1)],
    ['a text that is longer than a token', `A${known}`.repeat(30)],
  ])('%s is distinguished, and counted', async (_name, token) => {
    const { ask, reported } = await setUp()
    expect(ask(token)).toBe('404 UnknownToken')
    expect(reported).toHaveLength(1)
  })

  it('a method other than POST is refused', async () => {
    const { ask } = await setUp()
    expect(ask(known, { method: 'GET' })).toBe('405 MethodNotAllowed')
  })

  it('a good token goes on, and so does one that is not known here, since it may be good', async () => {
    const { ask, reported } = await setUp()
    expect([ask(known), ask(unknown), ask(ofNoHook), ask(ofOtherKey)]).toEqual(Array.from({ length: 4 }))
    expect(reported).toEqual([])
  })

  it('posts beyond the rate limit of their hook end, in its name', async () => {
    const hook = { ...someHook, rateLimit: { perSecond: 1, burst: 1 } }
    const { ask, intake, reported } = await setUp(hook)
    intake.enter(hook)
    expect(ask(known)).toBe('503 RateLimited')
    expect(reported).toMatchObject([{ hook }])
  })
})

describe('of a source that was refused again and again', () => {
  it('tokens go on that were verified before, and those that name a hook of ours by a key of ours', async () => {
    const { ask, refuse } = await setUp()
    refuse()
    expect([ask(known), ask(unknown)]).toEqual([undefined, undefined])
    expect([ask(ofNoHook), ask(ofOtherKey)]).toEqual(['503 Overloaded', '503 Overloaded'])
  })

  it('tokens that name one hook are verified at a bounded rate, and leave the others their share', async () => {
    const { ask, refuse } = await setUp()
    refuse()
    const { ofAll, ofHook } = checkRates.short
    const forged = await mint(key, { namespace, name, uid, rotation: 2 })
    const answers = Array.from({ length: 4000 }, () => ask(forged))
    expect(answers.filter(answer => answer === undefined)).toHaveLength(ofAll.burst + ofHook.burst)
    expect(ask(unknown)).toBeUndefined()
  })

  it('a verified token is enough for a hook that requires no more: all posts may come from one proxy', async () => {
    const { ask, refuse } = await setUp()
    refuse()
    refuse(someHook)
    expect(Array.from({ length: 4000 }, () => ask(known)).every(answer => answer === undefined)).toBe(true)
  })

  it('posts to a hook with auth go on although many of them proved nothing', async () => {
    const guarded: LiveHook = {
      ...someHook,
      auth: { form: 'hmac', secret: 's', key: 'k', header: 'x-sig', prefix: '' },
    }
    const { ask, refuse } = await setUp(guarded)
    refuse(guarded)
    const { ofAll, ofHook } = checkRates.long
    const long = Array.from({ length: 200 }, () => ask(known, { isLong: true }))
    expect(long.filter(answer => answer === undefined)).toHaveLength(ofAll.burst + ofHook.burst)
    // Short ones cost less, and are counted apart.
    expect([ask(known, { isLong: true }), ask(known)]).toEqual(['503 Overloaded', undefined])
  })
})
