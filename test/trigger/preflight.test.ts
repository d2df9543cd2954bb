import { describe, expect, it } from 'vitest'
import { intakeOf } from '../../src/trigger/intake.ts'
import { refusedRate } from '../../src/trigger/limits.ts'
import { preflightOf } from '../../src/trigger/preflight.ts'
import type { Handled } from '../../src/trigger/record.ts'
import { fakeClock } from '../support/clock.ts'
import { someHook } from './some-hook.ts'

const unspent = { isSpent: () => false }

const known = `eyJhbGciOiJFZERTQSJ9.eyJhIjoxfQ.${'A'.repeat(86)}`
const unknown = `eyJhbGciOiJFZERTQSJ9.eyJhIjoyfQ.${'A'.repeat(86)}`
const source = '192.0.2.1'

const setUp = (hook = someHook) => {
  const recorded: Handled[] = []
  const intake = intakeOf(fakeClock(), 10, unspent)
  const { name, namespace, uid } = hook
  const preflight = preflightOf({
    budget: { secondsSpent: () => 1 },
    verifier: { known: token => (token === known ? { name, namespace, uid, rotation: 1 } : undefined) },
    hooks: { known: () => hook },
    intake,
    record: handled => void recorded.push(handled),
  })
  const ask = (token: string | undefined, method = 'POST') => {
    const answer = preflight({ method, token, source })
    return answer === 'no answer' ? answer : answer && `${answer.status} ${answer.body.reason}`
  }
  return { ask, intake, recorded }
}

describe('before anything is done with a request', () => {
  it.each([
    ['a path of no trigger', undefined],
    ['a text that is no token', 'TOKEN'],
    ['a token with a part too many', `${known}.A`],
    ['a token that is cut short', known.slice(0, -1)],
    ['a text that is longer than a token', `A${known}`.repeat(30)],
  ])('%s is told apart, and counted', (_name, token) => {
    const { ask, recorded } = setUp()
    expect(ask(token)).toBe('404 UnknownToken')
    expect(recorded).toHaveLength(1)
  })

  it('a method other than POST is refused', () => {
    expect(setUp().ask(known, 'GET')).toBe('405 MethodNotAllowed')
  })

  it('a good token goes on, and so does one that is not known here, since it may be good', () => {
    const { ask, recorded } = setUp()
    expect([ask(known), ask(unknown)]).toEqual([undefined, undefined])
    expect(recorded).toEqual([])
  })

  it('of a source that was refused again and again only good tokens go on', () => {
    const { ask, intake } = setUp()
    for (let post = 0; post < refusedRate.burst; post++) intake.refused(source)
    expect([ask(known), ask(unknown)]).toEqual([undefined, '503 Overloaded'])
  })

  it('posts beyond the rate limit of their hook end, in its name', () => {
    const hook = { ...someHook, rateLimit: { perSecond: 1, burst: 1 } }
    const { ask, intake, recorded } = setUp(hook)
    intake.enter(hook)
    expect(ask(known)).toBe('503 RateLimited')
    expect(recorded).toMatchObject([{ hook }])
  })
})
