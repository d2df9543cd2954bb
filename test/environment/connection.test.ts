import { wholeLines } from '../support/lines.ts'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTcpServer, type Server } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import type { ServerAccess } from '../../src/environment/access.ts'
import type { ApiRequest, WatchLine } from '../../src/environment/environment.ts'
import { listen } from '../../src/environment/listen.ts'
import { connect, type NodeConnection } from '../../src/environment/node.ts'
import { Unreachable, WatchRefused } from '../../src/environment/unreachable.ts'

const get: ApiRequest = { method: 'GET', path: '/api/v1/pods', lane: 'bulk', timeoutMs: 30_000 }
const patch: ApiRequest = {
  ...get,
  method: 'PATCH',
  lane: 'step',
  body: '{"a":1}',
  contentType: 'application/merge-patch+json',
}

const to = (access: ServerAccess): NodeConnection => {
  const connection = connect(access)
  onTestFinished(() => connection.close())
  return connection
}

const at = async (server: Server): Promise<string> => {
  const port = await listen(server, { host: '127.0.0.1', port: 0 })
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${port}`
}

type Handler = (request: IncomingMessage & { text: string }, response: ServerResponse) => void

const serving = async (handler: Handler, access: Partial<ServerAccess> = {}, path = ''): Promise<NodeConnection> => {
  const server = createServer((request, response) => {
    let text = ''
    request.setEncoding('utf8').on('data', (part: string) => (text += part))
    request.on('end', () => handler(Object.assign(request, { text }), response))
  })
  const url = await at(server)
  onTestFinished(() => server.closeAllConnections())
  return to({ server: url + path, ...access })
}

const failure = async (promise: Promise<unknown>): Promise<Unreachable> => {
  const error = await promise.then(
    () => 'no error',
    (error: unknown) => error,
  )
  if (!(error instanceof Unreachable)) throw new Error(`expected Unreachable, found ${String(error)}`, { cause: error })
  return error
}

test('a request carries its method, path, query, body, media types and a fresh authorization', async () => {
  let count = 0
  const api = await serving(
    ({ method, url, headers, text }, response) =>
      response
        .writeHead(201, { 'X-One': 'two', 'set-cookie': ['a', 'b'] })
        .end(JSON.stringify({ method, url, headers, text })),
    { authorization: () => Promise.resolve(`Bearer ${++count}`) },
    '/k8s/clusters/c-1/',
  )
  await api.request(get)
  const { status, headers, body } = await api.request({ ...patch, query: { fieldManager: 'rhook.x&y', force: 'true' } })
  expect(status).toBe(201)
  expect(headers).toMatchObject({ 'x-one': 'two', 'set-cookie': ['a', 'b'] })
  expect(JSON.parse(body)).toMatchObject({
    method: 'PATCH',
    url: '/k8s/clusters/c-1/api/v1/pods?fieldManager=rhook.x%26y&force=true',
    text: '{"a":1}',
    headers: { accept: 'application/json', 'content-type': 'application/merge-patch+json', authorization: 'Bearer 2' },
  })
})

test.each([200, 404, 409, 500, 503])('an answer of %i is an answer, not an error', async status => {
  const api = await serving((_request, response) => response.writeHead(status).end('said'))
  expect(await api.request(get)).toMatchObject({ status, body: 'said' })
})

test('an answer in many parts is whole, also where a part ends within a character', async () => {
  const text = 'Größe ✓ 𝄞'.repeat(50)
  const api = await serving((_request, response) => {
    for (const byte of Buffer.from(text)) response.write(Buffer.of(byte))
    response.end()
  })
  expect((await api.request(get)).body).toBe(text)
})

test.each([
  ['nobody listens', 'http://127.0.0.1:1', /ECONNREFUSED/],
  ['the name is not known', 'http://no-such-host.invalid', /no-such-host/],
])('where %s, the request surely did not arrive', async (_why, server, message) => {
  const error = await failure(to({ server }).request(patch))
  expect(error.mayHaveArrived).toBe(false)
  expect(error.message).toMatch(message)
  expect(error.message).toContain('PATCH /api/v1/pods')
})

test('where TLS fails, the request surely did not arrive', async () => {
  const url = await at(createTcpServer(socket => void socket.on('error', () => {}).end('this is no TLS')))
  expect((await failure(to({ server: url.replace('http:', 'https:') }).request(patch))).mayHaveArrived).toBe(false)
})

test('where there is no authorization to be had, nothing is sent', async () => {
  let arrived = 0
  const api = await serving(() => arrived++, { authorization: () => Promise.reject(new Error('the plugin failed')) })
  const error = await failure(api.request(patch))
  expect(error.message).toContain('the plugin failed')
  expect([error.mayHaveArrived, arrived]).toEqual([false, 0])
})

test('a request whose connection is closed before, or in the middle of, the answer may have arrived', async () => {
  const closed = await serving(request => request.socket.destroy())
  expect((await failure(closed.request(patch))).mayHaveArrived).toBe(true)
  const cut = await serving((request, response) => {
    response.writeHead(200, { 'content-length': '100' }).write('{"half":', () => request.socket.destroy())
  })
  expect((await failure(cut.request(patch))).mayHaveArrived).toBe(true)
})

test('a request without an answer in time may have arrived, and the time covers the body too', async () => {
  const silent = await serving(() => {})
  const error = await failure(silent.request({ ...patch, timeoutMs: 1000 }))
  expect(error.mayHaveArrived).toBe(true)
  expect(error.message).toContain('no answer within 1000 ms')
  const dripping = await serving((_request, response) => {
    const timer = setInterval(() => response.write('x'), 10)
    response.on('close', () => clearInterval(timer))
  })
  expect((await failure(dripping.request({ ...patch, timeoutMs: 1000 }))).mayHaveArrived).toBe(true)
})

test('a request that waited for a free socket until its time was over was never sent', async () => {
  const seen: string[] = []
  const held: ServerResponse[] = []
  const api = await serving((request, response) => {
    seen.push(request.url ?? '')
    held.push(response)
  })
  // The lease lane has two sockets.
  const holding = [1, 2].map(n => api.request({ ...patch, lane: 'lease', path: `/held/${n}` }))
  await expect.poll(() => seen.length).toBe(2)
  const error = await failure(api.request({ ...patch, lane: 'lease', path: '/late', timeoutMs: 50 }))
  expect(error.mayHaveArrived).toBe(false)
  for (const response of held) response.end('{}')
  await Promise.all(holding)
  // A later one goes through; the one that was given up never does.
  const later = api.request({ ...patch, lane: 'lease', path: '/later' })
  await expect.poll(() => seen.length).toBe(3)
  held.at(-1)?.end('{}')
  await later
  expect(seen.toSorted()).toEqual(['/held/1', '/held/2', '/later'])
})

test('lanes do not wait for one another', async () => {
  const api = await serving((request, response) => void (request.url === '/slow' || response.end('quick')))
  const slow = Array.from({ length: 20 }, () => failure(api.request({ ...get, path: '/slow', timeoutMs: 60_000 })))
  expect((await api.request({ ...patch, timeoutMs: 30_000 })).body).toBe('quick')
  await api.close()
  await Promise.all(slow)
})

test('a request in progress when the connection is closed fails', async () => {
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>()
  const api = await serving(() => arrive())
  const error = failure(api.request({ ...patch, timeoutMs: 60_000 }))
  await arrived
  await api.close()
  expect((await error).mayHaveArrived).toBe(true)
})

const watch: ApiRequest = { ...get, lane: 'watch', query: { watch: 'true' } }

const collect = async (
  lines: AsyncIterable<WatchLine>,
  each: (line: string) => void = () => {},
): Promise<{ lines: string[]; error: unknown }> => {
  const collected: string[] = []
  try {
    for await (const line of wholeLines(lines)) {
      collected.push(line)
      each(line)
    }
    return { lines: collected, error: undefined }
  } catch (error) {
    return { lines: collected, error }
  }
}

test('a watch yields whole lines, however they are cut into parts', async () => {
  const sent = ['{"name":"Größe ✓ 𝄞"}', '{"b":2}', `{"long":"${'x'.repeat(100_000)}"}`]
  const bytes = Buffer.from(`${sent.join('\n')}\n`)
  const api = await serving((_request, response) => {
    // Byte by byte, and each in a packet of its own: else the parts would be read together.
    const next = (at: number): void => {
      if (at === 40) response.end(bytes.subarray(at))
      else response.write(bytes.subarray(at, at + 1), () => setTimeout(next, 1, at + 1))
    }
    next(0)
  })
  expect(await collect(api.watch(watch, new AbortController().signal))).toEqual({ lines: sent, error: undefined })
})

test('a watch that is cut yields its whole lines, drops the broken one and throws', async () => {
  const api = await serving((request, response) => {
    response.write('{"a":1}\n{"b":', () => setTimeout(() => request.socket.destroy(), 20))
  })
  const { lines, error } = await collect(api.watch(watch, new AbortController().signal))
  expect(lines).toEqual(['{"a":1}'])
  expect(error).toBeInstanceOf(Unreachable)
})

test('a watch outlives the time within which its head must come', async () => {
  const api = await serving((_request, response) => {
    response.write('1\n')
    setTimeout(() => response.end('2\n'), 1500)
  })
  const { lines } = await collect(api.watch({ ...watch, timeoutMs: 1000 }, new AbortController().signal))
  expect(lines).toEqual(['1', '2'])
})

test('a watch whose head does not come in time throws', async () => {
  const api = await serving(() => {})
  const { error } = await collect(api.watch({ ...watch, timeoutMs: 50 }, new AbortController().signal))
  expect(error).toBeInstanceOf(Unreachable)
  expect(String(error)).toContain('no answer within 50 ms')
})

test('a watch that the server answers with an error is refused with its status', async () => {
  const api = await serving((_request, response) => response.writeHead(410).end('{"message":"too old"}'))
  const { error } = await collect(api.watch(watch, new AbortController().signal))
  expect(error).toBeInstanceOf(WatchRefused)
  expect(error).toMatchObject({ status: 410 })
  expect(String(error)).toContain('too old')
})

test('a watch ends at once and without an error when it is stopped, and the server sees it', async () => {
  const closed = Promise.withResolvers<void>()
  const api = await serving((_request, response) => {
    response.on('close', () => closed.resolve()).write('1\n')
  })
  const stop = new AbortController()
  expect(await collect(api.watch(watch, stop.signal), () => stop.abort())).toEqual({ lines: ['1'], error: undefined })
  await closed.promise
})

test('a watch that its reader leaves is closed', async () => {
  const closed = Promise.withResolvers<void>()
  const api = await serving((_request, response) => {
    response.on('close', () => closed.resolve()).write('1\n2\n')
  })
  const { error } = await collect(api.watch(watch, new AbortController().signal), () => {
    throw new RangeError('seen enough')
  })
  expect(error).toBeInstanceOf(RangeError)
  await closed.promise
})
