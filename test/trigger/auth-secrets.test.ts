import { describe, expect, it } from 'vitest'
import type { ApiRequest, ApiResponse } from '../../src/environment/environment.ts'
import { Unreachable } from '../../src/environment/unreachable.ts'
import { secretReader } from '../../src/trigger/auth/secrets.ts'
import { maxAuthSecretBytes } from '../../src/api/credentials.ts'
import { maxKeptChars, maxKeptSecrets } from '../../src/trigger/limits.ts'
import { fakeClock } from '../support/clock.ts'
import { noApi } from '../support/environment.ts'

const stored = (value: string): ApiResponse => ({
  status: 200,
  headers: {},
  body: JSON.stringify({ metadata: { name: 'x', uid: 'u', resourceVersion: '1' }, data: { token: value } }),
})

const status = (code: number): ApiResponse => ({ status: code, headers: {}, body: '{}' })
const missing: ApiResponse = { ...status(404), body: JSON.stringify({ details: { name: 'senders' } }) }

const setUp = () => {
  const clock = fakeClock()
  const asked: ApiRequest[] = []
  const server = { answer: async (): Promise<ApiResponse> => stored('one') }
  const request = (request: ApiRequest): Promise<ApiResponse> => {
    asked.push(request)
    return server.answer()
  }
  const reader = secretReader({ api: { ...noApi, request }, clock })
  const readSecret = (namespace: string, name: string, keys = ['token']) => reader(namespace, name, keys)
  return { asked, clock, readSecret, server }
}

describe('a Secret', () => {
  it('is read once for all who ask at the same time, by a plain GET of it alone', async () => {
    const { asked, readSecret } = setUp()
    const found = await Promise.all([1, 2, 3].map(() => readSecret('shop', 'senders')))
    expect(found).toEqual([1, 2, 3].map(() => ({ secret: { data: { token: 'one' } } })))
    expect(asked).toEqual([
      {
        method: 'GET',
        path: '/api/v1/namespaces/shop/secrets/senders',
        lane: 'step',
        timeoutMs: 1000,
        maxBytes: 65_536,
      },
    ])
  })

  it('is read again for who joined a read that then failed, since the read began before and its cause may be over', async () => {
    const { asked, clock, readSecret, server } = setUp()
    const late = Promise.withResolvers<ApiResponse>()
    server.answer = () => late.promise
    const first = readSecret('shop', 'senders')
    await clock.advance(900)
    const joined = [1, 2].map(() => readSecret('shop', 'senders'))
    server.answer = () => Promise.resolve(stored('two'))
    late.reject(new Unreachable('no answer within 1000 ms', true))
    expect(await first).toBe('unreachable')
    const found = { secret: { data: { token: 'two' } } }
    expect(await Promise.all(joined)).toEqual([found, found])
    expect(asked).toHaveLength(2)
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
    ['that is not there', missing, { secret: undefined }],
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

  it.each([404, 429, 500, 503])(
    'that the API server answers %i for, and does not name, is asked for again at once',
    async code => {
      const { readSecret, server } = setUp()
      server.answer = () => Promise.resolve(status(code))
      expect(await readSecret('shop', 'senders')).toBe('unreachable')
      server.answer = () => Promise.resolve(stored('one'))
      expect(await readSecret('shop', 'senders')).toEqual({ secret: { data: { token: 'one' } } })
    },
  )

  it('is read again where an API server that has just started forbids it for a moment', async () => {
    const { asked, clock, readSecret, server } = setUp()
    await readSecret('shop', 'senders')
    await clock.advance(1000)
    server.answer = () => Promise.resolve(status(403))
    const found = readSecret('shop', 'senders')
    await clock.advance(100)
    server.answer = () => Promise.resolve(stored('one'))
    await clock.advance(100)
    expect(await found).toEqual({ secret: { data: { token: 'one' } } })
    expect(asked).toHaveLength(4)
  })

  it('is forbidden after five reads, and after that at once', async () => {
    const { asked, clock, readSecret, server } = setUp()
    await readSecret('shop', 'senders')
    await clock.advance(1000)
    server.answer = () => Promise.resolve(status(403))
    const found = readSecret('shop', 'senders')
    await clock.advance(750)
    expect(await found).toBe('forbidden')
    expect(asked).toHaveLength(1 + 5)
    await clock.advance(1000)
    expect(await readSecret('shop', 'senders')).toBe('forbidden')
    expect(asked).toHaveLength(1 + 5 + 1)
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

  it('is kept with the credential alone, however long that is, and with nothing else that is in it', async () => {
    const { asked, readSecret, server } = setUp()
    const [token, other] = ['x'.repeat(40_000), 'y'.repeat(10_000)]
    server.answer = () =>
      Promise.resolve({
        ...stored(''),
        body: JSON.stringify({ metadata: { name: 'x', uid: 'u', resourceVersion: '1' }, data: { token, other } }),
      })
    expect(await readSecret('shop', 'senders')).toEqual({ secret: { data: { token } } })
    expect(await readSecret('shop', 'senders')).toEqual({ secret: { data: { token } } })
    expect(asked).toHaveLength(1)
    expect(await readSecret('shop', 'senders', ['other'])).toEqual({ secret: { data: { other } } })
    expect(asked).toHaveLength(2)
  })

  it('that is too large is said to be, and is not read at every post', async () => {
    const { asked, clock, readSecret, server } = setUp()
    server.answer = () => Promise.resolve({ ...stored(''), body: '', tooLarge: new Map() })
    for (let post = 0; post < 5; post += 1) expect(await readSecret('shop', 'senders')).toBe('too large')
    expect(asked.map(({ maxBytes }) => maxBytes)).toEqual([maxAuthSecretBytes])
    server.answer = () => Promise.resolve(stored('one'))
    await clock.advance(1000)
    expect(await readSecret('shop', 'senders')).toEqual({ secret: { data: { token: 'one' } } })
  })

  it('is forgotten where they are too long in all', async () => {
    const { asked, readSecret, server } = setUp()
    server.answer = () => Promise.resolve(stored('x'.repeat(40_000)))
    const many = Math.ceil(maxKeptChars / 40_000) + 1
    for (let i = 0; i < many; i += 1) await readSecret('shop', `s${i}`)
    await readSecret('shop', `s${many - 1}`)
    expect(asked).toHaveLength(many)
    await readSecret('shop', 's0')
    expect(asked).toHaveLength(many + 1)
  })

  it('is forgotten where there are too many, the oldest first', async () => {
    const { asked, readSecret } = setUp()
    for (let i = 0; i <= maxKeptSecrets; i++) await readSecret('shop', `s${i}`)
    await readSecret('shop', `s${maxKeptSecrets}`)
    await readSecret('shop', 's1')
    expect(asked).toHaveLength(maxKeptSecrets + 1)
    await readSecret('shop', 's0')
    expect(asked).toHaveLength(maxKeptSecrets + 2)
  })
})
