import { describe, expect, it } from 'vitest'
import type { ApiRequest, ApiResponse } from '../../src/environment/environment.ts'
import { currencyOf, currentForMs } from '../../src/kube/currency.ts'
import { hooks } from '../../src/kube/resources.ts'
import { fakeClock } from '../support/clock.ts'
import { testEnvironment } from '../support/environment.ts'
import { answer } from '../support/scripted-connection.ts'

type Answer = ApiResponse | 'no answer' | 'cannot be asked'

const proof = answer(200, { metadata: { resourceVersion: '9' }, items: [] })

/** Sets up a watch that is open, whose API server takes `tookMs` to answer. */
const setUp = (source: { namespace?: string; fieldSelector?: string } = {}) => {
  const clock = fakeClock()
  const environment = testEnvironment({ clock })
  const server: { answer: Answer; tookMs: number } = { answer: proof, tookMs: 0 }
  const asked: { readonly request: ApiRequest; readonly at: number }[] = []
  const givenUp: string[] = []
  const currency = currencyOf(environment, { type: hooks, ...source })
  const open = () =>
    currency.proveOver({
      ask: async request => {
        asked.push({ request, at: clock.monotonic() })
        const answered = server.answer
        if (server.tookMs > 0) await new Promise<void>(resolve => clock.after(server.tookMs, resolve))
        return answered
      },
      giveUp: why => givenUp.push(why),
    })
  return { asked, clock, currency, environment, givenUp, open, server }
}

describe('what a watch has reported', () => {
  it('is not current before anything proves it', () => {
    expect(setUp().currency.current()).toBe(false)
  })

  it('is proven by the smallest consistent list of what is watched', async () => {
    const { asked, clock, currency, open } = setUp({ namespace: 'shop', fieldSelector: 'metadata.name=web' })
    open()
    await clock.advance(1)
    expect(currency.current()).toBe(true)
    expect(asked.map(({ request }) => request)).toEqual([
      {
        method: 'GET',
        as: 'metadata list',
        maxBytes: 16384,
        path: '/apis/receiverhooks.dev/v1alpha1/namespaces/shop/receiverhooks',
        // No resourceVersion: with one, an old cache could answer.
        query: { limit: '1', fieldSelector: 'metadata.name=web' },
        lane: 'watch',
        timeoutMs: 1_000,
      },
    ])
  })

  it('is current as of when the proof was asked for, not of when it came', async () => {
    const { clock, currency, open, server } = setUp()
    server.tookMs = 900
    open()
    await clock.advance(900)
    server.answer = 'no answer'
    server.tookMs = 10_000
    expect(currency.current()).toBe(true)
    await clock.advance(currentForMs - 901)
    expect(currency.current()).toBe(true)
    await clock.advance(1)
    expect(currency.current()).toBe(false)
  })

  it.each<[string, Answer]>([
    ['a refusal', answer(403, {})],
    ['a server that is busy', answer(429, {})],
    ['an error of its storage', answer(500, {})],
    ['silence', 'no answer'],
    ['a connection that carries nothing else', 'cannot be asked'],
  ])('is not proven by %s', async (_what, answered) => {
    const { clock, currency, open, server } = setUp()
    server.answer = answered
    open()
    await clock.advance(100)
    expect(currency.current()).toBe(false)
  })

  it('is not current once its watch has ended', async () => {
    const { clock, currency, open } = setUp()
    const end = open()
    await clock.advance(1)
    end()
    expect(currency.current()).toBe(false)
    await clock.advance(60_000)
    expect(clock.pending).toBe(0)
  })

  it('is not proven by an answer that comes when the watch has ended', async () => {
    const { clock, currency, open, server } = setUp()
    server.tookMs = 100
    const end = open()
    await clock.advance(50)
    end()
    await clock.advance(100)
    expect(currency.current()).toBe(false)
  })
})

describe('proofs', () => {
  it('are asked for each second while somebody relies on them, and each ten seconds else', async () => {
    const { asked, clock, currency, open } = setUp()
    open()
    await clock.advance(60_000)
    expect(asked).toHaveLength(7)
    for (let second = 0; second < 60; second++) {
      await clock.advance(1_000)
      currency.current()
    }
    expect(asked.length).toBeGreaterThanOrEqual(7 + 58)
    expect(asked.length).toBeLessThanOrEqual(7 + 62)
  })

  it('are asked for at once when one is missed', async () => {
    const { clock, currency, open } = setUp()
    open()
    await clock.advance(5_000)
    expect(currency.current()).toBe(false)
    await clock.advance(1)
    expect(currency.current()).toBe(true)
  })

  it('are asked for when somebody begins to rely on them, before the last one is too old', async () => {
    const { asked, clock, currency, open } = setUp()
    open()
    await clock.advance(1_200)
    for (let ms = 0; ms < 900; ms += 10) {
      expect(currency.current()).toBe(true)
      await clock.advance(10)
    }
    expect(asked).toHaveLength(2)
  })

  it('are not asked for in a loop where answers prove nothing', async () => {
    const { asked, clock, currency, open, server } = setUp()
    server.answer = answer(429, {})
    open()
    for (let ms = 0; ms < 10_000; ms += 10) {
      await clock.advance(10)
      currency.current()
    }
    expect(asked.length).toBeLessThanOrEqual(51)
  })

  it.each<[string, Answer, number]>([
    ['silence', 'no answer', 1_000],
    ['errors of its storage', answer(500, {}), 5],
  ])('that three times find %s give the watch up, so that it gets another connection', async (_what, answered, ms) => {
    const { asked, clock, givenUp, open, server } = setUp()
    Object.assign(server, { answer: answered, tookMs: ms })
    open()
    await clock.advance(4_000)
    expect(givenUp).toHaveLength(1)
    expect(asked).toHaveLength(3)
  })

  it('of a busy API server do not give the watch up', async () => {
    const { clock, givenUp, open, server } = setUp()
    server.answer = answer(429, {})
    open()
    await clock.advance(60_000)
    expect(givenUp).toEqual([])
  })

  it('that cannot be had are logged once', async () => {
    const { clock, environment, open, server } = setUp()
    server.answer = 'cannot be asked'
    for (let watch = 0; watch < 3; watch++) {
      const end = open()
      await clock.advance(60_000)
      end()
    }
    expect(environment.lines.filter(line => line.includes('HTTP/2'))).toHaveLength(1)
  })
})
