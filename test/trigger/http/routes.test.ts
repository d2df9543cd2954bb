import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { nodeClock } from '../../../src/environment/node.ts'
import { refusal, type TriggerAnswer } from '../../../src/trigger/answer.ts'
import { serveTrigger } from '../../../src/trigger/http.ts'
import type { TriggerRequest } from '../../../src/trigger/request.ts'
import { testEnvironment } from '../../support/environment.ts'

const ok: TriggerAnswer = { status: 200, headers: {}, body: { message: 'done', reason: 'Stepped' } }

/** Serves a trigger that answers what `answering` does, and every post that it has received. */
const serve = async (answering: () => Promise<TriggerAnswer> = () => Promise.resolve(ok)) => {
  const { lines, log } = testEnvironment()
  const received: TriggerRequest[] = []
  const server = await serveTrigger(
    {
      endpoint: async (request, send) => {
        received.push(request)
        send(await answering())
      },
      preflight: ({ named, token }) => (named || token !== undefined ? undefined : refusal(404, 'UnknownToken')),
      clock: nodeClock,
      log,
    },
    { host: '127.0.0.1', port: 0 },
  )
  onTestFinished(() => server.drain())
  /** Sends one request, and resolves with all that comes back. */
  const ask = async (target: string, head = '', method = 'POST'): Promise<string> => {
    const socket = connect(server.port, '127.0.0.1')
    let answer = ''
    socket.setEncoding('utf8').on('data', (data: string) => void (answer += data))
    socket.write(`${method} ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${head}\r\n`)
    await once(socket, 'close')
    return answer
  }
  return { ask, lines, received }
}

const statusOf = (answer: string): string | undefined => /^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]

describe('the routes of the trigger', () => {
  it('take the token from the path, or from the header that nothing behind them then sees', async () => {
    const { ask, received } = await serve()
    expect(statusOf(await ask('/v1/trigger/TOKEN?dryRun=true', 'Authorization: Bearer other\r\n'))).toBe('200')
    expect(statusOf(await ask('/v1/trigger', 'Authorization: Bearer TOKEN\r\n'))).toBe('200')
    expect(received.map(({ token, headers }) => [token, headers['authorization']])).toEqual([
      ['TOKEN', 'Bearer other'],
      ['TOKEN', undefined],
    ])
  })

  it.each([
    ['a token with percent-encoding', '/v1/trigger/TOKE%4E'],
    ['percent-encoding that cannot be decoded', '/v1/trigger/TOKEN%zz'],
    ['an encoded slash', '/v1/trigger%2FTOKEN'],
    ['a slash at the end', '/v1/trigger/TOKEN/'],
    ['a slash and no token', '/v1/trigger/'],
    ['letters after the path, which a prefix of plain text lets through', '/v1/triggerX'],
    ['letters and a token after the path', '/v1/triggers/TOKEN'],
    ['another case', '/V1/Trigger/TOKEN'],
    ['two slashes', '//v1/trigger/TOKEN'],
    ['a path that goes up', '/v1/other/../trigger/TOKEN'],
  ])('are none for %s: 404, and nothing of the path comes back', async (_what, target) => {
    const { ask, lines, received } = await serve()
    const answer = await ask(target)
    expect(statusOf(answer)).toBe('404')
    expect(answer).toContain('"reason":"UnknownToken"')
    expect(`${answer}${lines.join('')}`).not.toContain('TOKE%')
    expect(`${answer}${lines.join('')}`).not.toContain('/TOKEN')
    expect(received).toEqual([])
  })

  it('take the name from the path, and the secret behind it', async () => {
    const { ask, received } = await serve()
    const longest = `${'a'.repeat(63)}/${'b'.repeat(253)}`
    for (const path of ['shop/web-up', 'shop/web.up?dryRun=true', 'shop/web-up/SECRET_-1', longest]) {
      expect(statusOf(await ask(`/v1/hooks/${path}`, 'Authorization: Bearer TOKEN\r\n'))).toBe('200')
    }
    expect(received.map(({ headers, named, token }) => [named, token, headers['authorization']])).toEqual([
      [{ namespace: 'shop', name: 'web-up' }, undefined, 'Bearer TOKEN'],
      [{ namespace: 'shop', name: 'web.up' }, undefined, 'Bearer TOKEN'],
      [{ namespace: 'shop', name: 'web-up', secret: 'SECRET_-1' }, undefined, 'Bearer TOKEN'],
      [{ namespace: 'a'.repeat(63), name: 'b'.repeat(253) }, undefined, 'Bearer TOKEN'],
    ])
  })

  it.each([
    'shop',
    'shop/',
    'shop/web-up/',
    'shop/web-up/a/b',
    'shop/web-up/a.b',
    `shop/web-up/${'a'.repeat(257)}`,
    'Shop/web-up',
    'shop/Web-up',
    'shop/-web',
    'shop/web..up',
    'shop/web.-up',
    'shop/web-.up',
    'sh.op/web-up',
    'shop/web%2Dup',
    'shop/../shop/web-up',
    `${'a'.repeat(64)}/web-up`,
    `shop/${'b'.repeat(254)}`,
  ])('are none for the impossible name %s', async path => {
    const { ask, received } = await serve()
    expect(statusOf(await ask(`/v1/hooks/${path}`))).toBe('404')
    expect(received).toEqual([])
  })

  it('ask for the body of a post to a name at once, before it is known who wants it', async () => {
    const { ask } = await serve()
    const head = 'Expect: 100-continue\r\nContent-Length: '
    expect(await ask('/v1/hooks/shop/web-up', `${head}4\r\n`)).toMatch(/^HTTP\/1\.1 100 Continue/)
    expect(statusOf(await ask('/v1/hooks/shop/web-up', `${head}4000000\r\n`))).toBe('200')
    expect(statusOf(await ask('/v1/trigger/TOKEN', `${head}4\r\n`))).toBe('200')
  })

  it('never show a stack, nor anything else, where the endpoint fails', async () => {
    const { ask, lines } = await serve(() => Promise.reject(new Error('a fault')))
    expect(await ask('/v1/trigger/TOKEN')).toBe('')
    expect(await ask('/v1/trigger', 'Authorization: Bearer TOKEN\r\n')).toBe('')
    expect(lines.filter(line => line.includes('a fault'))).toHaveLength(2)
    expect(lines.join('')).not.toContain('TOKEN')
  })

  it('make no objects of a query', async () => {
    const { ask, received } = await serve()
    await ask('/v1/trigger/TOKEN?dryRun[a]=1&dryRun[__proto__][b]=2&a=1&a=2')
    expect([...(received[0]?.query ?? [])]).toEqual([
      ['dryRun[a]', '1'],
      ['dryRun[__proto__][b]', '2'],
      ['a', '1'],
      ['a', '2'],
    ])
  })

  it('give an answer no ETag, no name of a framework, and no 304', async () => {
    const { ask } = await serve()
    const answer = await ask(
      '/v1/trigger/TOKEN',
      'If-None-Match: *\r\nIf-Modified-Since: Sat, 28 Nov 2026 00:00:00 GMT\r\n',
    )
    expect(statusOf(answer)).toBe('200')
    expect(answer).not.toMatch(/etag|x-powered-by|express/i)
  })

  it('go by no Host, and refuse two of them, as HTTP says', async () => {
    const { ask, received } = await serve()
    expect(statusOf(await ask('/v1/trigger/TOKEN', 'X-Forwarded-Host: z\r\n'))).toBe('200')
    expect(statusOf(await ask('/v1/trigger/TOKEN', 'Host: y\r\n'))).toBe('400')
    expect(statusOf(await ask('/v1/trigger/TOKEN', 'Host: x\r\n'))).toBe('400')
    expect(received.map(({ headers }) => headers['host'])).toEqual(['x'])
  })

  it('are for posts alone, regardless of what a header says of the method', async () => {
    const { ask, received } = await serve()
    await ask('/v1/trigger/TOKEN', 'X-HTTP-Method-Override: DELETE\r\n')
    expect(received.map(({ method }) => method)).toEqual(['POST'])
  })
})
