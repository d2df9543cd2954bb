import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { describe, expect, it, onTestFinished } from 'vitest'
import { nodeClock } from '../../src/environment/node.ts'
import { refusal, limitedAnswer, type TriggerAnswer } from '../../src/trigger/answer.ts'
import type { Endpoint } from '../../src/trigger/answer.ts'
import { limitedHeldMs } from '../../src/trigger/limits.ts'
import { postedBody } from '../../src/trigger/posted.ts'
import { LargeBodies } from '../../src/trigger/reading/large.ts'
import { BodyTooLarge, TooMany, type TriggerRequest } from '../../src/trigger/request.ts'
import { serveTrigger, type Served } from '../../src/trigger/http.ts'
import type { Head, Preflight } from '../../src/trigger/preflight.ts'
import { fakeClock } from '../support/clock.ts'
import { testEnvironment } from '../support/environment.ts'
import { someHook } from './some-hook.ts'

const ok = {
  status: 200,
  headers: {},
  body: { message: 'done', hook: 'shop/web', reason: 'Stepped' },
} as const satisfies TriggerAnswer

const serve = async (answering: (request: TriggerRequest) => Promise<TriggerAnswer>, more: Partial<Served> = {}) => {
  const { lines, log } = testEnvironment()
  const endpoint: Endpoint = async (request, send) => {
    send(await answering(request))
  }
  const preflight: Preflight = ({ token }) => (token === undefined ? refusal(404, 'UnknownToken') : undefined)
  const served = { endpoint, preflight, clock: nodeClock, log, ...more }
  const server = await serveTrigger(served, { host: '127.0.0.1', port: 0 })
  onTestFinished(() => server.drain())
  return { ...server, lines, url: `http://127.0.0.1:${server.port}/v1/trigger/TOKEN` }
}

/** Sends raw bytes and resolves with everything that comes back until the connection ends. */
const raw = async (port: number, text: string): Promise<string> => {
  const socket = connect(port, '127.0.0.1')
  let received = ''
  socket.setEncoding('utf8').on('data', (data: string) => void (received += data))
  socket.on('error', () => undefined)
  socket.write(text)
  await once(socket, 'close')
  return received
}

const statusesIn = (text: string): string[] => [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status = '']) => status)

describe('the trigger over HTTP', () => {
  const event = { 'ce-specversion': '1.0', 'ce-type': 'com.example.busy', 'ce-id': '1', 'ce-source': '/' }
  const structured = { 'content-type': 'application/cloudevents+json; charset=utf-8' }

  it.each([event, structured])(
    'answers the success of a CloudEvent without a body, which would be an event',
    async headers => {
      const { url } = await serve(() => Promise.resolve(ok))
      const response = await fetch(url, { method: 'POST', headers, body: '{}' })
      expect(response.status).toBe(200)
      expect([response.headers.get('content-length'), response.headers.get('content-type')]).toEqual(['0', null])
      expect(await response.text()).toBe('')
    },
  )

  it.each(['wait=1s', 'dryRun=true'])('answers a CloudEvent with a body if it asks by ?%s', async query => {
    const { url } = await serve(() => Promise.resolve(ok))
    const response = await fetch(`${url}?${query}`, { method: 'POST', headers: event })
    expect(await response.json()).toEqual(ok.body)
  })

  it('answers a refused CloudEvent with a body', async () => {
    const { url } = await serve(() =>
      Promise.resolve(limitedAnswer('Overloaded', { namespace: 'shop', name: 'web', driver: 'scale' })),
    )
    const response = await fetch(url, { method: 'POST', headers: event })
    expect(response.status).toBe(503)
    expect(await response.json()).toMatchObject({ reason: 'Overloaded' })
  })

  it('passes on what a post says, and nothing is read of the body before it is asked for', async () => {
    const seen: TriggerRequest[] = []
    const { url } = await serve(async request => {
      seen.push(request)
      expect(new TextDecoder().decode(await request.body?.(someHook))).toBe('{"a":1}')
      return ok
    })
    const response = await fetch(`${url}?dryRun=true`, {
      method: 'POST',
      body: '{"a":1}',
      headers: { 'X-Event': 'push' },
    })
    expect(response.status).toBe(200)
    // A prompt must not stick to what curl prints.
    expect(await response.text()).toBe(`${JSON.stringify(ok.body)}\n`)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.headers.get('x-powered-by')).toBeNull()
    const [request] = seen
    expect(request?.method).toBe('POST')
    expect(request?.token).toBe('TOKEN')
    expect(request?.query.get('dryRun')).toBe('true')
    expect(request?.headers['x-event']).toBe('push')
  })

  it('passes on every value of a header that is sent more than once', async () => {
    const seen: TriggerRequest['headers'][] = []
    const { port } = await serve(({ headers }) => {
      seen.push(headers)
      return Promise.resolve(ok)
    })
    const twice = 'Authorization: Bearer a\r\nX-Sig: 1\r\nauthorization: Bearer b\r\nx-sig: 2\r\nConstructor: c\r\n'
    const cookies = 'Set-Cookie: d\r\nSet-Cookie: e\r\n'
    await raw(port, `POST /v1/trigger/TOKEN HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${twice}\r\n`)
    await raw(port, `POST /v1/trigger/TOKEN HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${twice}${cookies}\r\n`)
    const joined = { authorization: 'Bearer a, Bearer b', 'x-sig': '1, 2', constructor: 'c' }
    expect(seen).toMatchObject([joined, { ...joined, 'set-cookie': 'd, e' }])
  })

  it('says when nobody waits for the answer any more, and nothing after the answer', async () => {
    let left = 0
    let arrived = (): void => {}
    const isHere = new Promise<void>(resolve => (arrived = resolve))
    const { url } = await serve(async request => {
      if (request.query.has('at-once')) {
        const end = request.onGone?.(() => (left += 1))
        end?.()
        return ok
      }
      await new Promise<void>(resolve => {
        request.onGone?.(resolve)
        arrived()
      })
      left += 1
      return 'no answer'
    })
    expect((await fetch(`${url}?at-once`, { method: 'POST' })).status).toBe(200)
    const hangUp = new AbortController()
    const waits = fetch(url, { method: 'POST', signal: hangUp.signal })
    await isHere
    expect(left).toBe(0)
    hangUp.abort()
    await expect(waits).rejects.toThrow('abort')
    await expect.poll(() => left).toBe(1)
  })

  it('closes the connection where any answer could be untrue', async () => {
    const { port } = await serve(() => Promise.resolve('no answer'))
    expect(await raw(port, 'POST /v1/trigger/TOKEN HTTP/1.1\r\nHost: x\r\n\r\n')).toBe('')
  })

  it('closes a pipelined one as well, whose turn to answer has not come', async () => {
    let release = (): void => {}
    const first = new Promise<void>(resolve => {
      release = resolve
    })
    let posts = 0
    const { port } = await serve(async () => {
      posts += 1
      if (posts === 2) return 'no answer'
      await first
      return ok
    })
    const post = 'POST /v1/trigger/TOKEN HTTP/1.1\r\nHost: x\r\n\r\n'
    expect(await raw(port, post + post)).toBe('')
    release()
  })

  it.each([
    'http://hooks.example.com/v1/trigger/TOKEN?dryRun=true',
    'HTTPS://hooks.example.com:443/v1/trigger/TOKEN?dryRun=true',
    'http://127.0.0.1:8080/v1/trigger/TOKEN?dryRun=true',
    'http://[2001:db8::1]:8080/v1/trigger/TOKEN?dryRun=true',
  ])('serves a target in absolute form as its path and query: %s', async target => {
    const seen: unknown[] = []
    const preflight: Preflight = ({ token, mayBeDry }) => void seen.push([token, mayBeDry])
    const { port } = await serve(
      ({ query, token }) => {
        seen.push([token, query.get('dryRun')])
        return Promise.resolve(ok)
      },
      { preflight },
    )
    const answer = await raw(port, `POST ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
    expect(statusesIn(answer)).toEqual(['200'])
    expect(seen).toEqual([
      ['TOKEN', true],
      ['TOKEN', 'true'],
    ])
  })

  it('serves a name and the front page in absolute form', async () => {
    const seen: TriggerRequest['named'][] = []
    const answering = ({ named }: TriggerRequest): Promise<TriggerAnswer> => {
      seen.push(named)
      return Promise.resolve(ok)
    }
    const { port } = await serve(answering, { preflight: () => undefined })
    const end = 'HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
    expect(statusesIn(await raw(port, `POST http://x/v1/hooks/shop/web-up ${end}`))).toEqual(['200'])
    expect(seen).toEqual([{ namespace: 'shop', name: 'web-up' }])
    for (const target of ['http://x/', 'http://x']) {
      expect(await raw(port, `GET ${target} ${end}`)).toContain('there is nothing to see')
    }
  })

  it('takes all that follows the first question mark for the query', async () => {
    const seen: [string, string][][] = []
    const { url } = await serve(({ query }) => {
      seen.push([...query])
      return Promise.resolve(ok)
    })
    for (const query of ['?note=why?&dryRun=true', '??dryRun=true', '?']) {
      expect((await fetch(`${url}${query}`, { method: 'POST' })).status).toBe(200)
    }
    expect(seen).toEqual([
      [
        ['note', 'why?'],
        ['dryRun', 'true'],
      ],
      [['?dryRun', 'true']],
      [],
    ])
  })

  it.each([
    'http://[::bad/v1/trigger/TOKEN',
    'http://user@x/v1/trigger/TOKEN',
    'http:///v1/trigger/TOKEN',
    'ftp://x/v1/trigger/TOKEN',
    'http://x/v1/trigger/TOKEN#fragment',
    'http://x//v1/trigger/TOKEN',
    'http://x/v1/./trigger/TOKEN',
    '//user@host:bad/v1/trigger/TOKEN#',
    '/v1/trigger/TOKEN#fragment',
    '*',
  ])('has no answer but 404 for %s, and passes it to no parser that would print it', async target => {
    const warnings: string[] = []
    const warned = ({ message }: Error): void => void warnings.push(message)
    process.on('warning', warned)
    onTestFinished(() => void process.off('warning', warned))
    const { port } = await serve(() => Promise.resolve(ok))
    const answer = await raw(port, `POST ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
    expect(statusesIn(answer)).toEqual(['404'])
    expect(answer).not.toContain('TOKEN')
    expect(warnings.join()).not.toContain('TOKEN')
  })

  it('answers what the head decides before anything else is done, and keeps the connection for the next', async () => {
    const seen: Head[] = []
    const preflight: Preflight = head => {
      seen.push(head)
      return refusal(503, 'Overloaded')
    }
    const { port } = await serve(() => Promise.reject(new Error('nothing goes on')), { preflight })
    const post = 'POST /v1/trigger/TOKEN?dryRun=true HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello'
    const last = 'GET /v1/trigger/a/b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
    expect(statusesIn(await raw(port, post + post + last))).toEqual(['503', '503', '503'])
    expect(seen).toMatchObject([
      { method: 'POST', token: 'TOKEN', source: '127.0.0.1', mayBeDry: true },
      { method: 'POST', token: 'TOKEN', source: '127.0.0.1', mayBeDry: true },
      { method: 'GET', token: undefined, source: '127.0.0.1', mayBeDry: false },
    ])
  })

  it.each([
    ['its rate', 'RateLimited'],
    ['what may be written for it', 'WritesLimited'],
  ] as const)('holds back the answer to a post beyond a limit of its hook: %s', async (_, reason) => {
    const clock = fakeClock()
    const limited = limitedAnswer(reason, someHook)
    const { port, url } = await serve(() => Promise.resolve(limited), { clock })
    const early = await serve(() => Promise.reject(new Error('nothing goes on')), { clock, preflight: () => limited })
    const statuses: number[] = []
    const posts = [url, `http://127.0.0.1:${early.port}/v1/trigger/TOKEN`].map(async to =>
      statuses.push((await fetch(to, { method: 'POST' })).status),
    )
    // Meanwhile others are answered at once.
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200)
    await expect.poll(() => clock.pending).toBe(2)
    await clock.advance(limitedHeldMs - 1)
    expect(statuses).toEqual([])
    await clock.advance(1)
    await Promise.all(posts)
    expect(statuses).toEqual([503, 503])
  })

  it('closes it too when the endpoint fails unexpectedly, and logs no URL', async () => {
    const { lines, port } = await serve(() => Promise.reject(new Error('a fault')))
    expect(await raw(port, 'POST /v1/trigger/TOKEN HTTP/1.1\r\nHost: x\r\n\r\n')).toBe('')
    expect(lines.join('')).toContain('a fault')
    expect(lines.join('')).not.toContain('TOKEN')
  })

  it.each([
    ['announced', `Content-Length: ${2 ** 21}\r\n\r\n${'x'.repeat(1000)}`],
    ['in chunks', `Transfer-Encoding: chunked\r\n\r\n${`10000\r\n${'x'.repeat(65_536)}\r\n`.repeat(17)}`],
  ])('stops reading a body that is too large (%s), answers, and closes', async (_name, rest) => {
    let refused: unknown
    const { port } = await serve(async request => {
      refused = await request.body?.(someHook).catch((error: unknown) => error)
      return refusal(413, 'BodyTooLarge')
    })
    const answer = await raw(port, `POST /v1/trigger/TOKEN HTTP/1.1\r\nHost: x\r\n${rest}`)
    expect(refused).toBeInstanceOf(BodyTooLarge)
    expect(statusesIn(answer)).toEqual(['413'])
  })

  it('has no room for more bodies than 64 MiB, until their posts are answered', async () => {
    let answer = (): void => {}
    const slow = new Promise<void>(resolve => {
      answer = resolve
    })
    let read = 0
    let refused: unknown
    let namespaces = 0
    const { url } = await serve(async request => {
      try {
        await request.body?.({ uid: `uid-${namespaces}`, namespace: `${namespaces++}` })
      } catch (error) {
        refused = error
        return refusal(503, 'Overloaded')
      }
      read += 1
      await slow
      return ok
    })
    const body = new Uint8Array(1024 * 1024)
    const post = async (): Promise<number> => (await fetch(url, { method: 'POST', body })).status
    const waiting = Array.from({ length: 64 }, post)
    await expect.poll(() => read).toBe(64)
    expect(await post()).toBe(503)
    expect(refused).toBeInstanceOf(TooMany)
    answer()
    expect(new Set(await Promise.all(waiting))).toEqual(new Set([200]))
    expect(await post()).toBe(200)
  })

  it('counts a body as it is once it is unpacked, and as long as an act has it', async () => {
    const large = new LargeBodies(nodeClock, undefined)
    let namespaces = 0
    const ends: (() => void)[] = []
    const serving = async (request: TriggerRequest): Promise<TriggerAnswer> => {
      const hook = { ...someHook, uid: `uid-${namespaces}`, namespace: `${namespaces++}` }
      const body = postedBody(nodeClock, { intake: { takeLarge: () => true }, large }, request)
      const read = await body.message(hook)
      if ('refused' in read) return read.refused
      const end = request.keep?.()
      if (end) ends.push(end)
      return ok
    }
    // Room for bodies of 9 MiB: an eighth of it has room for one.
    const { url } = await serve(serving, { memoryBytes: 90 * 1024 * 1024 })
    const post = async (bytes: number): Promise<number> => {
      const body = gzipSync(Buffer.alloc(bytes, 'x'))
      return (await fetch(url, { method: 'POST', body, headers: { 'content-encoding': 'gzip' } })).status
    }
    const mebibyte = 1024 * 1024
    for (let posts = 0; posts < 8; posts++) expect(await post(mebibyte)).toBe(200)
    expect(await post(mebibyte)).toBe(503)
    // A body that turns out to be too large is counted no longer than it is there.
    ends.shift()?.()
    expect(await post(mebibyte + 1)).toBe(413)
    expect(await post(mebibyte)).toBe(200)
    expect(await post(mebibyte)).toBe(503)
    for (const end of ends) end()
    expect(await post(mebibyte)).toBe(200)
  })

  it('never takes an unread body for the next request', async () => {
    const tokens: (string | undefined)[] = []
    const { port } = await serve(({ token }) => {
      tokens.push(token)
      return Promise.resolve(refusal(404, 'UnknownToken'))
    })
    const inner = 'POST /v1/trigger/INNER HTTP/1.1\r\nHost: x\r\n\r\n'
    const outer = `POST /v1/trigger/OUTER HTTP/1.1\r\nHost: x\r\nContent-Length: ${inner.length}\r\n\r\n`
    const next = 'POST /v1/trigger/NEXT HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
    expect(statusesIn(await raw(port, outer + inner + next))).toEqual(['404', '404'])
    expect(tokens).toEqual(['OUTER', 'NEXT'])
  })

  it.each([
    ['announced', `Content-Length: ${3 * 2 ** 20}\r\n\r\n${'x'.repeat(3 * 2 ** 20)}`],
    ['in chunks', `Transfer-Encoding: chunked\r\n\r\n${`10000\r\n${'x'.repeat(65_536)}\r\n`.repeat(48)}0\r\n\r\n`],
  ])('answers a large body early so that a client sees it that is still sending (%s)', async (_name, rest) => {
    const { port } = await serve(() => Promise.resolve(refusal(401, 'Unauthorized')))
    // A client that looks for the answer only when it has sent all.
    const socket = connect(port, '127.0.0.1')
    const failed: unknown[] = []
    socket.on('error', error => failed.push(error))
    await new Promise(resolve => socket.write(`POST /v1/trigger/TOKEN HTTP/1.1\r\nHost: x\r\n${rest}`, resolve))
    let received = ''
    socket.setEncoding('utf8').on('data', (data: string) => void (received += data))
    await once(socket, 'close')
    expect(failed).toEqual([])
    expect(statusesIn(received)).toEqual(['401'])
    expect(received).toMatch(/connection: close/i)
  })

  it.each([
    ['says nothing of one', '', false],
    ['says that it is empty', 'Content-Length: 0\r\n', false],
    ['says how long it is', 'Content-Length: 5\r\n', true],
    ['sends it in chunks', 'Transfer-Encoding: chunked\r\n', true],
  ])('has a body to read where the head %s: %j', async (_what, head, has) => {
    const seen: boolean[] = []
    const { port } = await serve(async request => {
      seen.push(request.body !== undefined)
      return Promise.resolve(ok)
    })
    const body = head.startsWith('Content-Length: 5') ? 'hello' : head.startsWith('Transfer') ? '0\r\n\r\n' : ''
    await raw(port, `POST /v1/trigger/TOKEN HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${head}\r\n${body}`)
    expect(seen).toEqual([has])
  })

  it('reads nothing of a body whose sender asks first, before it is wanted', async () => {
    const { port } = await serve(
      async request => {
        if (request.headers['x-wanted'] === undefined) return refusal(404, 'UnknownToken')
        expect(new TextDecoder().decode(await request.body?.(someHook))).toBe('hello')
        return ok
      },
      { preflight: () => undefined },
    )
    const head = (more: string): string =>
      `POST /v1/trigger/TOKEN HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n${more}\r\n`
    const wanted = await raw(port, `${head('X-Wanted: yes\r\nConnection: close\r\n')}hello`)
    expect(statusesIn(wanted)).toEqual(['100', '200'])
    expect(statusesIn(await raw(port, `${head('')}hello`))).toEqual(['404'])
    // At a name it is asked for at once, and not again when it is wanted.
    const named = head('X-Wanted: yes\r\nConnection: close\r\n').replace('/v1/trigger/TOKEN', '/v1/hooks/shop/web-up')
    expect(statusesIn(await raw(port, `${named}hello`))).toEqual(['100', '200'])
  })

  it('takes no more connections of one source than its half: the next one takes the place of the one that waits longest', async () => {
    // Room for sixteen connections.
    const { port, url } = await serve(() => Promise.resolve(ok), { memoryBytes: 16 * 6 * 64 * 1024 })
    const ended: number[] = []
    const open = async (index: number) => {
      const socket = connect(port, '127.0.0.1')
      socket.on('close', () => ended.push(index))
      socket.on('error', () => undefined).resume()
      await once(socket, 'connect')
      socket.write('POST /v1/trigger/TOKEN HTTP/1.1\r\n')
      return socket
    }
    const sockets: Socket[] = []
    for (let index = 0; index < 9; index++) sockets.push(await open(index))
    await expect.poll(() => ended).toEqual([0])
    // One whole request is served, in the place of the next.
    expect((await fetch(url, { method: 'POST' })).status).toBe(200)
    expect(ended).toEqual([0, 1])
    for (const socket of sockets) socket.destroy()
  })

  it('serves a third address while two others hold all places with heads that do not end', async () => {
    // Room for 64 connections.
    const { port } = await serve(() => Promise.resolve(ok), { memoryBytes: 64 * 6 * 64 * 1024 })
    const held: Socket[] = []
    onTestFinished(() => {
      for (const socket of held) socket.destroy()
    })
    for (const localAddress of ['127.0.0.2', '127.0.0.3']) {
      for (let index = 0; index < 40; index++) {
        const socket = connect({ port, host: '127.0.0.1', localAddress })
        socket.on('error', () => undefined).resume()
        held.push(socket)
        await once(socket, 'connect')
        socket.write('POST /v1/trigger/TOKEN HTTP/1.1\r\n')
      }
    }
    const answers: string[] = []
    // Their connections stay open, as those of a proxy do.
    for (let index = 0; index < 20; index++) {
      const socket = connect(port, '127.0.0.1')
      held.push(socket)
      const answer = once(socket.setEncoding('latin1'), 'data').catch(() => ['no answer'])
      const closed = once(socket, 'close').then(() => ['closed'])
      socket.write('POST /v1/trigger/TOKEN HTTP/1.1\r\nHost: x\r\n\r\n')
      answers.push(String((await Promise.race([answer, closed]))[0]))
    }
    expect(answers.flatMap(answer => statusesIn(answer))).toEqual(Array.from({ length: 20 }, () => '200'))
  })

  it('cuts a connection that sends more and more without waiting for an answer', async () => {
    let posts = 0
    const { port } = await serve(() => {
      posts += 1
      return new Promise(() => {})
    })
    const post = 'POST /v1/trigger/TOKEN HTTP/1.1\r\nHost: x\r\n\r\n'
    expect(await raw(port, post.repeat(1000))).toBe('')
    expect(posts).toBeLessThan(20)
  })

  it('answers a head that is too large or no HTTP, and goes on', async () => {
    const { port, url } = await serve(() => Promise.resolve(ok))
    expect(statusesIn(await raw(port, `POST / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`))).toEqual([
      '431',
    ])
    expect(statusesIn(await raw(port, 'hello\r\n\r\n'))).toEqual(['400'])
    expect((await fetch(url, { method: 'POST' })).status).toBe(200)
  })

  it('says with every answer that the connection closes, once it is to end', async () => {
    const server = await serve(() => Promise.resolve(ok))
    const { port } = server
    const post = 'POST /v1/trigger/TOKEN HTTP/1.1\r\nHost: x\r\n\r\n'
    const socket = connect(port, '127.0.0.1')
    let received = ''
    socket.setEncoding('utf8').on('data', (data: string) => void (received += data))
    socket.write(post)
    await expect.poll(() => received).toMatch(/connection: keep-alive/i)
    server.closing()
    socket.write(post)
    await once(socket, 'close')
    expect(received).toMatch(/connection: close/i)
    expect(await raw(port, post.replace('/v1', '/v2'))).toMatch(/connection: close/i)
  })

  it('finishes what it has accepted when it drains, and takes nothing new', async () => {
    let finish = (): void => {}
    const accepted = new Promise<void>(resolve => {
      finish = resolve
    })
    let arrived = (): void => {}
    const arriving = new Promise<void>(resolve => {
      arrived = resolve
    })
    const server = await serve(async () => {
      arrived()
      await accepted
      return ok
    })
    const slow = fetch(server.url, { method: 'POST' })
    await arriving
    const drained = server.drain()
    await expect(fetch(server.url, { method: 'POST' })).rejects.toThrow('fetch failed')
    finish()
    expect((await slow).status).toBe(200)
    await drained
  })
})
