import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, it } from 'vitest'
import { parseJson, stringAt } from '../../src/api/json.ts'
import { wholeLines } from '../support/lines.ts'
import { connectInProcess } from '../../apiserver/connection.ts'
import { serveHttp, type Serving } from '../../apiserver/http.ts'
import type { ApiRequest } from '../../src/environment/environment.ts'
import { settle } from '../support/clock.ts'
import { ask, configMap, configMaps } from './ask.ts'

const watching: ApiRequest = {
  method: 'GET',
  path: configMaps,
  query: { timeoutSeconds: '5' },
  lane: 'watch',
  timeoutMs: 1000,
}

describe('over HTTP', () => {
  let serving: Serving | undefined
  afterEach(() => serving?.close())

  const serve = async () => {
    const asked = ask()
    serving = await serveHttp(asked.server, { port: 0 })
    return { ...asked, url: serving.url, serving }
  }

  it('requests are answered, with their query, headers and body', async () => {
    const { url } = await serve()
    const created = await fetch(`${url}${configMaps}?dryRun=All`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(configMap('a', { text: 'é' })),
    })
    expect([created.status, created.headers.get('content-type')]).toEqual([201, 'application/json'])
    expect(await created.json()).toMatchObject({ data: { text: 'é' } })
    expect((await fetch(`${url}${configMaps}/a`)).status).toBe(404)
  })

  it('a watch is sent line by line, and ends when the server closes', async () => {
    const { url, post, serving } = await serve()
    const response = await fetch(`${url}${configMaps}?watch=1`)
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    post(configMaps, configMap('a'))
    const { value = '' } = (await reader?.read()) ?? {}
    expect(value.endsWith('\n')).toBe(true)
    expect(stringAt(parseJson(value), 'object', 'metadata', 'name')).toBe('a')
    await serving.close()
    await expect(reader?.read()).rejects.toThrow('terminated')
  })

  it('a watch that is refused is answered like any request', async () => {
    const { url } = await serve()
    const response = await fetch(`${url}${configMaps}?watch=1&labelSelector=a===b`)
    expect(response.status).toBe(400)
    await response.body?.cancel()
  })

  it('a body that is too large is refused with 413', async () => {
    const { url } = await serve()
    const response = await fetch(`${url}${configMaps}`, { method: 'POST', body: 'x'.repeat(4 * 1024 * 1024) })
    expect(response.status).toBe(413)
  })

  /** Returns a request with a head of one's own, as no fetch makes it. */
  const answered = async (url: string, ...head: readonly string[]): Promise<string> => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.end(`GET ${configMaps} HTTP/1.1\r\n${head.join('\r\n')}\r\nConnection: close\r\n\r\n`)
    return (await text(socket)).split('\r\n')[0] ?? ''
  }

  it('a page of another site reaches nothing, under a name of its own or of the server', async () => {
    const { url } = await serve()
    const { host, port } = new URL(url)
    for (const known of [host, `localhost:${port}`, `LOCALHOST:${port}`]) {
      expect([known, await answered(url, `Host: ${known}`)]).toEqual([known, 'HTTP/1.1 200 OK'])
    }
    for (const other of [
      'evil.example.com',
      `evil.example.com:${port}`,
      '127.0.0.1:1',
      `127.0.0.1.example.com:${port}`,
    ]) {
      expect([other, await answered(url, `Host: ${other}`)]).toEqual([other, 'HTTP/1.1 421 Misdirected Request'])
    }
    expect(await answered(url, `Host: ${host}`, 'Host: evil.example.com')).toMatch(/ 4\d\d /)
    expect(await answered(url, `Host: ${host}`, 'Origin: http://evil.example.com')).toBe('HTTP/1.1 403 Forbidden')
    expect(await answered(url, `Host: ${host}`, 'Origin: null')).toBe('HTTP/1.1 403 Forbidden')
  })

  it('a port that is taken is an error', async () => {
    const { serving, server } = await serve()
    await expect(serveHttp(server, { port: Number(new URL(serving.url).port) })).rejects.toThrow(
      'another program uses port',
    )
  })
})

describe('in the same process', () => {
  it('requests are answered', async () => {
    const api = connectInProcess(ask().server)
    const body = JSON.stringify(configMap('a'))
    const { status } = await api.request({ method: 'POST', path: configMaps, body, lane: 'bulk', timeoutMs: 1000 })
    expect(status).toBe(201)
  })

  it('a watch yields lines until it is stopped', async () => {
    const { server, post, clock } = ask()
    const stop = new AbortController()
    const names: (string | undefined)[] = []
    const reading = (async () => {
      for await (const line of wholeLines(connectInProcess(server).watch(watching, stop.signal))) {
        names.push(stringAt(parseJson(line), 'object', 'metadata', 'name'))
      }
    })()
    await settle()
    post(configMaps, configMap('a'))
    await settle()
    post(configMaps, configMap('b'))
    await settle()
    stop.abort()
    await reading
    post(configMaps, configMap('c'))
    expect(names).toEqual(['a', 'b'])
    expect(clock.pending).toBe(0)
  })

  it('a watch ends when its time is over', async () => {
    const { server, clock } = ask()
    const reading = (async () => {
      for await (const _ of connectInProcess(server).watch(watching, new AbortController().signal)) void _
      return 'ended'
    })()
    await settle()
    await clock.advance(5000)
    expect(await reading).toBe('ended')
  })

  it('a watch that is refused throws with its status', async () => {
    const query = { labelSelector: 'a===b' }
    const lines = connectInProcess(ask().server).watch({ ...watching, query }, new AbortController().signal)
    await expect(lines[Symbol.asyncIterator]().next()).rejects.toMatchObject({ name: 'WatchRefused', status: 400 })
  })
})
