import { createServer, type RequestListener } from 'node:http'
import { expect, it, onTestFinished } from 'vitest'
import { cliConnection } from '../../cli/cluster/connection.ts'
import { post } from '../../cli/post.ts'
import { listen } from '../../src/environment/listen.ts'

/** Starts an API server, and a connection to it whose requests may wait for `timeoutMs`. */
const startWith = async (timeoutMs: number, handle: RequestListener) => {
  const server = createServer(handle)
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${await listen(server, { host: '127.0.0.1', port: 0 })}`
  return cliConnection({ server: url, options: {}, headers: () => Promise.resolve({}), timeoutMs }, {})
}

const asking = { method: 'GET', path: '/api', lane: 'bulk', timeoutMs: 60_000 } as const

it('an answer that stops in its middle is not waited for without end', async () => {
  const api = await startWith(1000, (_request, response) => void response.writeHead(200).write('{'))
  await expect(api.request(asking)).rejects.toThrow(': no complete answer within 1 s')
}, 10_000)

it('a watch may be silent', async () => {
  const api = await startWith(1000, (_request, response) => {
    response.writeHead(200).write('one\n')
    // oxlint-disable-next-line eslint/no-restricted-globals -- the limit of a socket is a time that passes for real
    setTimeout(() => response.end('two\n'), 3000)
  })
  const lines: unknown[] = []
  for await (const line of api.watch({ ...asking, lane: 'watch' }, new AbortController().signal)) lines.push(line)
  expect(lines).toEqual(['one', 'two'])
})

it('a watch that is stopped before it has its answer ends at once', async () => {
  const stop = new AbortController()
  const api = await startWith(60_000, (_request, response) => {
    stop.abort()
    response.writeHead(200).write('one\n')
  })
  const lines: unknown[] = []
  for await (const line of api.watch({ ...asking, lane: 'watch' }, stop.signal)) lines.push(line)
  expect(lines).toEqual([])
})

it('an interrupted post is no endpoint that cannot be reached', async () => {
  const stop = new AbortController()
  const server = createServer(() => stop.abort())
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${await listen(server, { host: '127.0.0.1', port: 0 })}/v1/trigger/x`
  await expect(post(url, {}, '', {}, { signal: stop.signal })).rejects.toMatchObject({
    exitCode: 130,
    message: 'interrupted: the post arrived once or not at all',
  })
})
