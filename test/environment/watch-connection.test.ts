import {
  createSecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from 'node:http2'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { ApiRequest } from '../../src/environment/environment.ts'
import { LargeAnswers, largeFromBytes } from '../../src/environment/large-answers.ts'
import { listen } from '../../src/environment/listen.ts'
import { connect } from '../../src/environment/node.ts'
import { Unreachable } from '../../src/environment/unreachable.ts'
import { makeAuthority } from '../support/tls-front.ts'

const list: ApiRequest = { method: 'GET', path: '/list', lane: 'watch', timeoutMs: 300 }

/** Opens a watch of a server that speaks HTTP/2, and counts the connections to it. */
const setUp = async (large = new LargeAnswers()) => {
  const authority = makeAuthority()
  const server = createSecureServer(authority)
  const sessions: ServerHttp2Session[] = []
  const watches: Http2ServerResponse[] = []
  server.on('session', session => void sessions.push(session))
  server.on('request', ({ url }: Http2ServerRequest, response: Http2ServerResponse) => {
    if (url === '/watch') watches.push(response)
    if (url === '/watch') response.write('{}\n')
    else response.end('{}')
  })
  const port = await listen(server, { host: '127.0.0.1', port: 0 })
  const api = connect({ server: `https://127.0.0.1:${port}`, tls: { ca: authority.ca } }, large)
  const stop = new AbortController()
  onTestFinished(async () => {
    stop.abort()
    await api.close()
    server.close()
  })
  const watch = api.watch({ ...list, path: '/watch', timeoutMs: 5000 }, stop.signal)
  const lines = watch[Symbol.asyncIterator]()
  await lines.next()
  return { lines, sessions, watch, watches }
}

test('a request over a watch is answered over its connection', async () => {
  const { sessions, watch } = await setUp()
  expect(await watch.ask(list)).toMatchObject({ status: 200 })
  expect(sessions).toHaveLength(1)
})

test('a request over a watch never opens another connection, which may lead to another API server', async () => {
  const { lines, sessions, watch, watches } = await setUp()
  // An API server that ends, or that has --goaway-chance, takes no new request. The watch goes on.
  sessions[0]?.goaway(0, 1)
  watches[0]?.write('{"after":"goaway"}\n')
  expect(await lines.next()).toEqual({ done: false, value: '{"after":"goaway"}' })
  await expect(watch.ask(list)).rejects.toThrow(Unreachable)
  expect(sessions).toHaveLength(1)
})

test('a request over a watch proves nothing while a line before it waits for memory, and the watch stays open', async () => {
  const large = new LargeAnswers(1000)
  const giveBack = await large.take(1000)
  const { lines, watch, watches } = await setUp(large)
  const long = JSON.stringify('x'.repeat(2 * largeFromBytes))
  watches[0]?.write(`${long}\n"suspended"\n`)
  const next = lines.next()
  await vi.waitFor(() => expect(large.waiting).toBe(1))
  // As the answer of a busy API server, this is no reason to close the watch.
  expect(await watch.ask(list)).toMatchObject({ status: 429 })
  giveBack()
  expect(await next).toMatchObject({ value: long })
  expect(await lines.next()).toMatchObject({ value: '"suspended"' })
  expect(await watch.ask(list)).toMatchObject({ status: 200 })
})
