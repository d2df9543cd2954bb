import { createServer, type RequestListener } from 'node:http'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { ApiRequest, WatchLine } from '../../src/environment/environment.ts'
import { LargeAnswers, largeFromBytes, maxAnswerBytes } from '../../src/environment/large-answers.ts'
import { listen } from '../../src/environment/listen.ts'
import { connect, type NodeConnection } from '../../src/environment/node.ts'

const get: ApiRequest = { method: 'GET', path: '/x', lane: 'bulk', timeoutMs: 20_000 }

const serving = async (handler: RequestListener, large?: LargeAnswers): Promise<NodeConnection> => {
  const server = createServer(handler)
  const port = await listen(server, { host: '127.0.0.1', port: 0 })
  const api = connect({ server: `http://127.0.0.1:${port}` }, large)
  onTestFinished(async () => {
    await api.close()
    server.closeAllConnections()
    server.close()
  })
  return api
}

const objectOf = (bytes: number): string =>
  JSON.stringify({ metadata: { annotations: { fat: 'x'.repeat(bytes) }, name: 'web' } })

describe('an answer', () => {
  it('is whole up to the bound, and is not held past it', async () => {
    const api = await serving((_request, response) => response.end('x'.repeat(1000)))
    expect(await api.request({ ...get, maxBytes: 1000 })).toMatchObject({ status: 200, body: 'x'.repeat(1000) })
    const cut = await api.request({ ...get, maxBytes: 999 })
    expect(cut).toMatchObject({ status: 200, body: '', tooLarge: new Map() })
  })

  it('is bounded where the request says nothing', async () => {
    const api = await serving((_request, response) => response.end(objectOf(maxAnswerBytes)))
    expect((await api.request(get)).tooLarge?.size).toBe(0)
  })

  it('past the bound is no longer read, though it has no end', async () => {
    const closed = Promise.withResolvers<void>()
    const api = await serving((_request, response) => {
      response.once('close', () => closed.resolve())
      const more = (): void => void (response.destroyed || response.write('x'.repeat(65_536), more))
      more()
    })
    expect((await api.request(get)).body).toBe('')
    await closed.promise
  })

  it('past the bound is read to its end for what is asked of it', async () => {
    const api = await serving((_request, response) => response.end(objectOf(5_000_000)))
    const { body, tooLarge } = await api.request({ ...get, pick: ['metadata.name', 'metadata.fat'] })
    expect([body, tooLarge]).toEqual(['', new Map([['metadata.name', 'web']])])
  })

  it('that is large waits for a place, and small ones do not', async () => {
    const large = new LargeAnswers(maxAnswerBytes)
    const giveBack = await large.take(1)
    const api = await serving(
      ({ url }, response) => response.end(url === '/small' ? 'small' : 'x'.repeat(largeFromBytes * 4)),
      large,
    )
    const order: string[] = []
    const waiting = api.request(get).then(({ body }) => order.push(`large ${body.length}`))
    await expect.poll(() => large.waiting).toBe(1)
    order.push((await api.request({ ...get, path: '/small' })).body)
    giveBack()
    await waiting
    expect(order).toEqual(['small', `large ${largeFromBytes * 4}`])
  })

  it('gives its place back, also when the request fails, takes too long or is too large', async () => {
    const large = new LargeAnswers(maxAnswerBytes)
    const api = await serving(({ url }, response) => {
      if (url === '/cut') response.write('x'.repeat(largeFromBytes * 2), () => response.destroy())
      else if (url === '/slow') response.write('x'.repeat(largeFromBytes * 2))
      else response.end('x'.repeat(url === '/fat' ? maxAnswerBytes * 2 : largeFromBytes * 2))
    }, large)
    for (let round = 0; round < 3; round += 1) {
      await expect(api.request({ ...get, path: '/cut' })).rejects.toThrow('GET /cut')
      await expect(api.request({ ...get, path: '/slow', timeoutMs: 300 })).rejects.toThrow('no answer within 300 ms')
      expect((await api.request({ ...get, path: '/fat' })).tooLarge).toBeDefined()
      expect((await api.request(get)).body).toHaveLength(largeFromBytes * 2)
    }
    await expect.poll(() => large.free).toBe(maxAnswerBytes)
  })
})

describe('a watch', () => {
  const collect = async (api: NodeConnection, request: Partial<ApiRequest> = {}): Promise<WatchLine[]> => {
    const lines: WatchLine[] = []
    const watch = { ...get, lane: 'watch', ...request } as const
    for await (const line of api.watch(watch, new AbortController().signal)) lines.push(line)
    return lines
  }

  it('picks what is asked of a line that is too long, and goes on with the next', async () => {
    const api = await serving((_request, response) => response.end(`{"a":1}\n${objectOf(4_000_000)}\n{"b":2}\n`))
    const lines = await collect(api, { pick: ['metadata.name'] })
    expect(lines).toEqual(['{"a":1}', new Map([['metadata.name', 'web']]), '{"b":2}'])
  })

  it('waits for a place for a large line, and gives it back', async () => {
    const large = new LargeAnswers(maxAnswerBytes)
    const text = objectOf(largeFromBytes * 3)
    const api = await serving((_request, response) => response.end(`${text}\n`.repeat(5)), large)
    const giveBack = await large.take(1)
    const lines = collect(api)
    await expect.poll(() => large.waiting).toBe(1)
    giveBack()
    expect(await lines).toEqual(Array(5).fill(text))
    expect(large.free).toBe(maxAnswerBytes)
  })
})
