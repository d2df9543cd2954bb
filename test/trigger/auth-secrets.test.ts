import { describe, expect, it } from 'vitest'
import type { ApiRequest, ApiResponse } from '../../src/environment/environment.ts'
import { Unreachable } from '../../src/environment/unreachable.ts'
import { secretReader } from '../../src/trigger/auth-secrets.ts'
import { largestKeptSecret, mostKeptSecrets } from '../../src/trigger/limits.ts'
import { fakeClock } from '../support/clock.ts'
import { noApi } from '../support/environment.ts'

const stored = (value: string): ApiResponse => ({
  status: 200,
  headers: {},
  body: JSON.stringify({ metadata: { name: 'x', uid: 'u', resourceVersion: '1' }, data: { token: value } }),
})

const status = (code: number): ApiResponse => ({ status: code, headers: {}, body: '{}' })

const setUp = () => {
  const clock = fakeClock()
  const asked: ApiRequest[] = []
  const server = { answer: async (): Promise<ApiResponse> => stored('one') }
  const request = (request: ApiRequest): Promise<ApiResponse> => {
    asked.push(request)
    return server.answer()
  }
  return { asked, clock, readSecret: secretReader({ api: { ...noApi, request }, clock }), server }
}

describe('a Secret', () => {
  it('is read once for all who ask at the same time, by a plain GET of it alone', async () => {
    const { asked, readSecret } = setUp()
    const found = await Promise.all([1, 2, 3].map(() => readSecret('shop', 'senders')))
    expect(found).toEqual([1, 2, 3].map(() => ({ secret: { data: { token: 'one' } } })))
    expect(asked).toEqual([
      { method: 'GET', path: '/api/v1/namespaces/shop/secrets/senders', lane: 'step', timeoutMs: 1000 },
    ])
  })

  it('is gone by for a second since it was asked for, and then read again', async () => {
    const { asked, clock, readSecret, server } = setUp()
    server.answer = async () => {
      await new Promise<void>(resolve => clock.after(500, resolve))
      return stored('one')
    }
    const reading = readSecret('shop', 'senders')
    await clock.advance(500)
    await reading
    server.answer = () => Promise.resolve(stored('two'))
    await clock.advance(499)
    expect(await readSecret('shop', 'senders')).toEqual({ secret: { data: { token: 'one' } } })
    await clock.advance(1)
    expect(await readSecret('shop', 'senders')).toEqual({ secret: { data: { token: 'two' } } })
    expect(asked).toHaveLength(2)
  })

  it('is not gone by for longer where another was read faster', async () => {
    const { asked, clock, readSecret, server } = setUp()
    server.answer = async () => {
      await new Promise<void>(resolve => clock.after(400, resolve))
      return stored('slow')
    }
    const slow = readSecret('shop', 'slow')
    await clock.advance(100)
    server.answer = () => Promise.resolve(stored('one'))
    await readSecret('shop', 'fast')
    await clock.advance(300)
    await slow
    await clock.advance(600)
    expect(await readSecret('shop', 'fast')).toEqual({ secret: { data: { token: 'one' } } })
    expect(await readSecret('shop', 'slow')).toEqual({ secret: { data: { token: 'one' } } })
    expect(asked).toHaveLength(3)
  })

  it.each<[string, ApiResponse, unknown]>([
    ['that is not there', status(404), { secret: undefined }],
    ['that must not be read', status(403), 'forbidden'],
  ])('%s is not asked for at every post', async (_name, answer, found) => {
    const { asked, clock, readSecret, server } = setUp()
    server.answer = () => Promise.resolve(answer)
    expect([await readSecret('shop', 'senders'), await readSecret('shop', 'senders')]).toEqual([found, found])
    expect(asked).toHaveLength(1)
    server.answer = () => Promise.resolve(stored('one'))
    await clock.advance(2000)
    expect(await readSecret('shop', 'senders')).toEqual({ secret: { data: { token: 'one' } } })
  })

  it.each([429, 500, 503])('that the API server answers %i for is asked for again at once', async code => {
    const { readSecret, server } = setUp()
    server.answer = () => Promise.resolve(status(code))
    expect(await readSecret('shop', 'senders')).toBe('unreachable')
    server.answer = () => Promise.resolve(stored('one'))
    expect(await readSecret('shop', 'senders')).toEqual({ secret: { data: { token: 'one' } } })
  })

  it('is not gone by for longer where the API server cannot be reached', async () => {
    const { clock, readSecret, server } = setUp()
    await readSecret('shop', 'senders')
    server.answer = () => Promise.reject(new Unreachable('cut', false))
    await clock.advance(999)
    expect(await readSecret('shop', 'senders')).toEqual({ secret: { data: { token: 'one' } } })
    await clock.advance(1)
    expect(await readSecret('shop', 'senders')).toBe('unreachable')
  })

  it('of one namespace is not that of another', async () => {
    const { asked, readSecret } = setUp()
    await readSecret('shop', 'senders')
    await readSecret('stop', 'senders')
    expect(asked).toHaveLength(2)
  })

  it('that is large is read for every post rather than kept', async () => {
    const { asked, readSecret, server } = setUp()
    server.answer = () => Promise.resolve(stored('x'.repeat(largestKeptSecret)))
    await readSecret('shop', 'senders')
    await readSecret('shop', 'senders')
    expect(asked).toHaveLength(2)
  })

  it('is forgotten where there are too many, the oldest first', async () => {
    const { asked, readSecret } = setUp()
    for (let i = 0; i <= mostKeptSecrets; i++) await readSecret('shop', `s${i}`)
    await readSecret('shop', `s${mostKeptSecrets}`)
    await readSecret('shop', 's1')
    expect(asked).toHaveLength(mostKeptSecrets + 1)
    await readSecret('shop', 's0')
    expect(asked).toHaveLength(mostKeptSecrets + 2)
  })
})
