import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, it, onTestFinished } from 'vitest'
import { nodeOutbound } from '../../src/environment/outbound.ts'
import { Unreachable } from '../../src/environment/unreachable.ts'

/** Returns the URL of a server that answers so, until the test ends. */
const serving = async (answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> => {
  const server = createServer(answer).listen(0, '127.0.0.1')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  await once(server, 'listening')
  const address: AddressInfo | string | null = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return `http://127.0.0.1:${address.port}`
}

const limits = { maxBytes: 100, timeoutMs: 5000 }

it('sends method, path, query, headers and body, and answers what came back', async () => {
  const url = await serving((request, response) => {
    void text(request).then(body => {
      response.writeHead(201, { 'x-seen': String(request.headers['x-mine']) })
      response.end(`${request.method} ${request.url} ${body}`)
    })
  })
  const sent = { method: 'POST', url: `${url}/a/b?c=d%20e`, headers: { 'x-mine': 'yes' }, body: 'hello' } as const
  expect(await nodeOutbound({ ...limits, ...sent })).toMatchObject({
    status: 201,
    headers: { 'x-seen': 'yes' },
    body: 'POST /a/b?c=d%20e hello',
  })
})

it('answers no body where there is more of it than was asked for', async () => {
  const url = await serving((_, response) => void response.end('x'.repeat(101)))
  expect(await nodeOutbound({ ...limits, method: 'GET', url })).toMatchObject({ status: 200, body: '' })
})

it.each([
  ['says nothing in time', async () => await serving(() => undefined)],
  ['is not there', async () => 'http://127.0.0.1:1'],
  ['has not a valid address', async () => 'http://[/'],
])('is Unreachable where the other side %s, and its message has no path', async (_what, address) => {
  const asked = nodeOutbound({
    maxBytes: 100,
    timeoutMs: 200,
    method: 'GET',
    url: `${await address()}/secret?of=mine`,
  })
  const error = await asked.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(Unreachable)
  expect(String(error)).not.toContain('secret')
})
